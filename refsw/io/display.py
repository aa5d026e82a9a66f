# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Y, Cb, Cr pictures as RGB, for file formats that hold nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from refsw.errors import UnsupportedError
from refsw.types import Cicp, Image

# K_R and K_B of ISO/IEC 23091-2 for each matrix_coefficients; unspecified is taken as BT.709.
_WEIGHTS = {1: (0.2126, 0.0722), 2: (0.2126, 0.0722), 4: (0.30, 0.11), 5: (0.299, 0.114), 6: (0.299, 0.114),
            7: (0.212, 0.087), 9: (0.2627, 0.0593)}  # fmt: skip


def as_rgb(image: Image) -> Image:
    """The picture as grey or RGB of full range; chroma is repeated. Its CICP then says so. Raises UnsupportedError."""
    if not image.ycbcr:
        return image
    cicp = image.metadata.cicp or Cicp()
    if cicp.matrix_coefficients not in _WEIGHTS:
        raise UnsupportedError(f"matrix_coefficients {cicp.matrix_coefficients}: no conversion to RGB; write .yuv")
    red, blue = _WEIGHTS[cicp.matrix_coefficients]
    top, unit = 2**image.bit_depth - 1, 2 ** (image.bit_depth - 8)
    samples = image.samples.astype(np.float64)
    if image.chroma is not None:
        both = image.chroma.samples.transpose(1, 2, 0).repeat(1 + image.chroma.rows, 0).repeat(2, 1)
        samples = np.concatenate([samples, both[: image.height, : image.width]], 2)
    if cicp.full_range:
        luma, (cb, cr) = samples[:, :, 0] / top, (samples[:, :, c] / top - 0.5 for c in (1, 2))
    else:
        luma, (cb, cr) = (samples[:, :, 0] / unit - 16) / 219, ((samples[:, :, c] / unit - 128) / 224 for c in (1, 2))
    r, b = luma + 2 * (1 - red) * cr, luma + 2 * (1 - blue) * cb
    g = (luma - red * r - blue * b) / (1 - red - blue)
    rgb = (np.dstack([r, g, b]) * top + 0.5).clip(0, top).astype(image.samples.dtype)
    own = None if image.metadata.cicp is None else replace(cicp, matrix_coefficients=0, full_range=True)
    return Image(rgb, image.bit_depth, alpha=image.alpha, metadata=replace(image.metadata, cicp=own))
