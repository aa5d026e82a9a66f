# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Test pictures from integer formulas, so that measured values hold on every machine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray


def _picture(height: int, width: int, channels: int, seed: int = 1) -> NDArray[np.uint8]:
    """Smooth ramps, edges and texture: uint8 [H, W, C]."""
    row, column = np.mgrid[0:height, 0:width]
    planes = []
    for c in range(channels):
        ramp = np.abs((row * 5 + column * (3 + c)) % 320 - 160)
        edge = 40 * (((row // 23) + (column // 31)) % 2)
        texture = (row * 31 + column * 17 + (row * column) % 13 * 5 + seed * 7 + c) % 23
        planes.append(20 + ramp + edge + texture)
    return np.stack(planes, axis=-1).clip(0, 255).astype(np.uint8)


def _damaged(samples: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same picture, coarsely quantised and with a fine pattern added."""
    row, column = np.mgrid[0 : samples.shape[0], 0 : samples.shape[1]]
    pattern = ((row * 5 + column * 3) % 9 - 4)[..., None]
    coarse: NDArray[np.int32] = (samples.astype(np.int32) // 24) * 24 + 12 + pattern
    return coarse.clip(0, 255).astype(np.uint8)


Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]


@pytest.fixture(scope="session")
def picture_pair() -> Callable[[int, int, int], Pair]:
    """(height, width, channels) -> (picture, damaged picture), both uint8 [H, W, C]."""

    def pair(height: int, width: int, channels: int) -> Pair:
        reference = _picture(height, width, channels)
        return reference, _damaged(reference)

    return pair
