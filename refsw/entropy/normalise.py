# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(B.3.2) From weights to frequencies, in integers alone."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from fractions import Fraction


def normalise(weights: Sequence[int], total: int) -> list[int]:
    """(B.3.2) Frequencies that sum to `total`, each >= 1, as near to the weights as integers can be.

    weights: ints >= 0 of any size, not all 0; total: int >= len(weights).
    Apportionment by odd divisors (Webster), from the rounded-down shares: a missing unit goes to the entry with
    the largest weight / (2 f + 1), a unit too many comes from the entry f > 1 with the smallest
    weight / (2 f - 1); among equals, the entry with the lowest index. Raises ValueError on other arguments.
    """
    mass = sum(weights)
    if mass <= 0 or min(weights) < 0 or total < len(weights):
        raise ValueError(f"{len(weights)} weights of sum {mass} cannot become frequencies >= 1 of sum {total}")
    frequencies = [max(1, weight * total // mass) for weight in weights]
    step = 1 if sum(frequencies) < total else -1
    heap = [
        (-step * Fraction(w, 2 * f + step), k)
        for k, (w, f) in enumerate(zip(weights, frequencies, strict=True))
        if step > 0 or f > 1
    ]
    heapq.heapify(heap)
    for _ in range(abs(total - sum(frequencies))):
        k = heapq.heappop(heap)[1]
        frequencies[k] += step
        if step > 0 or frequencies[k] > 1:
            heapq.heappush(heap, (-step * Fraction(weights[k], 2 * frequencies[k] + step), k))
    return frequencies
