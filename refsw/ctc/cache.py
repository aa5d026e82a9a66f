# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What has been measured, on disk by content: small files, each whole or absent, so that a run may end at any moment.

    codings/ab/KEY.json     a picture coded for a target: Coding
    streams/ab/SHA256       its codestream
    values/ab/KEY.json      one metric of one decoded picture: Value
    pictures/ab/SHA256.png  a decoded picture that a report has shown

Nothing is ever changed in place, and a file that does not read is as good as absent. Deleting any of it is safe.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from refsw.ctc.document import canonical, from_plain, parse
from refsw.ctc.results import Timing
from refsw.errors import InputError, OutputError
from refsw.io.files import reason, write_bytes

T = TypeVar("T")


@dataclass(frozen=True)
class Coding:
    """A picture coded for a target.

    setting: as text; estimated_bits: by the encoder, None if it makes no estimate; cpu_seconds: of the whole search;
    codec, samples: name and H * W, for estimates of what a run will take.
    """

    codec: str
    samples: int
    setting: str
    stream_bytes: int
    stream_sha256: str
    picture_sha256: str
    estimated_bits: float | None
    timing: tuple[Timing, ...]
    cpu_seconds: float


@dataclass(frozen=True)
class Value:
    """A metric of a decoded picture; samples: H * W."""

    metric: str
    samples: int
    value: float
    cpu_seconds: float


@dataclass(frozen=True)
class Cache:
    """A cache in a folder, which need not exist yet."""

    folder: Path

    def coding(self, key: str) -> Coding | None:
        """The coding under a key."""
        return self._read(Coding, self._path("codings", key, ".json"))

    def value(self, key: str) -> Value | None:
        """The value under a key."""
        return self._read(Value, self._path("values", key, ".json"))

    def stream(self, sha256: str) -> bytes | None:
        """The codestream of that digest."""
        try:
            data = self._path("streams", sha256).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == sha256 else None

    def picture(self, sha256: str) -> Path:
        """Where the decoded picture of that digest is or goes."""
        return self._path("pictures", sha256, ".png")

    def put_coding(self, key: str, coding: Coding, stream: bytes) -> None:
        """Keeps a coding and its codestream, the codestream first. Raises OutputError."""
        self._write(self._path("streams", coding.stream_sha256), stream)
        self._write(self._path("codings", key, ".json"), canonical(coding))

    def put_value(self, key: str, value: Value) -> None:
        """Keeps a value. Raises OutputError."""
        self._write(self._path("values", key, ".json"), canonical(value))

    def codings(self) -> Iterator[Coding]:
        """All codings of all runs."""
        yield from self._all(Coding, "codings")

    def values(self) -> Iterator[Value]:
        """All values of all runs."""
        yield from self._all(Value, "values")

    def _all(self, kind: type[T], room: str) -> Iterator[T]:
        for path in sorted((self.folder / room).glob("*/*.json")):
            found = self._read(kind, path)
            if found is not None:
                yield found

    def _path(self, room: str, key: str, suffix: str = "") -> Path:
        return self.folder / room / key[:2] / f"{key}{suffix}"

    def _read(self, kind: type[T], path: Path) -> T | None:
        try:
            return cast(T, from_plain(kind, parse(path.read_bytes(), str(path)), str(path)))
        except (OSError, InputError):  # absent, or cut off by a machine that lost its power: measured again
            return None

    def _write(self, path: Path, data: bytes) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{path.parent}: cannot be made: {reason(error)}") from None
        write_bytes(path, data)
