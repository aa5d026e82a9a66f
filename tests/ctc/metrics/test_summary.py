# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The five numbers of the demonstration, against fixed values of pytorch-msssim 1.0.0 and scikit-image 0.26."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from refsw.ctc import metrics
from refsw.errors import InputError
from refsw.types import Image

PairOf = Callable[[int, int, int], tuple[NDArray[np.uint8], NDArray[np.uint8]]]


@pytest.mark.parametrize(
    ("height", "width", "channels", "msssim", "psnr"),
    [
        (176, 208, 3, 0.9894198265164299, 30.74171027352426),
        (192, 176, 1, 0.9882728711642474, 30.746223006875397),
    ],
)
def test_independent_values(
    picture_pair: PairOf, height: int, width: int, channels: int, msssim: float, psnr: float
) -> None:
    reference, decoded = picture_pair(height, width, channels)
    result = metrics.measure(Image(reference), Image(decoded))
    assert result.msssim == pytest.approx(msssim, abs=1e-12)
    assert result.psnr == pytest.approx(psnr, abs=1e-10)


def test_equal_pictures_are_infinitely_good(picture_pair: PairOf) -> None:
    reference, _ = picture_pair(32, 24, 3)
    result = metrics.measure(Image(reference), Image(reference))
    assert result.psnr == result.psnr_y == math.inf
    assert result.mse == 0


def test_psnr_of_one_step() -> None:
    reference = np.zeros((4, 4, 3), np.uint8)
    result = metrics.measure(Image(reference), Image(reference + np.uint8(1)))
    assert result.psnr == pytest.approx(10 * math.log10(255**2))
    assert result.mse == 1


def test_depth_scales_the_peak(picture_pair: PairOf) -> None:
    reference, decoded = picture_pair(64, 48, 3)
    eight = metrics.measure(Image(reference), Image(decoded))
    wide = [Image(plane.astype(np.uint16) * 257, 16) for plane in (reference, decoded)]
    sixteen = metrics.measure(wide[0], wide[1])
    for name in ("psnr", "msssim", "mse"):
        assert getattr(sixteen, name) == pytest.approx(getattr(eight, name), rel=1e-9), name
    for name in ("psnr_y", "msssim_y"):  # luma of 8-bit pictures is rounded to 10 bits
        assert getattr(sixteen, name) == pytest.approx(getattr(eight, name), rel=1e-3), name


def test_grey_is_its_own_luma(picture_pair: PairOf) -> None:
    reference, decoded = picture_pair(40, 40, 1)
    wide = [Image(plane.astype(np.uint16) * 257, 16) for plane in (reference, decoded)]
    result = metrics.measure(*wide)
    assert (result.psnr_y, result.msssim_y) == pytest.approx((result.psnr, result.msssim), rel=1e-12)


def test_different_shapes_are_refused(picture_pair: PairOf) -> None:
    reference, decoded = picture_pair(16, 16, 3)
    with pytest.raises(InputError, match="shapes"):
        metrics.measure(Image(reference), Image(decoded[:, :8]))
    with pytest.raises(InputError, match="bits"):
        metrics.measure(Image(reference), Image(decoded.astype(np.uint16), 16))


def test_decibels_of_ms_ssim() -> None:
    assert metrics.ms_ssim_decibels(0.9) == pytest.approx(10)
    assert metrics.ms_ssim_decibels(1) == math.inf
