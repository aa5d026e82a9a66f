# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.4.3) Gaussian rows made by the text of 8.4.3.1 to 8.4.3.3 alone are the numbers of tables/gaussian.json."""

from __future__ import annotations

import heapq
import json
from fractions import Fraction
from functools import cache
from math import isqrt
from pathlib import Path

import pytest

F = 512
T = 14
TABLE = Path(__file__).resolve().parents[3] / "spec" / "tables" / "gaussian.json"


@cache
def integral(t: int) -> int:
    """G(t)"""
    t = min(t, 12 << F)
    q = t * t >> F
    p, n, total = t, 0, 0
    while p > 0:
        total += -(p // (2 * n + 1)) if n % 2 else p // (2 * n + 1)
        n += 1
        p = (p * q >> F) // n
    return total


def root(value: int, degree: int) -> int:
    """The largest integer r with r**degree <= value."""
    low, high = 0, 1 << (value.bit_length() // degree + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**degree <= value else (low, middle)
    return low


def s(k: int) -> int:
    """S(k)"""
    return root(((11 ** max(0, 63 - k) * 6400**k) << (63 * F)) // 11 ** max(0, k - 63), 63)


def made(k: int) -> tuple[int, list[int]]:
    """minimum and frequencies of row k."""
    around = (k - min(5, k >> 1), k, k + min(3, k >> 2))
    d = [isqrt(2 << 2 * F) * s(i) for i in around]
    whole = 3 * integral(12 << F)

    def half(j: int) -> int:
        return sum(integral(((50 * j) << 3 * F) // one) for one in d)

    masses = [2 * half(1)]
    while 4 * (mass := half(2 * len(masses) + 1) - half(2 * len(masses) - 1)) << T >= 2 * whole:
        masses.append(mass)
    bound = len(masses) - 1
    weights = [*masses[:0:-1], *masses, 2 * (whole - half(2 * bound + 1))]
    n, total = len(weights), sum(weights)
    f = [max(1, w * ((1 << T) - n) // total) for w in weights]
    heap = [(-Fraction(w, 2 * f[i] + 1), i) for i, w in enumerate(weights)]
    heapq.heapify(heap)
    for _ in range((1 << T) - sum(f)):
        i = heapq.heappop(heap)[1]
        f[i] += 1
        heapq.heappush(heap, (-Fraction(weights[i], 2 * f[i] + 1), i))
    for v in range(1, bound + 1):
        less = min(f[bound - v], f[bound + v])
        f[bound] += f[bound - v] + f[bound + v] - 2 * less
        f[bound - v] = f[bound + v] = less
    return -bound, f


@pytest.mark.parametrize("k", [0, 1, 7, 20, 33, 61])
def test_rows(k: int) -> None:
    row = json.loads(TABLE.read_text(encoding="utf-8"))["rows"][k]
    assert made(k) == (row["minimum"], row["frequencies"])


@pytest.mark.slow
def test_all_rows() -> None:
    rows = json.loads(TABLE.read_text(encoding="utf-8"))["rows"]
    assert [made(k) for k in range(64)] == [(row["minimum"], row["frequencies"]) for row in rows]
