# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Colour conversion and working depth."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from refsw.ctc.metrics.planes import Pair, chroma, luma, rgb, working_samples
from refsw.errors import InputError
from refsw.types import Image
from tests.ctc.metrics.pairs import reference


def half_up(value: Fraction) -> int:
    return int((value + Fraction(1, 2)).__floor__())


@pytest.mark.parametrize("bit_depth", [8, 10, 16])
def test_planes_are_the_exactly_rounded_ones(bit_depth: int) -> None:
    image = reference(9, 11, 3, bit_depth)
    peak, stored_peak = 2 ** max(bit_depth, 10) - 1, 2**bit_depth - 1
    planes = luma(image), chroma(image, 1), chroma(image, 2)
    for row, column in np.ndindex(9, 11):
        r, g, b = (half_up(Fraction(int(v) * peak, stored_peak)) for v in image.samples[row, column])
        y = Fraction(2126 * r + 7152 * g + 722 * b, 10000)
        cb = Fraction(b - y) / Fraction("1.8556") + Fraction(peak, 2)
        cr = Fraction(r - y) / Fraction("1.5748") + Fraction(peak, 2)
        for plane, value in zip(planes, (y, cb, cr), strict=True):
            assert plane[row, column] == pytest.approx(half_up(value) * 255 / peak, rel=1e-12)


def test_eight_bits_and_the_same_at_ten_have_equal_planes() -> None:
    eight = reference(16, 18)
    ten = Image(working_samples(eight).astype(np.uint16), 10)
    assert np.array_equal(luma(eight), luma(ten))
    assert np.array_equal(rgb(eight), rgb(ten))
    assert np.array_equal(chroma(eight, 2), chroma(ten, 2))


@pytest.mark.parametrize("bit_depth", [8, 12])
def test_white_black_and_primaries(bit_depth: int) -> None:
    peak = 2**bit_depth - 1
    colours = np.array([[[0, 0, 0], [1, 1, 1], [0, 0, 1], [1, 0, 0]]]) * peak
    image = Image(colours.astype(np.uint8 if bit_depth == 8 else np.uint16), bit_depth)
    assert luma(image)[0, :2] == pytest.approx([0, 255])
    assert chroma(image, 1)[0, 2] == pytest.approx(255)
    assert chroma(image, 2)[0, 3] == pytest.approx(255)


def test_grey_has_no_chroma() -> None:
    image = reference(8, 8, 1)
    with pytest.raises(InputError, match="grey"):
        Pair(image, image).chroma(1)
