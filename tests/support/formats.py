# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Pictures of every format that the codec takes."""

from __future__ import annotations

import numpy as np

from refsw.types import Chroma, Cicp, ContentLight, Image, MasteringDisplay, Metadata
from tests.support.tiny import samples

KINDS = ("grey", "rgb", "ycbcr", "4:2:2", "4:2:0")
FULL_METADATA = Metadata(
    icc=b"profile", exif=b"II*\0" + bytes(8), xmp=b"<x/>", cicp=Cicp(9, 16, 9, False),
    mastering_display=MasteringDisplay((34000, 16000, 13250, 34500, 7500, 3000), (15635, 16450), 10_000_000, 50),
    content_light=ContentLight(1000, 400), user_data=(b"first", b""),
)  # fmt: skip


def formatted(
    seed: int,
    height: int,
    width: int,
    bit_depth: int,
    kind: str,
    alpha: bool = False,
    metadata: Metadata = FULL_METADATA,
) -> Image:
    """A picture of one of KINDS; alpha is a mask of transparent and opaque halves with a soft row."""
    dtype = np.uint8 if bit_depth == 8 else np.uint16
    wide = samples(seed, height, width).astype(np.int64)
    top = 2**bit_depth - 1
    planes = (wide * top // 255).astype(dtype)
    mask = None
    if alpha:
        mask = np.zeros((height, width), dtype)
        mask[height // 2 :, width // 3 :] = top
        mask[height // 3] = top // 3
    if kind in ("grey", "rgb", "ycbcr"):
        own = np.ascontiguousarray(planes[:, :, :1] if kind == "grey" else planes)
        return Image(own, bit_depth, kind == "ycbcr", None, mask, metadata)
    rows = int(kind == "4:2:0")
    small = np.ascontiguousarray(planes[:: 1 + rows, ::2, 1:].transpose(2, 0, 1))
    return Image(np.ascontiguousarray(planes[:, :, :1]), bit_depth, True, Chroma(small, rows, 1), mask, metadata)
