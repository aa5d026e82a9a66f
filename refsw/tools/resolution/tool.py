# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.12) Resolution change: a smaller picture is coded, and its planes are enlarged after post-filters.

    coded planes ─ six taps down columns ─► rounded ─ six taps along rows ─► rounded, clipped ─► displayed planes

    x: 0..2^(d + 4) at bit depth d <= 16, taps: Q7, sum of magnitudes below 2^8: every sum is below 2^30
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from refsw.constants import RESOLUTION_TOOL_ID
from refsw.syntax.geometry import Region
from refsw.syntax.headers import PictureHeader
from refsw.syntax.resolution import Ratio, ResolutionPayload, ratio
from refsw.tools.planes import clipped
from refsw.tools.tool import Cost, Plane

BRANCHES = {"two_thirds": 1, "half": 2}
"""resolution_idc of each mode that forces a decision."""


def along(planes: Plane, own: Ratio, begin: int, coded: int, first: int, last: int) -> Plane:
    """(9.12.2) Rows first..last - 1 of the displayed picture from coded rows, which begin at row `begin` of `coded`.

    int32 [P, h, w] -> int32 [P, last - first, w], not clipped; beyond the picture the row at its edge is repeated.
    """
    taps = len(own.kernels[0])
    low, high = own.before(first) + own.first, own.before(last - 1) + own.first + taps
    rows = planes[:, np.arange(low, high).clip(0, coded - 1) - begin]
    out = np.empty((len(planes), last - first, planes.shape[2]), np.int32)
    for phase, kernel in enumerate(own.kernels):
        start = first + (phase - first) % own.displayed
        if start >= last:
            continue
        place = own.before(start) + own.first - low
        reach = own.coded * ((last - 1 - start) // own.displayed) + 1
        total: Plane = np.full_like(out[:, start - first :: own.displayed], 1 << (own.fraction_bits - 1))
        for index, tap in enumerate(kernel):
            if tap:
                total += np.int32(tap) * rows[:, place + index : place + index + reach : own.coded]
        out[:, start - first :: own.displayed] = total >> own.fraction_bits
    return out


class Resolution:
    """The tool; no state."""

    tool_id = RESOLUTION_TOOL_ID
    name = "resolution"
    summary = "codes the picture at 2/3 or 1/2 of its rows and columns, for low rates"
    clause = "9.12"
    folder = Path(__file__).parent
    structure = "resolution"
    classes: Mapping[str, type[Any]] = MappingProxyType({"resolution": ResolutionPayload})
    branches: tuple[str, ...] = tuple(BRANCHES)
    default = "off"

    def cost(self, planes: int) -> Cost:
        """(B.3) For each luma sample of the coded picture at 1/2: two rows of taps, then four samples, each clipped."""
        taps = len(ratio(BRANCHES["half"]).kernels[0])
        return Cost(planes * (2 * taps + 4 * (taps + 1)), bytes_per_sample=32)

    def enlarge(
        self, planes: Plane, payload: ResolutionPayload, seen: Region, wanted: Region, header: PictureHeader
    ) -> Plane:
        """See ResolutionTool."""
        own = ratio(payload.resolution_idc)
        tall = along(planes, own, seen.top, header.coded_height, wanted.top, wanted.bottom)
        turned = np.ascontiguousarray(tall.swapaxes(1, 2))
        wide = along(turned, own, seen.left, header.coded_width, wanted.left, wanted.right)
        return clipped(np.ascontiguousarray(wide.swapaxes(1, 2)), header.bit_depth)


RESOLUTION = Resolution()
