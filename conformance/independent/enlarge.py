# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.12) Resolution change, from the text: planes of the coded picture to those of the displayed one, in int64."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from conformance.independent.bits import BitReader
from conformance.independent.headers import PictureHeader
from conformance.independent.layers import Tensor, clip

RATIOS: Mapping[int, tuple[int, int]] = {1: (2, 3), 2: (1, 2)}  # 9.12.1: coded, displayed
KERNELS: Mapping[int, tuple[tuple[int, ...], ...]] = {  # spec/tables/resampling.yaml
    1: ((0, -5, 21, 122, -13, 3), (3, -17, 78, 78, -17, 3), (3, -13, 122, 21, -5, 0)),
    2: ((1, -9, 35, 114, -17, 4), (4, -17, 114, 35, -9, 1)),
}
FIRST = -2


@dataclass(frozen=True)
class Resolution:
    """resolution_idc; rows and columns of the displayed picture."""

    idc: int
    height: int
    width: int

    def shown(self, header: PictureHeader) -> PictureHeader:
        """The header with the size of the displayed picture."""
        return replace(header, display_height=self.height, display_width=self.width)

    def enlarged(self, planes: Tensor, bit_depth: int) -> Tensor:
        """(9.12.2) Planes [P, coded_height, coded_width] to [P, height, width]."""
        wide = stretched(stretched(planes, 1, self.height, self.idc), 2, self.width, self.idc)
        return clip(wide, (0, 16 * ((1 << bit_depth) - 1)))


def stretched(planes: Tensor, axis: int, count: int, idc: int) -> Tensor:
    """(9.12.2) `count` samples along an axis, rounded, not clipped; beyond the planes their edge is repeated."""
    b, phase = places(count, *RATIOS[idc])
    kernels, last = np.array(KERNELS[idc]), planes.shape[axis] - 1
    shape = [-1 if i == axis else 1 for i in range(planes.ndim)]
    total = np.zeros((), np.int64)
    for t in range(kernels.shape[1]):
        taps = kernels[phase, t].reshape(shape)
        total = total + taps * planes.take((b + FIRST + t).clip(0, last), axis)
    return rounded(total)


def places(count: int, coded: int, displayed: int) -> tuple[Tensor, Tensor]:
    """(9.12.2) b and the number of the kernel, of each displayed sample."""
    i = np.arange(count)
    return ((2 * i + 1) * coded - displayed) // (2 * displayed), i % displayed


def rounded(total: Tensor) -> Tensor:
    """(9.12.2) Sums of 7 fraction bits to samples."""
    return (total + 64) >> 7


def displayed_side(coded_side: int, idc: int, cut: int) -> int:
    """(9.12.1) Rows or columns of the displayed picture."""
    coded, displayed = RATIOS[idc]
    return coded_side * displayed // coded - cut


def read_resolution(bits: BitReader, header: PictureHeader) -> Resolution:
    """(9.12.1) The payload of a tool block with tool_id 3."""
    idc = bits.within("resolution_idc", "9.12.1.1", bits.u(2), 1, 2)
    rows = bits.within("cut_rows", "9.12.1.2", bits.u(1), 0, int(idc == 2 or header.coded_height % 2 == 0))
    columns = bits.within("cut_columns", "9.12.1.3", bits.u(1), 0, int(idc == 2 or header.coded_width % 2 == 0))
    bits.finish()
    own = Resolution(
        idc, displayed_side(header.coded_height, idc, rows), displayed_side(header.coded_width, idc, columns)
    )
    whole = (header.display_height, header.display_width) == (header.coded_height, header.coded_width)
    bits.demand(whole, "9.12.1.4", "coded samples are cut as well")
    level, size = header.level, f"{own.width}x{own.height}"
    bits.demand(max(own.height, own.width) <= level.max_side, "9.12.1.5", f"sides of {size} are over the level")
    bits.demand(own.height * own.width <= level.max_samples, "9.12.1.5", f"samples of {size} are over the level")
    return own
