# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.4.3) Integer-only generator of the Gaussian frequency rows: the same on every machine, by construction.

All quantities are fixed point with F = 512 fractional bits in unbounded ints; nothing here is floating point.
The rows are shipped as data; this module exists so that anyone can make them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

from refsw.entropy.normalise import normalise

ROWS = 64
TOTAL_BITS = 14
FRACTION = 512  # F; the series below cancels up to 2 * 144 / ln 2 = 416 bits of it
FAR = 12 << FRACTION  # argument from which the error function is taken as 1: it differs by 2**-212
NARROWER, WIDER = 5, 3  # rows between a row's own scale and the two that it is averaged with; fewer for the first rows
KEEP = 4  # a value has an entry of its own where probability * 2**T >= 1 / KEEP


def root(value: int, degree: int) -> int:
    """Largest r with r**degree <= value, for value >= 1."""
    guess = 1 << -(-value.bit_length() // degree)  # not below the root
    while True:
        step = ((degree - 1) * guess + value // guess ** (degree - 1)) // degree
        if step >= guess:
            return guess
        guess = step


def sigma(row: int) -> int:
    """(8.4.3.1) F-bit fixed-point 100 * sigma of row k: the 63rd root of 11**(63 - k) * 6400**k, rounded down."""
    last = ROWS - 1
    power = (11 ** max(0, last - row) * 6400**row) << (FRACTION * last)
    return root(power // 11 ** max(0, row - last), last)


def averaged(row: int) -> tuple[int, int, int]:
    """(8.4.3) The rows whose scales a row is averaged over; the last may be above those of the table."""
    return row - min(NARROWER, row >> 1), row, row + min(WIDER, row >> 2)


def half_integral(t: int) -> int:
    """(8.4.3.1) Integral of exp(-u**2), u from 0 to t, by its power series; t and the result in F-bit fixed point."""
    t = min(t, FAR)
    square = (t * t) >> FRACTION
    power, n, result = t, 0, 0  # power = t**(2 n + 1) / n!
    while power:
        result += (-1) ** n * (power // (2 * n + 1))
        n += 1
        power = ((power * square) >> FRACTION) // n
    return result


def average_row(rows: Sequence[int], total_bits: int = TOTAL_BITS) -> tuple[int, list[int]]:
    """(8.4.3) (minimum, frequencies) of the average of the normal distributions of `rows`; the last is escape's."""
    unit = isqrt(2 << (2 * FRACTION))
    scales = [unit * sigma(row) for row in rows]  # 100 * sqrt(2) * sigma, 2 F fractional bits
    whole = len(scales) * half_integral(FAR)  # the mass of one side

    def below(twice_edge: int) -> int:
        """Mass between 0 and twice_edge / 2."""
        return sum(half_integral(((50 * twice_edge) << (3 * FRACTION)) // scale) for scale in scales)

    masses = [2 * below(1)]  # of the values 0, 1, 2, ... (one side)
    reached = below(1)
    while True:
        upper = below(2 * len(masses) + 1)
        if (upper - reached) * KEEP << total_bits < 2 * whole:
            break
        masses.append(upper - reached)
        reached = upper
    weights = [*masses[:0:-1], *masses, 2 * (whole - reached)]
    frequencies = normalise(weights, 1 << total_bits)
    zero = len(masses) - 1
    for v in range(1, zero + 1):  # ties may have gone to one side: give both the smaller, value 0 the rest
        pair = min(frequencies[zero - v], frequencies[zero + v])
        frequencies[zero] += frequencies[zero - v] + frequencies[zero + v] - 2 * pair
        frequencies[zero - v] = frequencies[zero + v] = pair
    return -zero, frequencies


def gaussian_rows(total_bits: int = TOTAL_BITS) -> list[tuple[int, list[int]]]:
    """(8.4.3) (minimum, frequencies) of all 64 rows."""
    return [average_row(averaged(row), total_bits) for row in range(ROWS)]
