# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.11.2) Linear enhancement: small symmetric filters whose coefficients the encoder fits to the picture.

    luma    y + sum of c * (neighbour - y)                                      ten rings of neighbours
    chroma  x + sum of c * (neighbour - x) + sum of c * (neighbour of y - y)    five of its own, five of luma

    x: 0..2^(d + 4) at bit depth d, c: Q7, -128..127, at most 28 differences: |sum| <= 28 * 128 * 2^(d + 4) + 64, which
    int32 holds up to d = 15; beyond it int64 is taken
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.spec import document
from refsw.tools.planes import clipped, strips
from refsw.tools.tool import Cost, FilterContext, Place, Plane

_TABLE = document("tables/linear_enhancement.yaml")
Ring = tuple[tuple[int, int], ...]
Wide = NDArray[Any]
"""int32 or int64."""
RINGS: tuple[Ring, ...] = tuple(tuple((int(y), int(x)) for y, x in ring) for ring in _TABLE["rings"])
OWN, AIDED = int(_TABLE["own"]), int(_TABLE["luma"])
FRACTION_BITS = int(_TABLE["fraction_bits"])
INT32_DEPTH = 15
REACH = max(max(abs(y), abs(x)) for ring in RINGS for y, x in ring)


@dataclass(frozen=True, kw_only=True)
class LinearEnhancementPayload:
    """luma_coefficient: 10 or none; chroma_coefficient: 10 of Cb, then 10 of Cr, or none; Q7, -128..127."""

    luma_enhancement_flag: bool
    chroma_enhancement_flag: bool
    luma_coefficient: tuple[int, ...] = ()
    chroma_coefficient: tuple[int, ...] = ()


def differences(plane: Wide, rings: Sequence[Ring]) -> Iterator[Wide]:
    """Integers [h + 2 REACH, w + 2 REACH] -> for each ring the sum of neighbours minus the sample, [h, w]."""
    height, width = (side - 2 * REACH for side in plane.shape)

    def shifted(y: int, x: int) -> Wide:
        return plane[REACH + y : REACH + y + height, REACH + x : REACH + x + width]

    for ring in rings:
        total = shifted(*ring[0]) + shifted(*ring[1])
        for y, x in ring[2:]:
            total += shifted(y, x)
        total -= len(ring) * shifted(0, 0)
        yield total


def _weighted(parts: Iterator[Wide], coefficients: Sequence[int], total: Wide) -> Wide:
    for part, coefficient in zip(parts, coefficients, strict=True):
        if coefficient:
            part *= coefficient
            total += part
    return total


class LinearEnhancement:
    """The tool; no state."""

    tool_id = 2
    name = "linear_enhancement"
    summary = "symmetric filters of luma and chroma with coefficients of the picture; chroma sees luma"
    clause = "9.11.2"
    folder = Path(__file__).parent
    structure = "linear_enhancement"
    classes: Mapping[str, type[Any]] = MappingProxyType({"linear_enhancement": LinearEnhancementPayload})
    branches: tuple[str, ...] = ("luma", "chroma", "both")
    default = "on"
    luma_alone = True

    def reach(self, payload: LinearEnhancementPayload) -> int:
        """See PostFilter."""
        return REACH

    def cost(self, planes: int) -> Cost:
        """(B.3) A product for each ring; additions of neighbours count where no product precedes them; clip."""
        luma = len(RINGS) + sum(map(len, RINGS)) + 2
        chroma = OWN + AIDED + sum(map(len, RINGS[:OWN])) + 2
        aid = sum(map(len, RINGS[:AIDED])) if planes > 1 else 0
        return Cost(luma + (planes - 1) * chroma + aid)

    def apply(self, planes: Plane, payload: LinearEnhancementPayload, place: Place) -> Plane:
        """See PostFilter."""
        out = np.empty_like(planes)
        wide = np.int64 if place.bit_depth > INT32_DEPTH else np.int32
        for rows, strip in strips(planes, REACH):
            own, seen = planes[:, rows], strip.astype(wide, copy=False)
            out[:, rows] = own
            if payload.luma_enhancement_flag:
                total = np.full(own.shape[1:], 1 << (FRACTION_BITS - 1), wide)
                total = _weighted(differences(seen[0], RINGS), payload.luma_coefficient, total)
                out[0, rows] = clipped(own[0] + (total >> FRACTION_BITS), place.bit_depth)
            if payload.chroma_enhancement_flag and len(planes) == 3:
                self._chroma(seen, own, payload, out[:, rows], place)
        return out

    def _chroma(
        self, seen: Wide, own: Plane, payload: LinearEnhancementPayload, out: Plane, place: Place
    ) -> None:  # fmt: skip
        count = OWN + AIDED
        aid = list(differences(seen[0], RINGS[:AIDED]))
        for index in (1, 2):
            coefficients = payload.chroma_coefficient[count * (index - 1) : count * index]
            total = np.full(own.shape[1:], 1 << (FRACTION_BITS - 1), seen.dtype)
            total = _weighted(differences(seen[index], RINGS[:OWN]), coefficients[:OWN], total)
            total = _weighted((part.copy() for part in aid), coefficients[OWN:], total)
            out[index] = clipped(own[index] + (total >> FRACTION_BITS), place.bit_depth)

    def decide(self, context: FilterContext) -> LinearEnhancementPayload | None:
        """See PostFilter."""
        from refsw.tools.linear_enhancement.decide import decide

        return decide(context)


LINEAR_ENHANCEMENT = LinearEnhancement()
