# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.11.3) The bank of coefficients: spec/tables/switched_enhancement.json, which training made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from refsw.colour import plane_range
from refsw.resources import spec_dir

Ring = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Term:
    """Ring of neighbours in a plane, each minus the sample of that plane at the centre.

    source: 0 luma, 1 the chroma plane itself, 2 the other chroma plane; limit: of each difference at 8 bits, 0: none.
    """

    source: int
    ring: Ring
    limit: int

    def largest(self, bit_depth: int) -> int:
        """Bound of the magnitude of the sum of differences."""
        return len(self.ring) * (self.limit << (bit_depth - 8) if self.limit else plane_range(bit_depth))


@dataclass(frozen=True)
class Bank:
    """coefficients: int16 [2, Q, classes, terms] of luma, then of Cb and Cr: int16 [Q, classes, terms] each, Q12.

    thresholds: of activity, ascending; terms: of luma, then of a chroma plane.
    """

    thresholds: tuple[int, ...]
    terms: tuple[tuple[Term, ...], tuple[Term, ...]]
    fraction_bits: int
    coefficients: tuple[NDArray[np.int16], ...]

    def of_plane(self, plane: int) -> tuple[Term, ...]:
        """Terms of a plane."""
        return self.terms[min(plane, 1)]

    def at(self, plane: int, quality_index: int) -> NDArray[np.int64]:
        """(9.11.3.7) Coefficients of a plane at a quality, int64 [classes, terms]."""
        own = self.coefficients[plane].astype(np.int64)
        step = QUALITY_STEP
        low = min(quality_index // step, len(own) - 2)
        share = quality_index - step * low
        found: NDArray[np.int64] = (own[low] * (step - share) + own[low + 1] * share + step // 2) // step
        return found

    def fits_int32(self, plane: int, bit_depth: int) -> bool:
        """Whether no partial sum of a sample can leave int32, at any quality: from the coefficients alone."""
        largest = np.array([term.largest(bit_depth) for term in self.of_plane(plane)], np.int64)
        bound = int((np.abs(self.coefficients[plane].astype(np.int64)) @ largest).max())
        return bound + 2 * len(largest) + (1 << self.fraction_bits) < 2**31


QUALITY_STEP = 512
"""Steps of the quality index between two sets of coefficients."""


@cache
def bank() -> Bank:
    """The table, as frozen objects."""
    table = json.loads((spec_dir() / "tables" / "switched_enhancement.json").read_text(encoding="utf-8"))
    rings = [tuple((int(y), int(x)) for y, x in ring) for ring in table["rings"]]
    terms = tuple(
        tuple(Term(int(source), rings[ring], int(limit)) for source, ring, limit in table[kind])
        for kind in ("luma", "chroma")
    )
    coefficients = tuple(np.array(own, np.int16) for own in table["coefficients"])
    for own in coefficients:
        own.setflags(write=False)
    return Bank(tuple(table["thresholds"]), (terms[0], terms[1]), int(table["fraction_bits"]), coefficients)
