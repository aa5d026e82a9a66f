# SPDX-License-Identifier: BSD-3-Clause-Clear
"""HEIC: HEVC intra by x265 in libheif, both in the wheel of pillow-heif."""

from __future__ import annotations

import io
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from refsw.ctc.anchors.anchor import Versions, call
from refsw.ctc.codec import Decoded, Encoded, Format
from refsw.types import Image

WORD = 16  # bits in which pillow-heif takes and gives deep samples, the greatest first


@dataclass(frozen=True)
class HeicSettings:
    """HEIC, Y Cb Cr by BT.601, full range, as libheif writes it. One thread and no wavefronts, which cost bits."""

    chroma: int = 420
    preset: str = "slow"
    tune: str = "psnr"
    threads: int = 1

    depths = (8, 10, 12)
    setting_name = "quality"

    def keywords(self) -> dict[str, Any]:
        """Arguments of pillow_heif.HeifFile.save. tile_size 0: one picture, no grid."""
        parameters = {"preset": self.preset, "tune": self.tune}
        pools, wavefronts = ("none", "0") if self.threads == 1 else (str(self.threads), "1")
        parameters |= {"x265:pools": pools, "x265:frame-threads": "1", "x265:wpp": wavefronts}
        return {"chroma": self.chroma, "tile_size": 0, "enc_params": parameters}

    def missing(self) -> str | None:
        """A build of pillow-heif without x265 can only decode."""
        line = "needs libheif with x265, which come with: pip install pillow-heif"
        try:
            import pillow_heif
        except ImportError:
            return line
        return None if "x265" in pillow_heif.libheif_info()["encoders"] else line

    def versions(self) -> Versions:
        """Of x265, libheif and pillow-heif; libde265 decodes."""
        import pillow_heif

        info = pillow_heif.libheif_info()
        return (
            ("x265", str(info["encoders"]["x265"])),
            ("libheif", str(info["libheif"])),
            ("pillow-heif", version("pillow-heif")),
            ("libde265", str(info["decoders"].get("libde265", "absent"))),
        )

    def arguments(self) -> str:
        """The call."""
        return call("pillow_heif.HeifFile.save", self.keywords())

    def encode(self, image: Image, setting: float) -> Encoded:
        """The whole file; quality 0..100."""
        import pillow_heif

        mode, samples = ("L" if image.channels == 1 else "RGB"), image.samples
        if image.bit_depth > 8:
            mode, samples = f"{mode};16", np.left_shift(samples, WORD - image.bit_depth, dtype=np.uint16)
        picture = pillow_heif.from_bytes(mode, (image.width, image.height), np.ascontiguousarray(samples).tobytes())
        out = io.BytesIO()
        picture.save(out, quality=int(setting), bit_depth=image.bit_depth, **self.keywords())
        return Encoded(out.getvalue())

    def decode(self, data: bytes, like: Format) -> Decoded:
        """The samples. pillow-heif has a switch of its own for the decoder's threads."""
        import pillow_heif

        pillow_heif.options.DECODE_THREADS = self.threads
        picture = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
        samples = np.asarray(picture)
        samples = samples.reshape(*samples.shape[:2], -1)[:, :, : like.channels]
        if like.bit_depth > 8:
            samples = np.right_shift(samples, WORD - like.bit_depth, dtype=np.uint16)
        return Decoded(Image(np.ascontiguousarray(samples), like.bit_depth))
