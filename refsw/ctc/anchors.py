# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Anchor codecs: what Pillow encodes in memory, with settings that are written down.

name          codec and settings                                    quality values for about 0.08..1.8 bpp
jpeg          baseline JPEG 4:2:0, optimised Huffman tables         3..84
webp          WebP lossy (4:2:0), method 6                          0..88
avif          AVIF 4:4:4, libaom speed 6, tune=psnr                 4..78
avif-default  AVIF 4:4:4, libaom speed 6, the library's own tune    4..78

`avif` is the PSNR anchor, `avif-default` the MS-SSIM anchor: each tune loses by the other's metric. The file is
counted whole, headers included. Both AVIF anchors use one thread, since libaom's output must not depend on it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image as PillowImage
from PIL import features

from refsw.errors import ImageError, UnsupportedError, UsageError
from refsw.types import Image


@dataclass(frozen=True)
class JpegSettings:
    """JPEG by libjpeg-turbo."""

    subsampling: str = "4:2:0"
    optimise: bool = True
    progressive: bool = False

    def encode(self, picture: PillowImage.Image, quality: int) -> bytes:
        """The whole file; quality 1..95."""
        out = io.BytesIO()
        picture.save(
            out,
            "JPEG",
            quality=quality,
            subsampling=self.subsampling,
            optimize=self.optimise,
            progressive=self.progressive,
        )
        return out.getvalue()


@dataclass(frozen=True)
class WebpSettings:
    """Lossy WebP by libwebp, always 4:2:0."""

    method: int = 6

    def encode(self, picture: PillowImage.Image, quality: int) -> bytes:
        """The whole file; quality 0..100."""
        out = io.BytesIO()
        picture.save(out, "WEBP", quality=quality, method=self.method)
        return out.getvalue()


@dataclass(frozen=True)
class AvifSettings:
    """AVIF by libavif and libaom; tune "" leaves the library's default."""

    subsampling: str = "4:4:4"
    speed: int = 6
    tune: str = "psnr"
    max_threads: int = 1

    def encode(self, picture: PillowImage.Image, quality: int) -> bytes:
        """The whole file; quality 0..100."""
        out = io.BytesIO()
        picture.save(
            out,
            "AVIF",
            quality=quality,
            codec="aom",
            subsampling=self.subsampling,
            speed=self.speed,
            max_threads=self.max_threads,
            advanced={"tune": self.tune} if self.tune else {},
        )
        return out.getvalue()


@dataclass(frozen=True)
class Anchor:
    """One anchor codec: its settings and the qualities at which its curve is measured."""

    name: str
    settings: JpegSettings | WebpSettings | AvifSettings
    qualities: tuple[int, ...]

    def encode(self, image: Image, quality: int) -> bytes:
        """The whole file of an 8-bit picture."""
        return self.settings.encode(_to_pillow(image), quality)

    def decode(self, data: bytes, channels: int = 3) -> Image:
        """Back to 8-bit samples, RGB or (channels = 1) grey."""
        with PillowImage.open(io.BytesIO(data)) as picture:
            samples = np.asarray(picture.convert("L" if channels == 1 else "RGB"), dtype=np.uint8)
        return Image(samples.reshape(*samples.shape[:2], channels))


_AVIF_QUALITIES = (4, 11, 18, 26, 34, 42, 50, 58, 67, 78)

ANCHORS = (
    Anchor("jpeg", JpegSettings(), (3, 5, 8, 12, 18, 28, 40, 58, 74, 84)),
    Anchor("webp", WebpSettings(), (0, 2, 6, 12, 22, 38, 56, 72, 82, 88)),
    Anchor("avif", AvifSettings(), _AVIF_QUALITIES),
    Anchor("avif-default", AvifSettings(tune=""), _AVIF_QUALITIES),
)


def anchor(name: str) -> Anchor:
    """The anchor of that name; UsageError for an unknown one, UnsupportedError where Pillow lacks the codec."""
    for candidate in ANCHORS:
        if candidate.name == name:
            module = {"jpeg": "jpg", "webp": "webp"}.get(name, "avif")
            if not features.check(module):
                raise UnsupportedError(f"anchor {name}: this Pillow was built without {module}")
            return candidate
    raise UsageError(f"unknown anchor {name!r}: expected one of {', '.join(a.name for a in ANCHORS)}")


def library_versions() -> tuple[tuple[str, str], ...]:
    """(library, version) of everything an anchor's bytes depend on; "absent" where Pillow lacks it."""
    codecs = (("libjpeg-turbo", "libjpeg_turbo"), ("libwebp", "webp"), ("libavif", "avif"))
    found = [("Pillow", features.version("pil"))] + [(name, features.version(key)) for name, key in codecs]
    if features.check("avif"):
        from PIL import _avif  # libavif's own version says nothing about the encoder that it was built with

        found.append(("AV1 codecs", _avif.codec_versions()))
    return tuple((name, version or "absent") for name, version in found)


def _to_pillow(image: Image) -> PillowImage.Image:
    if image.bit_depth != 8:
        raise ImageError(f"anchors encode 8-bit pictures, not {image.bit_depth} bits")
    return PillowImage.fromarray(image.samples[:, :, 0] if image.channels == 1 else image.samples)
