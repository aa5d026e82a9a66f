# SPDX-License-Identifier: BSD-3-Clause-Clear
"""JPEG as well as it can be encoded: mozjpeg's trellis quantisation and scans, which come with libvips' wheel."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from refsw.ctc.anchors.anchor import Versions, call
from refsw.ctc.anchors.pillow import pillow_picture
from refsw.ctc.codec import Decoded, Encoded, Format
from refsw.types import Image

WHEEL = "pyvips-binary"  # names mozjpeg's version nowhere: the wheel's own stands for it


@dataclass(frozen=True)
class MozjpegSettings:
    """mozjpeg by libvips. quant_table 3: of ImageMagick, what mozjpeg's own program takes by default."""

    subsample: bool = True
    quant_table: int = 3

    depths = (8,)
    setting_name = "quality"

    def keywords(self) -> dict[str, Any]:
        """Arguments of pyvips.Image.jpegsave_buffer."""
        return {
            "subsample_mode": "on" if self.subsample else "off",
            "optimize_coding": True,
            "interlace": True,
            "trellis_quant": True,
            "overshoot_deringing": True,
            "optimize_scans": True,
            "quant_table": self.quant_table,
            "keep": "none",
        }

    def missing(self) -> str | None:
        """libvips of a system is built with libjpeg-turbo, which would ignore all this in silence: only the wheel."""
        try:
            version(WHEEL)
            import pyvips  # noqa: F401
        except (ImportError, OSError, PackageNotFoundError):
            return f"needs mozjpeg, which comes with: pip install 'pyvips[binary]' ({WHEEL})"
        return None

    def versions(self) -> Versions:
        """Of libvips and of the wheel that brings mozjpeg."""
        import pyvips

        vips = ".".join(str(pyvips.version(part)) for part in range(3))
        return ("mozjpeg of " + WHEEL, version(WHEEL)), ("libvips", vips), ("pyvips", version("pyvips"))

    def arguments(self) -> str:
        """The call."""
        return call("pyvips.Image.jpegsave_buffer", self.keywords())

    def encode(self, image: Image, setting: float) -> Encoded:
        """The whole file; quality 1..100."""
        import pyvips

        space = "b-w" if image.channels == 1 else "srgb"
        picture = pyvips.Image.new_from_array(np.ascontiguousarray(image.samples), interpretation=space)
        return Encoded(bytes(picture.jpegsave_buffer(Q=int(setting), **self.keywords())))

    def decode(self, data: bytes, like: Format) -> Decoded:
        """8-bit samples, RGB or grey, by libjpeg-turbo."""
        return Decoded(pillow_picture(data, like.channels))
