# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.5.3) The colour transform that a picture header carries: a 3x3 matrix and three offsets."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from refsw.errors import UsageError

MATRIX_BITS, OFFSET_BITS, FORWARD_BITS = 13, 15, 24


@dataclass(frozen=True)
class CustomTransform:
    """(6.3.17, 6.3.18) matrix: 9 of -32768..32767, unit 1/8192; offset: 3 of the same, unit 2^(bit depth - 15)."""

    matrix: tuple[int, ...]
    offset: tuple[int, ...]

    def inverse(self, planes: NDArray[np.int64], bit_depth: int, fraction_bits: int) -> NDArray[np.int64]:
        """(9.5.3) Planes [3, H, W] -> samples [3, H, W], rounded to nearest (halves up), not clipped."""
        matrix = np.array(self.matrix, np.int64).reshape(3, 3)
        offset = np.array(self.offset, np.int64)[:, None, None] << bit_depth
        centred = (planes << (OFFSET_BITS - fraction_bits)) - offset
        total = np.einsum("cp,phw->chw", matrix, centred)
        down = MATRIX_BITS + OFFSET_BITS
        return (total + (1 << (down - 1))) >> down

    def forward(self, samples: NDArray[np.int64], bit_depth: int, fraction_bits: int) -> NDArray[np.int64]:
        """(informative) Samples [3, H, W] -> planes [3, H, W], not clipped. Raises UsageError for a singular matrix."""
        matrix = np.array(_inverted(self.matrix), np.int64).reshape(3, 3)
        down = FORWARD_BITS - fraction_bits
        offset = np.array(self.offset, np.int64)[:, None, None] << bit_depth
        planes = (np.einsum("pc,chw->phw", matrix, samples) + (1 << (down - 1))) >> down
        return planes + ((offset + (1 << (OFFSET_BITS - fraction_bits - 1))) >> (OFFSET_BITS - fraction_bits))


def custom_transform(red: Fraction, blue: Fraction, bit_depth: int) -> CustomTransform:
    """Y, Cb, Cr of full range with these weights of R and B in Y; BT.601 has 0.299 and 0.114.

    No RGB sample is clipped in the planes: where the rounded matrix would let Cb or Cr leave their range by a fraction,
    their coefficient is a little greater. Without that, 16-bit red and blue come back up to 3 codes off.
    """
    green = 1 - red - blue
    rows = (
        (Fraction(1), Fraction(0), 2 * (1 - red)),
        (Fraction(1), -2 * blue * (1 - blue) / green, -2 * red * (1 - red) / green),
        (Fraction(1), 2 * (1 - blue), Fraction(0)),
    )
    middle = round(Fraction((1 << bit_depth) - 1, 2 << bit_depth) * (1 << OFFSET_BITS))
    matrix = [round(v * (1 << MATRIX_BITS)) for row in rows for v in row]
    top, centre = (1 << bit_depth) - 1, Fraction(middle << bit_depth, 1 << OFFSET_BITS)
    room = min(centre, top - centre) / top
    for plane, place in ((1, 7), (2, 2)):  # Cb is (B - Y) / matrix[7], Cr is (R - Y) / matrix[2]
        while sum(v for v in _inverse(tuple(matrix))[3 * plane : 3 * plane + 3] if v > 0) > room:
            matrix[place] += 1
    return CustomTransform(tuple(matrix), (0, middle, middle))


def _inverted(matrix: tuple[int, ...]) -> list[int]:
    """The inverse, rounded to FORWARD_BITS."""
    scaled = [round(v * (1 << FORWARD_BITS)) for v in _inverse(matrix)]
    if max(map(abs, scaled)) >= 1 << 40:
        raise UsageError("colour matrix: its inverse is too large")
    return scaled


def _inverse(matrix: tuple[int, ...]) -> list[Fraction]:
    """The inverse in exact arithmetic. Raises UsageError."""
    a, b, c, d, e, f, g, h, i = (Fraction(v, 1 << MATRIX_BITS) for v in matrix)
    adjugate = (
        e * i - f * h, c * h - b * i, b * f - c * e,
        f * g - d * i, a * i - c * g, c * d - a * f,
        d * h - e * g, b * g - a * h, a * e - b * d,
    )  # fmt: skip
    determinant = a * adjugate[0] + b * adjugate[3] + c * adjugate[6]
    if determinant == 0:
        raise UsageError("colour matrix: has no inverse")
    return [v / determinant for v in adjugate]
