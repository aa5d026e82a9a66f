# SPDX-License-Identifier: BSD-3-Clause-Clear
"""JPEG, WebP and AVIF as Pillow encodes them: 8-bit RGB and grey."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image as PillowImage
from PIL import features

from refsw.ctc.anchors.anchor import Versions, call
from refsw.ctc.codec import Decoded, Encoded, Format
from refsw.types import Image


class _Pillow(ABC):
    """What the three have in common. form: Pillow's name of the format; feature: of the library, in Pillow's list."""

    form = ""
    feature = ""
    library = ""
    depths = (8,)
    setting_name = "quality"

    @abstractmethod
    def keywords(self) -> dict[str, Any]:
        """Arguments of PIL.Image.save."""

    def missing(self) -> str | None:
        """Pillow's wheels have all three; a Pillow built elsewhere need not."""
        return None if features.check(self.feature) else f"this Pillow was built without {self.library}"

    def versions(self) -> Versions:
        """Of the library and of Pillow."""
        key = {"jpg": "libjpeg_turbo"}.get(self.feature, self.feature)
        return (self.library, features.version(key) or "unknown"), ("Pillow", features.version("pil") or "unknown")

    def arguments(self) -> str:
        """The call of PIL.Image.save."""
        return call("PIL.Image.save", {"format": self.form, **self.keywords()})

    def encode(self, image: Image, setting: float) -> Encoded:
        """The whole file; quality in whole numbers, but of WebP."""
        samples = image.samples[:, :, 0] if image.channels == 1 else image.samples
        quality = setting if self.form == "WEBP" else int(setting)
        out = io.BytesIO()
        PillowImage.fromarray(samples).save(out, self.form, quality=quality, **self.keywords())
        return Encoded(out.getvalue())

    def decode(self, data: bytes, like: Format) -> Decoded:
        """8-bit samples, RGB or grey."""
        return Decoded(pillow_picture(data, like.channels))


def pillow_picture(data: bytes, channels: int) -> Image:
    """What Pillow reads from a file."""
    with PillowImage.open(io.BytesIO(data)) as picture:
        samples = np.asarray(picture.convert("L" if channels == 1 else "RGB"), dtype=np.uint8)
    return Image(samples.reshape(*samples.shape[:2], channels))


@dataclass(frozen=True)
class JpegSettings(_Pillow):
    """JPEG by libjpeg-turbo."""

    subsampling: str = "4:2:0"
    optimise: bool = True
    progressive: bool = False

    form, feature, library = "JPEG", "jpg", "libjpeg-turbo"

    def keywords(self) -> dict[str, Any]:
        """Optimised Huffman tables; a progressive file has them in any case."""
        return {"subsampling": self.subsampling, "optimize": self.optimise, "progressive": self.progressive}


@dataclass(frozen=True)
class WebpSettings(_Pillow):
    """Lossy WebP by libwebp, always 4:2:0."""

    method: int = 6

    form, feature, library = "WEBP", "webp", "libwebp"

    def keywords(self) -> dict[str, Any]:
        """method: effort, 0..6."""
        return {"method": self.method}


@dataclass(frozen=True)
class AvifSettings(_Pillow):
    """AVIF by libavif and libaom; tune "" leaves the library's default. Nothing may depend on threads: there is one."""

    subsampling: str = "4:4:4"
    speed: int = 6
    tune: str = "psnr"
    threads: int = 1

    form, feature, library = "AVIF", "avif", "libavif"

    def keywords(self) -> dict[str, Any]:
        """speed: of libaom, 0 (slowest) to 10."""
        return {
            "codec": "aom",
            "subsampling": self.subsampling,
            "speed": self.speed,
            "max_threads": self.threads,
            "advanced": {"tune": self.tune} if self.tune else {},
        }

    def decode(self, data: bytes, like: Format) -> Decoded:
        """8-bit samples. Pillow has a switch of its own for the decoder's threads, by default all there are."""
        from PIL import AvifImagePlugin

        AvifImagePlugin.DEFAULT_MAX_THREADS = self.threads
        return super().decode(data, like)

    def versions(self) -> Versions:
        """libavif's own version says nothing about the encoder that it was built with."""
        from PIL import _avif

        return (*super().versions(), ("AV1 codecs", _avif.codec_versions()))
