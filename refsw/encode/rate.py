# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Search of the quality index that meets a target, on real bytes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def search(
    code: Callable[[int], T], size: Callable[[T], int], target: float, tolerance: float, top: int, attempts: int
) -> tuple[int, T]:
    """Quality index 0..top whose size in bytes is nearest to the target.

    Size grows with quality, nearly exponentially: interpolate its logarithm between the nearest sizes below and
    above, and fall back on halving where that stalls. Stops within `tolerance` (relative), after `attempts` codings,
    or when neighbouring indices are on both sides. A target outside the model's range ends at the range's end.
    """
    known: dict[int, float] = {}  # logarithm of the size
    goal = math.log(target)
    index = top // 2
    best, kept = index, code(index)  # only the best is kept: a coding may be large
    known[best] = math.log(size(kept))
    while True:
        if index not in known:
            coded = code(index)
            known[index] = math.log(size(coded))
            if abs(known[index] - goal) < abs(known[best] - goal):
                best, kept = index, coded
            del coded
        reached = known[index]
        below = max((i for i, s in known.items() if s <= goal), default=None)
        above = min((i for i, s in known.items() if s > goal), default=None)
        if abs(math.expm1(reached - goal)) <= tolerance or len(known) >= attempts:
            break
        if below is None:
            following = 0 if above is None else max(0, above - max(1, top // 4))
        elif above is None:
            following = min(top, below + max(1, top // 4))
        else:
            low, high = known[below], known[above]
            share = (goal - low) / (high - low) if len(known) % 4 else 0.5
            following = min(max(below + round(share * (above - below)), below + 1), above - 1)
        if following in known:
            break
        index = following
    return best, kept
