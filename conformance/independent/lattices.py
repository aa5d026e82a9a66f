# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.9.3, 9.9.4) Passes over nested lattices, and where the neighbours of a sample stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conformance.independent.layers import Tensor

Distance = tuple[int, int]
SEED_STEP = 16  # 9.9.3: 2^lossless_levels
GROUPS = 10  # 9.9.2
REACHES = ((8, 1), (4, 1), (2, 4), (1, 7))
"""(9.9.3) Reach s, and the first of its three groups."""
CENTRE: Sequence[Distance] = (
    (-1, -1), (1, 1), (-1, 1), (1, -1), (-3, -1), (-3, 1), (3, -1), (3, 1), (-1, -3), (1, -3), (-1, 3), (1, 3),
)  # fmt: skip
ROW_AND_COLUMN: Sequence[Distance] = (
    (0, -1), (0, 1), (-1, 0), (1, 0), (-2, -1), (-2, 1), (2, -1), (2, 1), (-1, -2), (1, -2), (-1, 2), (1, 2), (0, -3),
    (0, 3), (-3, 0), (3, 0),
)  # fmt: skip


@dataclass(frozen=True)
class Pass:
    """Samples at rows top + step i and columns left + step j; distances are in units of `reach`."""

    group: int
    top: int
    left: int
    step: int
    reach: int
    distances: Sequence[Distance]


@dataclass(frozen=True)
class Places:
    """Rows and columns of the samples of a pass, [a, 1] and [1, b]; of their neighbours, [n, a, b] each."""

    rows: Tensor
    columns: Tensor
    neighbour_rows: Tensor
    neighbour_columns: Tensor

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of samples."""
        return self.rows.shape[0], self.columns.shape[1]


def passes() -> list[Pass]:
    """(9.9.3) All passes, in their order."""
    found = [Pass(0, 0, 0, SEED_STEP, SEED_STEP, ())]
    for s, first in REACHES:
        found.append(Pass(first, s, s, 2 * s, s, CENTRE))
        found.append(Pass(first + 1, 0, s, 2 * s, s, ROW_AND_COLUMN))
        found.append(Pass(first + 2, s, 0, 2 * s, s, ROW_AND_COLUMN))
    return found


def neighbours(group: int) -> int:
    """Neighbours of a sample in a group."""
    return next(len(own.distances) for own in passes() if own.group == group)


def places(own: Pass, height: int, width: int) -> Places:
    """(9.9.4) Of the samples of a pass in a plane, and of their neighbours."""
    rows, columns = np.arange(own.top, height, own.step)[:, None], np.arange(own.left, width, own.step)[None, :]
    shape = len(own.distances), rows.shape[0], columns.shape[1]
    neighbour_rows, neighbour_columns = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    corner_row, corner_column = rows - rows % (2 * own.reach), columns - columns % (2 * own.reach)
    for i, (down, right) in enumerate(own.distances):
        row, row_inside = _mirrored(rows, down * own.reach, height)
        column, column_inside = _mirrored(columns, right * own.reach, width)
        both = row_inside & column_inside
        neighbour_rows[i] = np.where(both, row, corner_row)
        neighbour_columns[i] = np.where(both, column, corner_column)
    return Places(rows, columns, neighbour_rows, neighbour_columns)


def _mirrored(at: Tensor, distance: int, length: int) -> tuple[Tensor, NDArray[np.bool_]]:
    """Positions at a distance, or at the opposite one; and whether they are inside."""
    there = at + distance
    there = np.where((there < 0) | (there >= length), at - distance, there)
    return there, (there >= 0) & (there < length)
