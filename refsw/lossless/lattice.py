# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.9.3) Nested lattices: the order in which samples of a plane become known, and where their neighbours are.

    seed       every 16th row and column                          step 16
    centre     middle of 4 known samples          o . o           step 16, 8, 4, 2: each level halves the distance
    row        between 2 of a known row           . C .           o known before the level, C centre,
    column     between 2 of a known column        o R o           R row, L column (L . L beside C)

All samples of a pass depend on earlier passes and earlier planes alone, so that a pass is one array operation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.constants import LOSSLESS_LEVELS

IntArray = NDArray[np.int64]
CHUNK = 1 << 16
"""Samples that are predicted at a time; a pass has no order inside, so this changes nothing."""

_FAR_OF_CENTRE = ((-3, -1), (-3, 1), (3, -1), (3, 1), (-1, -3), (1, -3), (-1, 3), (1, 3))
_FAR_OF_EDGE = (
    (-2, -1), (-2, 1), (2, -1), (2, 1), (-1, -2), (1, -2), (-1, 2), (1, 2), (0, -3), (0, 3), (-3, 0), (3, 0),
)  # fmt: skip
_AXES = ((0, -1), (0, 1), (-1, 0), (1, 0))
NEIGHBOURS: dict[str, tuple[tuple[int, int], ...]] = {
    "seed": (),
    "centre": ((-1, -1), (1, 1), (-1, 1), (1, -1), *_FAR_OF_CENTRE),
    "row": (*_AXES, *_FAR_OF_EDGE),
    "column": (*_AXES, *_FAR_OF_EDGE),
}
"""(9.9.4) Rows and columns to each neighbour, unit `reach`. 0 and 1 lie opposite each other, so do 2 and 3."""
KINDS = ("centre", "row", "column")


@dataclass(frozen=True)
class Pass:
    """Samples (top + i step, left + j step); reach: distance to known samples; group: whose parameters it takes."""

    kind: str
    top: int
    left: int
    step: int
    reach: int
    group: int


def passes() -> tuple[Pass, ...]:
    """(9.9.3) All passes of a plane, in order. Groups: 0 seed, then kinds of the coarse, middle and fine levels."""
    found = [Pass("seed", 0, 0, 1 << LOSSLESS_LEVELS, 0, 0)]
    for level in range(LOSSLESS_LEVELS - 1, -1, -1):
        reach, group = 1 << level, 1 + 3 * (2 - min(level, 2))
        found += [
            Pass("centre", reach, reach, 2 * reach, reach, group),
            Pass("row", 0, reach, 2 * reach, reach, group + 1),
            Pass("column", reach, 0, 2 * reach, reach, group + 2),
        ]
    return tuple(found)


GROUPS = 10
GROUP_KIND = ("seed", *KINDS * 3)


@dataclass(frozen=True)
class Sites:
    """Some rows of a pass: where its samples are in a plane, and where their neighbours are.

    rows: int64 [R], columns: int64 [C]; shape: of the plane.
    """

    own: Pass
    rows: IntArray
    columns: IntArray
    shape: tuple[int, int]

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of samples."""
        return len(self.rows), len(self.columns)

    @property
    def count(self) -> int:
        """Samples."""
        return len(self.rows) * len(self.columns)

    def here(self, plane: NDArray[Any]) -> NDArray[Any]:
        """Samples of the pass, [R C]."""
        return plane.take(self.rows, 0).take(self.columns, 1).reshape(-1)

    def put(self, plane: NDArray[Any], values: NDArray[Any]) -> None:
        """Writes samples of the pass."""
        plane[self.rows[:, None], self.columns] = values.reshape(self.size)

    def known(self, plane: NDArray[Any], down: int, across: int) -> NDArray[Any]:
        """(9.9.4) Neighbours among the samples that are known, [R C]; offsets in units of the reach.

        Outside the plane the neighbour on the other side is taken; where that is outside as well, the known sample
        above and to the left.
        """
        rows, row_is = _mirrored(self.rows, down * self.own.reach, self.shape[0])
        columns, column_is = _mirrored(self.columns, across * self.own.reach, self.shape[1])
        found = plane.take(rows, 0).take(columns, 1)
        if not (row_is.all() and column_is.all()):
            first = plane.take(self.rows - self.own.top, 0).take(self.columns - self.own.left, 1)
            found = np.where(row_is[:, None] & column_is, found, first)
        return found.reshape(-1)

    def near(self, plane: NDArray[Any], down: int, across: int) -> NDArray[Any]:
        """(9.9.4) Samples of a plane that is known everywhere, [R C]; offsets in samples, cut at the plane's edge."""
        rows = (self.rows + down).clip(0, self.shape[0] - 1)
        return plane.take(rows, 0).take((self.columns + across).clip(0, self.shape[1] - 1), 1).reshape(-1)


def _mirrored(places: IntArray, by: int, size: int) -> tuple[IntArray, NDArray[np.bool_]]:
    """places + by, or places - by where that is outside 0..size - 1; and whether either is inside."""
    there = places + by
    there = np.where((there < 0) | (there >= size), places - by, there)
    inside = (there >= 0) & (there < size)
    return np.where(inside, there, 0), inside


def sites(own: Pass, shape: tuple[int, int]) -> Iterator[Sites]:
    """Samples of a pass in raster order, some rows at a time; none where the plane has none."""
    rows, columns = np.arange(own.top, shape[0], own.step), np.arange(own.left, shape[1], own.step)
    if not len(columns):
        return
    at_once = max(1, CHUNK // len(columns))
    for start in range(0, len(rows), at_once):
        yield Sites(own, rows[start : start + at_once], columns, shape)
