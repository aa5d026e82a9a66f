# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Coefficients by least squares on the decoder's own planes, kept where they are worth their bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refsw.tools.linear_enhancement.tool import (
    AIDED,
    FRACTION_BITS,
    OWN,
    REACH,
    RINGS,
    LinearEnhancementPayload,
    differences,
)
from refsw.tools.tool import FilterContext

LARGEST = 127  # of either sign
SWEEPS = 12
ONE = 1 << FRACTION_BITS
Matrix = NDArray[np.float64]


@dataclass
class _Normal:
    """Normal equations of one plane: features^T features, features^T error."""

    matrix: Matrix
    vector: Matrix

    @classmethod
    def of(cls, count: int) -> _Normal:
        return cls(np.zeros((count, count)), np.zeros(count))

    def add(self, features: Matrix, error: Matrix) -> None:
        self.matrix += features @ features.T
        self.vector += features @ error

    def gain(self, coefficients: tuple[int, ...]) -> float:
        """By how much the squared error falls."""
        c = np.array(coefficients) / ONE
        return float(2 * c @ self.vector - c @ self.matrix @ c)

    def solved(self, weight: float) -> tuple[int, ...]:
        """Coefficients whose gain is most above their bits, found by changing one after the other."""
        count = len(self.vector)
        ridge = 1e-6 * np.eye(count) * (1 + np.trace(self.matrix) / count)
        exact = np.linalg.solve(self.matrix + ridge, self.vector)
        best = self._descended(np.rint(exact * ONE).clip(-LARGEST, LARGEST).astype(int), weight)
        return max(best, self._descended(np.zeros(count, int), weight), key=lambda c: self._value(c, weight))

    def _value(self, coefficients: tuple[int, ...], weight: float) -> float:
        return weight * self.gain(coefficients) - coded_bits(coefficients)

    def _descended(self, start: NDArray[np.int_], weight: float) -> tuple[int, ...]:
        best = start.copy()
        for _ in range(SWEEPS):
            changed = False
            for index in range(len(best)):
                own, power = int(best[index]), float(self.matrix[index, index])
                slope = float(self.vector[index] - self.matrix[index] @ best / ONE)
                nearest = round(own + ONE * slope / (power + 1e-9))

                def more(c: int, own: int = own, power: float = power, slope: float = slope) -> float:
                    step = (c - own) / ONE
                    return weight * (2 * slope - step * power) * step - coded_bits((c,)) + coded_bits((own,))

                tried = (own, 0, nearest, nearest - 1, nearest + 1, nearest // 2)
                best[index] = max((min(max(c, -LARGEST), LARGEST) for c in tried), key=more)
                changed |= best[index] != own
            if not changed:
                break
        return tuple(int(c) for c in best)


def coded_bits(coefficients: tuple[int, ...]) -> int:
    """(5.1.7) Bits of se(v)."""
    return sum(2 * ((2 * abs(c)) + (c <= 0)).bit_length() - 1 for c in coefficients)


def decide(context: FilterContext) -> LinearEnhancementPayload | None:
    """The branch that pays most; None where none does."""
    planes = 1 if context.header.source_chroma_format_idc == 0 else 3
    counts = (len(RINGS), *((OWN + AIDED,) * (planes - 1)))
    normals = [_Normal.of(count) for count in counts]
    for sight in context.sights(REACH):
        luma = [part.ravel() for part in differences(sight.seen[0], RINGS)]
        for index, normal in enumerate(normals):
            own = [] if index == 0 else [part.ravel() for part in differences(sight.seen[index], RINGS[:OWN])]
            features = np.stack([*own, *(luma[:AIDED] if index else luma)]).astype(np.float64)
            normal.add(features, (sight.source[index] - sight.decoded[index]).ravel().astype(np.float64))
    found = [normal.solved(weight) for normal, weight in zip(normals, context.weight, strict=True)]
    gains = [
        weight * normal.gain(c) - coded_bits(c)
        for normal, c, weight in zip(normals, found, context.weight, strict=True)
    ]
    wanted = _wanted(context.branch, gains)
    if wanted is None:
        return None
    payload = LinearEnhancementPayload(
        luma_enhancement_flag=wanted[0], chroma_enhancement_flag=wanted[1],
        luma_coefficient=found[0] if wanted[0] else (),
        chroma_coefficient=tuple(c for own in found[1:] for c in own) if wanted[1] else (),
    )  # fmt: skip
    fixed = context.bits(payload) - sum(coded_bits(c) for c in (payload.luma_coefficient, payload.chroma_coefficient))
    total = gains[0] * wanted[0] + sum(gains[1:]) * wanted[1] - fixed
    return payload if total > 0 or context.branch is not None else None


def _wanted(branch: str | None, gains: list[float]) -> tuple[bool, bool] | None:
    """Whether luma and chroma are filtered."""
    if branch is not None:
        chroma = branch in ("chroma", "both") and len(gains) == 3
        return branch in ("luma", "both") or not chroma, chroma
    luma, chroma = bool(gains[0] > 0), bool(sum(gains[1:]) > 0)
    return (luma, chroma) if luma or chroma else None
