# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What the engine asks of a codec, be it refsw or an anchor.

    codec.open() ─► Session ─ encode(image, setting) ─► Encoded ─ decode(data, like) ─► Decoded

A codec is a small frozen value that can be pickled; a session is what a worker process keeps warm for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from refsw.ctc.results import CodecRecord
from refsw.types import Image


@dataclass(frozen=True)
class Encoded:
    """A codestream.

    data: the whole file; estimated_bits: the encoder's own estimate of the file, None if it makes none;
    seconds, peak_bytes: where the codec knows better than the engine's clock, which is around the call.
    """

    data: bytes
    estimated_bits: float | None = None
    seconds: float | None = None
    peak_bytes: int | None = None


@dataclass(frozen=True)
class Decoded:
    """A decoded picture. seconds, peak_bytes: as in `Encoded`."""

    image: Image
    seconds: float | None = None
    peak_bytes: int | None = None


@dataclass(frozen=True)
class Format:
    """What a decoded picture must be like: 1 or 3 channels, 8..16 bits."""

    channels: int
    bit_depth: int


class Session(Protocol):
    """A codec that is ready to work, on one thread and deterministic: equal arguments, equal bytes."""

    def encode(self, image: Image, setting: float) -> Encoded:
        """The whole file at a setting. Raises RefswError where the codec cannot."""

    def expected(self, image: Image, setting: float) -> Image | None:
        """What the encoder says a decoder will show, None where it does not say; asked once for each point."""

    def decode(self, data: bytes, like: Format) -> Decoded:
        """The picture, from the bytes alone. Raises RefswError."""


class Codec(Protocol):
    """A codec under test, on one thread. Equality and hash are by value."""

    def __hash__(self) -> int:
        """Of a frozen dataclass."""

    @property
    def ladder(self) -> tuple[float, ...]:
        """All settings that a rate may be met with, from the lowest rate to the highest."""

    def record(self) -> CodecRecord:
        """Name, version of everything that the bytes depend on, exact arguments. Raises UnsupportedError if absent."""

    def setting_text(self, setting: float) -> str:
        """A setting for readers: "quality 40", "distance 1.9"."""

    def with_threads(self, threads: int) -> Codec:
        """The same codec on several threads, where it can use them: for times alone, its bytes may be others."""

    def open(self) -> Session:
        """A session. Raises UnsupportedError, with what to install, where the codec is not here."""
