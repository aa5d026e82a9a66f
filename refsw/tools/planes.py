# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What post-filters share: edges, strips of rows, the range of a plane sample. Integers; inputs stay as they are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from refsw.colour import plane_range
from refsw.tools.tool import Plane

ROWS = 64
"""Rows that are filtered at a time, so that what a filter makes on the way stays in the processor's cache."""


def padded(planes: Plane, reach: int) -> Plane:
    """int32 [P, H, W] -> [P, H + 2 reach, W + 2 reach]; (9.11.1) beyond the edge the sample at the edge is repeated."""
    return np.pad(planes, ((0, 0), (reach, reach), (reach, reach)), mode="edge")


def strips(planes: Plane, reach: int, rows: int = ROWS) -> Iterator[tuple[slice, Plane]]:
    """Strips of rows of [P, H, W], each with `reach` samples around: [P, rows + 2 reach, W + 2 reach]."""
    height = planes.shape[1]
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        seen = planes[:, max(0, top - reach) : bottom + reach]
        above, below = max(0, reach - top), max(0, bottom + reach - height)
        yield slice(top, bottom), np.pad(seen, ((0, 0), (above, below), (reach, reach)), mode="edge")


def clipped(plane: Plane, bit_depth: int) -> Plane:
    """(9.4.3) To the range of a plane sample."""
    return plane.clip(0, plane_range(bit_depth))


def filtered(branch: str | None, planes: int) -> tuple[tuple[bool, bool], ...]:
    """Whether luma and chroma are filtered: each way that an encoder may take; branch: "luma", "chroma", "both"."""
    if planes == 1:
        return ((True, False),)
    ways = {"luma": (True, False), "chroma": (False, True), "both": (True, True)}
    return tuple(ways.values()) if branch is None else (ways[branch],)
