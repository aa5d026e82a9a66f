# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What an anchor is: a name, a library with every argument fixed but one, and the values of that one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Protocol

from refsw.ctc.codec import Decoded, Encoded, Format
from refsw.ctc.results import CodecRecord
from refsw.errors import ImageError, UnsupportedError
from refsw.types import Image

Versions = tuple[tuple[str, str], ...]


class Settings(Protocol):
    """A library as an anchor calls it: a frozen dataclass, with a field `threads` where the library can use some."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __hash__(self) -> int:
        """Of its fields."""

    @property
    def depths(self) -> tuple[int, ...]:
        """Bit depths of the pictures that it codes."""

    @property
    def setting_name(self) -> str:
        """Its own name of what the rate is met with: "quality", "distance", "qp"."""

    def missing(self) -> str | None:
        """One line saying what to install; None where it can run."""

    def versions(self) -> Versions:
        """(library, version) of everything that the bytes depend on. Only where nothing is missing."""

    def arguments(self) -> str:
        """The call, with all its arguments but the setting."""

    def encode(self, image: Image, setting: float) -> Encoded:
        """The whole file of a picture of one of its depths."""

    def decode(self, data: bytes, like: Format) -> Decoded:
        """The picture."""


@dataclass(frozen=True)
class Anchor:
    """An anchor: a `Codec`, and, since it keeps no state, its own `Session`.

    name: as in configurations and tables; ladder: all settings, lowest rate first; qualities: those of its dense curve.
    """

    name: str
    settings: Settings
    ladder: tuple[float, ...]
    qualities: tuple[float, ...]

    def record(self) -> CodecRecord:
        """Name, versions, exact arguments. Raises UnsupportedError where the library is absent."""
        self._check_present()
        versions = ", ".join(f"{name} {version}" for name, version in self.settings.versions())
        settings = f"{self.settings.arguments()}; {self.settings.setting_name} {self.ladder[0]:g}..{self.ladder[-1]:g}"
        return CodecRecord(self.name, "anchor", versions, settings)

    def setting_text(self, setting: float) -> str:
        """A setting for readers."""
        return f"{self.settings.setting_name} {setting:g}"

    def with_threads(self, threads: int) -> Anchor:
        """On several threads where the library can; its bytes may then be others."""
        if not any(field.name == "threads" for field in fields(self.settings)):
            return self
        return replace(self, settings=replace(self.settings, threads=threads))

    def open(self) -> Anchor:
        """Itself. Raises UnsupportedError where the library is absent."""
        self._check_present()
        return self

    def encode(self, image: Image, setting: float) -> Encoded:
        """The whole file. Raises ImageError for a picture that this codec does not take."""
        if image.ycbcr or image.chroma is not None or image.alpha is not None:
            raise ImageError(f"anchor {self.name} codes RGB and grey pictures without alpha")
        if image.bit_depth not in self.settings.depths:
            depths = " or ".join(map(str, self.settings.depths))
            raise ImageError(f"anchor {self.name} codes pictures of {depths} bits, not {image.bit_depth}")
        return self.settings.encode(image, setting)

    def expected(self, image: Image, setting: float) -> None:
        """None: an anchor does not say what its decoder will show."""

    def decode(self, data: bytes, like: Format) -> Decoded:
        """The picture, from the bytes alone."""
        return self.settings.decode(data, like)

    def _check_present(self) -> None:
        reason = self.settings.missing()
        if reason is not None:
            raise UnsupportedError(f"anchor {self.name}: {reason}")


def call(function: str, keywords: Mapping[str, object]) -> str:
    """A call as text, for the record."""
    return f"{function}({', '.join(f'{name}={value!r}' for name, value in keywords.items())})"
