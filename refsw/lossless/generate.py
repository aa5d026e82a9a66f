# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.9.7) Integer-only generator of the residual rows, as `refsw.entropy.gaussian` is of the Gaussian rows.

A row is a mixture of normal distributions of the standard deviations s, 2 s, 4 s and 8 s about a mean between two
integers. The rows are shipped as data; this module exists so that anyone can make them again.
"""

from __future__ import annotations

from functools import cache
from math import isqrt

from refsw.entropy.gaussian import FAR, FRACTION, half_integral, root
from refsw.entropy.normalise import normalise

TOTAL_BITS = 13
KEEP = 2  # a value has an entry of its own where probability * 2**T >= 1 / KEEP
SCALES = 28  # s = 2**(scale / 4 - 3)
PHASED = 20  # scales below this one have a row for each phase; wider ones hardly differ
PHASES = 3  # mean = (2 phase + 1) / 12
SHAPES = ((32, 0, 0, 0), (24, 8, 0, 0), (20, 8, 3, 1), (12, 9, 6, 5))  # weights of s, 2 s, 4 s, 8 s, in 1/32
UNIFORM_BITS = 8  # rows of 1..8 equally likely bits follow


@cache
def _sigma(scale: int) -> int:
    """F-bit fixed-point standard deviation, rounded down."""
    return root(1 << (scale + 4 * FRACTION), 4) >> 3


@cache
def _mass(scale: int, edge: int) -> int:
    """Normal mass between 0 and edge / 12, edge >= 0."""
    divisor = 12 * isqrt(2 << (2 * FRACTION)) * _sigma(scale)
    return half_integral((edge << (3 * FRACTION)) // divisor)


def _below(scale: int, shape: int, edge: int) -> int:
    """Mass of the mixture between 0 and edge / 12, with the sign of the edge."""
    total = sum(w * _mass(scale + 4 * k, abs(edge)) for k, w in enumerate(SHAPES[shape]) if w)
    return total if edge >= 0 else -total


def residual_row(scale: int, shape: int, phase: int | None) -> tuple[int, list[int]]:
    """(9.9.7) (minimum, frequencies) of a row; phase None has its mean at 0. The last frequency is that of escape."""
    shift = 0 if phase is None else 2 * phase + 1
    whole = 32 * half_integral(FAR)

    def weight(value: int) -> int:
        return _below(scale, shape, 12 * value + 6 - shift) - _below(scale, shape, 12 * value - 6 - shift)

    def kept(value: int) -> bool:
        return (weight(value) * KEEP << TOTAL_BITS) >= 2 * whole

    high, low = 0, 0
    while kept(high + 1):
        high += 1
    while kept(low - 1):
        low -= 1
    weights = [weight(v) for v in range(low, high + 1)]
    return low, normalise([*weights, max(0, 2 * whole - sum(weights))], 1 << TOTAL_BITS)


def residual_rows() -> list[tuple[int, list[int]]]:
    """(9.9.7) All rows in order: scale, shape, phase; then the uniform ones."""
    rows = []
    for scale in range(SCALES):
        for shape in range(len(SHAPES)):
            phases: list[int | None] = [*range(PHASES)] if scale < PHASED else [None]
            rows += [residual_row(scale, shape, phase) for phase in phases]
    for bits in range(1, UNIFORM_BITS + 1):
        rows.append((0, normalise([1] * (1 << bits) + [0], 1 << TOTAL_BITS)))
    return rows
