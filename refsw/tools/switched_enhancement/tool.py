# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.11.3) Switched enhancement: trained filters that each sample chooses by its surroundings.

    luma ─ gradients ─ 7x7 sums ─► class, 30 of them: 6 activities x 5 directions
                                     │
    neighbours - sample ─ clipped ─► sum of coefficient[class] * difference ─ strength ─► added to the sample

    coefficient: Q12, difference: a plane step, sum: Q12 in int32 where the bank's bound allows, else in int64;
    the correction is rounded to Q6 and multiplied by a strength of the picture in Q3
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.syntax.headers import PictureHeader
from refsw.tools.planes import clipped, strips
from refsw.tools.switched_enhancement.bank import bank
from refsw.tools.switched_enhancement.features import DIRECTIONS, REACH, SIDE, classes, differences
from refsw.tools.tool import Cost, FilterContext, Place, Plane

GROUPS = 3
"""Strengths of a plane: one for each two activities."""
STRENGTH_BITS = 3
CORRECTION_BITS = 6


@dataclass(frozen=True, kw_only=True)
class SwitchedEnhancementPayload:
    """luma_strength: 3 or none; chroma_strength: 3 of Cb, then 3 of Cr, or none; Q3, 0..31."""

    switched_bank_idc: int = 0
    luma_switched_flag: bool
    chroma_switched_flag: bool
    luma_strength: tuple[int, ...] = ()
    chroma_strength: tuple[int, ...] = ()

    def strengths(self, plane: int) -> tuple[int, ...]:
        """Of a plane; none where it is not filtered."""
        return self.luma_strength if plane == 0 else self.chroma_strength[GROUPS * (plane - 1) : GROUPS * plane]


def groups(found: NDArray[np.intp]) -> NDArray[np.intp]:
    """Which strength a class has."""
    return found // (2 * DIRECTIONS)


def correction(seen: Plane, plane: int, found: NDArray[np.intp], header: PictureHeader) -> Plane:
    """(9.11.3.7) int32 [P, h + 8, w + 8] -> what strength 1 adds to a plane, Q6, int32 [h, w]."""
    own, depth = bank(), header.bit_depth
    quality_index = header.components[0 if plane == 0 else -1].quality_index
    kind: Any = np.int32 if own.fits_int32(plane, depth) else np.int64
    tables = own.at(plane, quality_index).T.astype(kind)
    down = own.fraction_bits - CORRECTION_BITS
    total, product = np.full(found.shape, 1 << (down - 1), kind), np.empty(found.shape, kind)
    for table, difference in zip(tables, differences(seen, plane, own.of_plane(plane), depth), strict=True):
        np.take(table, found, out=product, mode="clip")  # found is in range; "clip" alone writes without a copy
        product *= difference
        total += product
    return (total >> down).astype(np.int32)


class SwitchedEnhancement:
    """The tool; no state."""

    tool_id = 1
    name = "switched_enhancement"
    summary = "trained filters, chosen for each sample by activity and direction around it; strengths of the picture"
    clause = "9.11.3"
    folder = Path(__file__).parent
    structure = "switched_enhancement"
    classes: Mapping[str, type[Any]] = MappingProxyType({"switched_enhancement": SwitchedEnhancementPayload})
    branches: tuple[str, ...] = ("luma", "chroma", "both")
    default = "on"
    luma_alone = True

    def reach(self, payload: SwitchedEnhancementPayload) -> int:
        """See PostFilter."""
        return REACH

    def cost(self, planes: int) -> Cost:
        """(B.3) Gradients and their sums, comparisons; differences, clips and products; look-ups; two products each."""
        own = bank()
        macs = 4 * (4 + 2 * (SIDE - 1)) + len(own.thresholds) + 12
        for plane in range(planes):
            terms = own.of_plane(plane)
            macs += sum(len(t.ring) * (3 if t.limit else 2) + 2 for t in terms) + 4
        return Cost(macs, sum(c.size for c in own.coefficients[:planes]), bytes_per_sample=32)

    def apply(self, planes: Plane, payload: SwitchedEnhancementPayload, place: Place) -> Plane:
        """See PostFilter."""
        out, depth = planes.copy(), place.bit_depth
        for rows, seen in strips(planes, REACH):
            found = classes(seen[0], bank().thresholds, depth)
            for plane in range(len(planes)):
                strengths = np.array(payload.strengths(plane), np.int32)
                if not strengths.any():
                    continue
                more = correction(seen, plane, found, place.header) * strengths[groups(found)]
                down = CORRECTION_BITS + STRENGTH_BITS
                out[plane, rows] = clipped(planes[plane, rows] + ((more + (1 << (down - 1))) >> down), depth)
        return out

    def decide(self, context: FilterContext) -> SwitchedEnhancementPayload | None:
        """See PostFilter."""
        from refsw.tools.switched_enhancement.decide import decide

        return decide(context)


SWITCHED_ENHANCEMENT = SwitchedEnhancement()
