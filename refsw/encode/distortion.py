# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) What an error of a plane is worth: the trade between bits and samples that decisions are made by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from refsw.colour import BT709, CUSTOM, colour_transform, plane_range
from refsw.constants import QUALITY_ANCHOR_BITS
from refsw.decode.model import Model
from refsw.syntax.headers import PictureHeader


def sample_matrix(header: PictureHeader, planes: int) -> NDArray[np.float64]:
    """float64 [channels, P]: errors of displayed samples from errors of planes, both in units of the full range."""
    if header.colour_transform_idc == BT709:
        transform = colour_transform(BT709)
        return np.asarray(transform.inverse / (1 << transform.precision_bits), np.float64)
    if header.colour_transform_idc == CUSTOM:
        return np.array(header.colour_matrix, np.float64).reshape(3, 3) / 8192
    return np.eye(planes)


def plane_weights(model: Model, header: PictureHeader, fidelity: float) -> NDArray[np.float64]:
    """float64 [P]: bits that one squared plane step (9.4.3) is worth, where errors of planes are independent.

    fidelity: weight of the distortion, relative to the one that the model was trained with at this quality.
    """
    planes = 1 if header.source_chroma_format_idc == 0 else 3
    matrix = sample_matrix(header, planes)
    position = header.components[0].quality_index / ((model.config.quality_anchors - 1) << QUALITY_ANCHOR_BITS)
    step = 255 / plane_range(header.bit_depth)
    worth = fidelity * float(model.config.lagrangian(position)) * step**2 / len(matrix)
    return np.asarray(worth * np.square(matrix).sum(0), np.float64)
