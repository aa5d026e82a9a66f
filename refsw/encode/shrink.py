# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Planes of a smaller picture (9.12): Lanczos with three lobes, as wide as the samples that it averages.

Reads a few rows of the source at a time and holds the small planes: 2 bytes a sample up to 12 bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.colour import plane_range, plane_type
from refsw.encode.analyse import ReadPlanes
from refsw.syntax.geometry import Region
from refsw.syntax.resolution import Ratio
from refsw.types import Planes

LOBES = 3
ROWS = 64
Small = NDArray[np.integer[Any]]


def shrunk(read: ReadPlanes, height: int, width: int, bit_depth: int, own: Ratio) -> Small:
    """Integer planes [P, rows, columns] of a picture of height x width samples; beyond it its edge is repeated."""
    rows, columns = own.coded_side(height), own.coded_side(width)
    parts, top, kind = [], plane_range(bit_depth), plane_type(bit_depth)
    across, weights_across = _taps(0, columns, own)
    across = across.clip(0, width - 1)
    for first in range(0, rows, ROWS):
        last = min(first + ROWS, rows)
        places, weights = _taps(first, last, own)
        low, high = int(places.min()), int(places.max()) + 1
        begin, end = max(0, low), min(height, high)
        source = read(Region(begin, 0, end, width)).samples.astype(np.float32)
        down = _weighted(source, places.clip(0, height - 1) - begin, weights)
        small = _weighted(down.swapaxes(1, 2), across, weights_across).swapaxes(1, 2)
        parts.append(np.rint(small).clip(0, top).astype(kind))
    return np.concatenate(parts, axis=1)


def reading(planes: Small, bit_depth: int) -> ReadPlanes:
    """Rectangles of planes that are there."""

    def read(region: Region) -> Planes:
        part = planes[:, region.top : region.bottom, region.left : region.right]
        return Planes(part.astype(np.int32), bit_depth)

    return read


def _taps(first: int, last: int, own: Ratio) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Source samples and their weights for each small sample, both [last - first, taps]."""
    step = own.displayed / own.coded
    centre = (np.arange(first, last) + 0.5) * step - 0.5
    places = np.floor(centre)[:, None].astype(np.int64) + np.arange(1 - int(LOBES * step), 2 + int(LOBES * step))
    distance = (places - centre[:, None]) / step
    weights = np.where(np.abs(distance) < LOBES, np.sinc(distance) * np.sinc(distance / LOBES), 0)
    return places, (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def _weighted(
    source: NDArray[np.float32], places: NDArray[np.int64], weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """[P, h, w] -> [P, len(places), w]: sums over rows."""
    out = np.zeros((source.shape[0], len(places), source.shape[2]), np.float32)
    for place, weight in zip(places.T, weights.T, strict=True):
        out += weight[:, None] * source[:, place]
    return out
