# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Scales of MS-SSIM, and pictures too small for five of them."""

from __future__ import annotations

import numpy as np
import pytest

from refsw.ctc.metrics import metric
from refsw.ctc.metrics.ssim import ms_ssim_plane, msssim_scales
from tests.ctc.metrics.pairs import damaged, reference


@pytest.mark.parametrize(
    ("side", "scales"), [(1, 1), (10, 1), (20, 1), (21, 2), (41, 3), (80, 3), (81, 4), (160, 4), (161, 5), (4096, 5)]
)
def test_scales_of_small_pictures(side: int, scales: int) -> None:
    assert msssim_scales(side, 4096) == msssim_scales(4096, side) == scales


def test_one_scale_is_ssim() -> None:
    image = reference(20, 18, 1, 10)
    pair = image, damaged(image)
    planes = [np.asarray(one.samples[:, :, 0], np.float64) for one in pair]
    assert ms_ssim_plane(planes[0], planes[1], 1023) == pytest.approx(metric("ssim").measure(*pair), abs=1e-9)


def test_small_pictures_are_continued_with_zeros_for_jpeg_ai_only() -> None:
    image = reference(100, 100, 1, 10)
    pair = image, damaged(image)
    assert metric("msssim").measure(*pair) > metric("msssim_rgb").measure(*pair)  # equal surroundings are similar
