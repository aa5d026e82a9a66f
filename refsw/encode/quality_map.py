# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Quality maps: which blocks of 16x16 luma samples deserve finer steps, and how the map is coded.

    mask, rectangles, activity ─► weight 0..1 of each block ─► steps ─► QualityMap

A step is a factor of 1.106 on the quantiser, 0.88 dB: 8 steps inside a mask are about 7 dB, less what a quantiser that
is already fine cannot give.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from refsw.constants import LATENT_BLOCK, QUALITY_MAP_LIMIT
from refsw.decode.quality_map import differences
from refsw.entropy import rans
from refsw.entropy.cost import choose_lanes, code_length
from refsw.entropy.tables import gaussian_tables
from refsw.errors import UsageError
from refsw.syntax.geometry import Region
from refsw.syntax.headers import PictureHeader, QualityMap
from refsw.types import Image

Weights = NDArray[np.float64]
"""How much each block counts, [h, w], 0..1."""
QUIET = 6.0
"""Mean absolute difference of neighbours, in 8-bit steps, of a block of usual activity."""


def mask_weights(mask: NDArray[np.floating]) -> Weights:
    """Mean of each block of a mask [H, W], 0..1."""
    height, width = mask.shape
    rows, columns = -height % LATENT_BLOCK, -width % LATENT_BLOCK
    padded = np.pad(mask.astype(np.float64), ((0, rows), (0, columns)), mode="edge")
    h, w = padded.shape[0] // LATENT_BLOCK, padded.shape[1] // LATENT_BLOCK
    return padded.reshape(h, LATENT_BLOCK, w, LATENT_BLOCK).mean((1, 3))


def rectangle_weights(height: int, width: int, rectangles: Sequence[Region]) -> Weights:
    """1 inside the rectangles, given in samples. Raises UsageError where one lies outside the picture."""
    mask = np.zeros((height, width))
    for own in rectangles:
        if not (0 <= own.top < own.bottom <= height and 0 <= own.left < own.right <= width):
            raise UsageError(f"rectangle {own.left},{own.top},{own.right - own.left},{own.bottom - own.top}: "
                             f"outside the picture of {width} x {height}")  # fmt: skip
        mask[own.top : own.bottom, own.left : own.right] = 1
    return mask_weights(mask)


def activity_weights(image: Image) -> Weights:
    """Greater where neighbouring samples are alike: errors are seen there, and bits are cheap."""
    luma = image.samples.astype(np.float64).mean(2) / (1 << (image.bit_depth - 8))
    down, across = np.abs(np.diff(luma, axis=0, append=luma[-1:])), np.abs(np.diff(luma, axis=1, append=luma[:, -1:]))
    activity = mask_weights((down + across) / 2)
    return 1 / (1 + activity / QUIET)


def steps_of(weights: Weights, strength: float) -> NDArray[np.int8]:
    """Steps whose mean is about 0, so that the rate changes little: `strength` between weights of 0 and 1.

    strength: -32..32; negative: coarser where the weight is greater.
    """
    steps = np.rint(strength * (weights - weights.mean()))
    return steps.clip(-QUALITY_MAP_LIMIT, QUALITY_MAP_LIMIT).astype(np.int8)


def check_steps(steps: NDArray[np.int8], header: PictureHeader) -> None:
    """Raises UsageError where a map does not fit the picture."""
    if steps.dtype != np.int8 or steps.shape != header.latent_size or np.abs(steps).max() > QUALITY_MAP_LIMIT:
        raise UsageError(f"quality map of {steps.dtype} {steps.shape}: expected int8 {header.latent_size}, "
                         f"-{QUALITY_MAP_LIMIT}..{QUALITY_MAP_LIMIT}")  # fmt: skip


def quality_map(steps: NDArray[np.int8]) -> QualityMap:
    """The segment, with the table row that codes it best."""
    values, tables = differences(steps), gaussian_tables()
    lengths = [code_length(values, np.full(len(values), row, np.int32), tables) for row in range(tables.rows)]
    row = int(np.argmin(lengths))
    lanes = choose_lanes(lengths[row], len(values))
    data = rans.encode(values, np.full(len(values), row, np.int32), tables, lanes)
    return QualityMap(quality_map_data=bytes([row, lanes.bit_length() - 1]) + data)
