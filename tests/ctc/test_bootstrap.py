# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The interval against the normal approximation, its repetition, and the cases without one."""

from __future__ import annotations

import numpy as np
import pytest

from refsw.ctc.bootstrap import interval


def test_interval_is_near_the_normal_one_and_repeats() -> None:
    values = tuple(np.random.default_rng(3).normal(-20, 5, 200))
    low, high = interval(values) or (0.0, 0.0)
    half = 1.96 * np.std(values) / np.sqrt(len(values))
    assert (low, high) == interval(values)
    assert low == pytest.approx(np.mean(values) - half, abs=0.1)
    assert high == pytest.approx(np.mean(values) + half, abs=0.1)


def test_few_and_equal_values() -> None:
    assert interval((1.0, 2.0)) is None
    assert interval((1.5, 1.5, 1.5)) == (1.5, 1.5)
