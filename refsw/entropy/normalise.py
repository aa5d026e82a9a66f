# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.4.3.3) From weights to frequencies, in integers alone."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from fractions import Fraction


def normalise(weights: Sequence[int], total: int) -> list[int]:
    """(8.4.3.3) Frequencies that sum to `total`, each >= 1, as near to the weights as integers can be.

    weights: ints >= 0 of any size, not all 0; total: int >= len(weights).
    Apportionment by odd divisors (Webster): from f = 1 everywhere, each unit goes to the entry with the largest
    weight / (2 f + 1), the first among equals. Raises ValueError on other arguments.
    """
    mass, free = sum(weights), total - len(weights)
    if mass <= 0 or min(weights) < 0 or free < 0:
        raise ValueError(f"{len(weights)} weights of sum {mass} cannot become frequencies >= 1 of sum {total}")
    # Every entry gets at least its share of the free units, rounded down: begin there, to save most of the steps.
    frequencies = [max(1, weight * free // mass) for weight in weights]
    heap = [(-Fraction(w, 2 * f + 1), k) for k, (w, f) in enumerate(zip(weights, frequencies, strict=True))]
    heapq.heapify(heap)
    for _ in range(total - sum(frequencies)):
        k = heap[0][1]
        frequencies[k] += 1
        heapq.heapreplace(heap, (-Fraction(weights[k], 2 * frequencies[k] + 1), k))
    return frequencies
