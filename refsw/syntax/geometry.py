# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Where regions lie: integer arithmetic that reader, writer and codec share."""

from __future__ import annotations

from dataclasses import dataclass

REGION_UNIT = 64
"""(5.4) Samples per step of the region grid: one sample of z; a test holds it equal to the specification."""


@dataclass(frozen=True)
class Region:
    """A rectangle in luma samples: rows top..bottom - 1, columns left..right - 1."""

    top: int
    left: int
    bottom: int
    right: int


def ceil_div(value: int, divisor: int) -> int:
    """The smallest integer that is not below value / divisor."""
    return -(-value // divisor)


def region_bounds(height: int, width: int, rows: int, columns: int, region_index: int) -> Region:
    """(5.4) Rectangle of a region, raster order; boundaries lie on the 64-sample grid of z.

    rows and columns of regions are at most ceil(height / 64) and ceil(width / 64), so that none is empty.
    """
    row, column = divmod(region_index, columns)
    units_down, units_across = ceil_div(height, REGION_UNIT), ceil_div(width, REGION_UNIT)
    return Region(
        top=REGION_UNIT * (row * units_down // rows),
        left=REGION_UNIT * (column * units_across // columns),
        bottom=min(height, REGION_UNIT * ((row + 1) * units_down // rows)),
        right=min(width, REGION_UNIT * ((column + 1) * units_across // columns)),
    )
