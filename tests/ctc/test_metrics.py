# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Metrics against values of independent programs, and their edges.

Fixed values: pytorch-msssim 1.0.0 (double precision, double-precision window) and scikit-image 0.26
(`structural_similarity` with Gaussian weights, `peak_signal_noise_ratio`) on the pictures of conftest.py.
On 24 Kodak pictures (JPEG 4:2:0 q 5 and 40) PSNR, luma PSNR and MS-SSIM equal `shared/data/peers/rd_kodak.csv`
to its six digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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
    assert metrics.ms_ssim(reference, decoded) == pytest.approx(msssim, abs=1e-12)
    assert metrics.psnr(reference, decoded) == pytest.approx(psnr, abs=1e-10)


def test_one_scale_is_ssim(picture_pair: PairOf) -> None:
    reference, decoded = picture_pair(20, 18, 1)
    assert metrics.ms_ssim(reference, decoded) == pytest.approx(0.8797047779973696, abs=1e-12)


@pytest.mark.parametrize(
    ("side", "scales"), [(1, 1), (10, 1), (20, 1), (21, 2), (41, 3), (80, 3), (81, 4), (160, 4), (161, 5), (4096, 5)]
)
def test_scales_of_small_pictures(side: int, scales: int) -> None:
    assert metrics.msssim_scales(side, 4096) == metrics.msssim_scales(4096, side) == scales


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from([1, 3]), st.integers(0, 2**32 - 1))
def test_any_size(height: int, width: int, channels: int, seed: int) -> None:
    noise = np.random.default_rng(seed)
    reference = noise.integers(0, 256, (height, width, channels), dtype=np.uint8)
    decoded = noise.integers(0, 256, (height, width, channels), dtype=np.uint8)
    assert metrics.ms_ssim(reference, reference) == pytest.approx(1, abs=1e-12)
    value = metrics.ms_ssim(reference, decoded)
    assert 0 <= value <= 1
    assert value == pytest.approx(metrics.ms_ssim(decoded, reference), abs=1e-12)  # symmetric


def test_equal_pictures_are_infinitely_good(picture_pair: PairOf) -> None:
    reference, _ = picture_pair(32, 24, 3)
    result = metrics.measure(Image(reference), Image(reference))
    assert result.psnr == result.psnr_y == math.inf
    assert result.mse == 0


def test_psnr_of_one_step() -> None:
    reference = np.zeros((4, 4, 3), np.uint8)
    assert metrics.psnr(reference, reference + 1) == pytest.approx(10 * math.log10(255**2))


def test_depth_scales_the_peak(picture_pair: PairOf) -> None:
    reference, decoded = picture_pair(64, 48, 3)
    eight = metrics.measure(Image(reference), Image(decoded))
    wide = [Image(plane.astype(np.uint16) * 257, 16) for plane in (reference, decoded)]
    sixteen = metrics.measure(wide[0], wide[1])
    for name in ("psnr", "psnr_y", "msssim", "msssim_y", "mse"):
        assert getattr(sixteen, name) == pytest.approx(getattr(eight, name), rel=1e-9), name


def test_grey_is_its_own_luma(picture_pair: PairOf) -> None:
    reference, decoded = picture_pair(40, 40, 1)
    result = metrics.measure(Image(reference), Image(decoded))
    assert (result.psnr, result.msssim) == (result.psnr_y, result.msssim_y)


def test_luma_of_white() -> None:
    assert metrics.luma(np.full((1, 1, 3), 255, np.uint8))[0, 0, 0] == pytest.approx(255)


def test_different_shapes_are_refused(picture_pair: PairOf) -> None:
    reference, decoded = picture_pair(16, 16, 3)
    with pytest.raises(InputError, match="shapes"):
        metrics.ms_ssim(reference, decoded[:, :8])
    with pytest.raises(InputError, match="bits"):
        metrics.measure(Image(reference), Image(decoded.astype(np.uint16), 16))


def test_decibels_of_ms_ssim() -> None:
    assert metrics.ms_ssim_decibels(0.9) == pytest.approx(10)
    assert metrics.ms_ssim_decibels(1) == math.inf
