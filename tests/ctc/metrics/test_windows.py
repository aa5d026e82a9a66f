# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Filters against sums written out."""

from __future__ import annotations

import numpy as np
import pytest

from refsw.ctc.metrics.windows import (
    block_means,
    covariance,
    filter_mirrored,
    filter_valid,
    filter_zeros,
    gaussian,
    local,
)

NOISE = np.random.default_rng(5)


@pytest.mark.parametrize(("height", "width", "taps"), [(5, 5, 5), (40, 17, 11), (71, 65, 3)])
def test_valid_filter(height: int, width: int, taps: int) -> None:
    plane, weights = NOISE.random((height, width)), gaussian(taps, taps / 4)
    views = np.lib.stride_tricks.sliding_window_view(plane, (taps, taps))
    assert filter_valid(plane, weights) == pytest.approx(np.einsum("hwij,i,j->hw", views, weights, weights), abs=1e-14)


def test_moments_are_those_of_the_window() -> None:
    x, y, weights = NOISE.random((12, 13)), NOISE.random((12, 13)), gaussian(5, 1.2)
    of_x, of_y = local(x, weights), local(y, weights)
    mean_x, mean_y, variance_x, variance_y = of_x.mean, of_y.mean, of_x.variance, of_y.variance
    window = np.outer(weights, weights)
    a, b = x[3:8, 4:9], y[3:8, 4:9]
    assert mean_x[3, 4] == pytest.approx(np.sum(window * a))
    assert variance_y[3, 4] == pytest.approx(np.sum(window * (b - mean_y[3, 4]) ** 2))
    expected = np.sum(window * (a - mean_x[3, 4]) * (b - mean_y[3, 4]))
    assert covariance(of_x, of_y, weights)[3, 4] == pytest.approx(expected)
    assert variance_x.min() >= 0


def test_edges() -> None:
    plane = np.arange(12.0).reshape(3, 4)
    assert filter_mirrored(plane, np.array([0.5, 0, 0.5]))[0, 0] == plane[1, 1]
    kernel = np.zeros((3, 3))
    kernel[0, 2] = 1  # above, to the right
    assert filter_zeros(plane, kernel)[1].tolist() == [1, 2, 3, 0]
    assert block_means(plane, 2).tolist() == [[2.5, 4.5]]
