# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) What corrections of a picture are worth, and whole coefficients of them that are worth most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SWEEPS = 12
Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Quadratic:
    """Bits that a picture gains with the sum of c[i] * correction i: 2 c . vector - c . matrix . c.

    matrix: float64 [N, N], symmetric, no eigenvalue below 0; vector: float64 [N].
    """

    matrix: Vector
    vector: Vector

    @classmethod
    def nothing(cls, count: int) -> Quadratic:
        """Of corrections that change nothing."""
        return cls(np.zeros((count, count)), np.zeros(count))

    def __add__(self, other: Quadratic) -> Quadratic:
        return Quadratic(self.matrix + other.matrix, self.vector + other.vector)

    def times(self, factor: float) -> Quadratic:
        """Where each bit counts `factor` times."""
        return Quadratic(factor * self.matrix, factor * self.vector)

    def of(self, chosen: Sequence[int]) -> Quadratic:
        """Of these corrections alone."""
        return Quadratic(self.matrix[np.ix_(chosen, chosen)], self.vector[list(chosen)])

    def gain(self, coefficients: Vector) -> float:
        """In bits."""
        return float(2 * coefficients @ self.vector - coefficients @ self.matrix @ coefficients)

    def best(self, unit: int, lowest: int, highest: int, bits: Callable[[int], int]) -> tuple[tuple[int, ...], float]:
        """Coefficients lowest..highest in steps of 1 / unit, and by how much their gain is above their bits.

        Found by changing one after the other, from the least squares and from 0: a good choice, not always the best.
        """
        count = len(self.vector)
        if not count:
            return (), 0.0
        ridge = 1e-6 * np.eye(count) * (1e-9 + np.diag(self.matrix))
        exact = np.linalg.solve(self.matrix + ridge, self.vector)
        starts = (np.rint(exact * unit).clip(lowest, highest).astype(int), np.zeros(count, int).clip(lowest, highest))
        found = [self._descended(start, unit, lowest, highest, bits) for start in starts]
        values = [self.gain(c / unit) - sum(bits(int(own)) for own in c) for c in found]
        best = int(np.argmax(values))
        return tuple(int(c) for c in found[best]), values[best]

    def _descended(
        self, start: NDArray[np.int_], unit: int, lowest: int, highest: int, bits: Callable[[int], int]
    ) -> NDArray[np.int_]:
        best = start.copy()
        for _ in range(SWEEPS):
            changed = False
            for index in range(len(best)):
                own, power = int(best[index]), float(self.matrix[index, index])
                slope = float(self.vector[index] - self.matrix[index] @ best / unit)
                nearest = round(own + unit * slope / power) if power > 0 else own

                def more(c: int, own: int = own, power: float = power, slope: float = slope) -> float:
                    step = (c - own) / unit
                    return (2 * slope - step * power) * step - bits(c) + bits(own)

                tried = (own, 0, nearest, nearest - 1, nearest + 1, nearest // 2)
                best[index] = max((min(max(c, lowest), highest) for c in tried), key=more)
                changed |= best[index] != own
            if not changed:
                break
        return best
