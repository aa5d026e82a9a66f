# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsw.encode.rate import Curve, Target, fidelity_curve, search, search_size, size_curve

TOP = 2048
few = settings(max_examples=60)


class Coder:
    """Fake codings: index -> size, an estimate of it, and how often each index was asked for."""

    def __init__(self, sizes: list[int], error: float = 0.0) -> None:
        self.sizes, self.error, self.estimates, self.codings = sizes, error, list[int](), list[int]()

    def estimate(self, index: int) -> float:
        assert 0 <= index < len(self.sizes)
        self.estimates.append(index)
        return self.sizes[index] * (1 + self.error * math.sin(index))

    def code(self, index: int) -> tuple[int, int]:
        self.codings.append(index)
        return index, self.sizes[index]

    def search(self, target: float, tolerance: float, attempts: int) -> tuple[int, int]:
        top = len(self.sizes) - 1
        curve = size_curve(target, 8 * 2000, top) if top > 8 else Curve(top, 0, 1.0)
        index, coded = search_size(self.estimate, self.code, lambda c: c[1], target, tolerance, curve, attempts)
        assert coded == (index, self.sizes[index])
        assert 1 <= len(self.estimates) <= attempts and len(set(self.estimates)) == len(self.estimates)
        assert len(set(self.codings)) == len(self.codings)
        return index, coded[1]


def exponential(low: float, high: float, top: int = TOP) -> list[int]:
    return [round(low * (high / low) ** (i / max(top, 1))) for i in range(top + 1)]


any_sizes = st.lists(st.integers(1, 10**6), min_size=1, max_size=300)
targets, attempts = st.floats(0.5, 2e6), st.integers(1, 16)


@few
@given(any_sizes, targets, st.floats(0, 0.2), attempts, st.floats(0, 0.1))
def test_always_ends_within_the_attempts(
    sizes: list[int], target: float, tolerance: float, attempts: int, error: float
) -> None:
    """Whatever the sizes are, even where they fall with quality; the best of all codings is returned."""
    coder = Coder(sizes, error)
    _, size = coder.search(target, tolerance, attempts)
    assert abs(math.log(size / target)) == min(abs(math.log(sizes[i] / target)) for i in coder.codings)


@few
@given(any_sizes.map(sorted), targets)
def test_with_enough_attempts_finds_the_best_of_a_monotone_coder(sizes: list[int], target: float) -> None:
    top = len(sizes) - 1
    goal = math.log(target)
    index = search(Curve(top, top // 2, 0.01), lambda i: math.log(sizes[i]), goal, 0.0, 400)
    assert math.isclose(abs(math.log(sizes[index]) - goal), min(abs(math.log(s) - goal) for s in sizes), abs_tol=1e-9)


@few
@given(any_sizes.map(sorted), st.booleans())
def test_a_target_out_of_range_ends_at_the_end(sizes: list[int], low: bool) -> None:
    target = sizes[0] * 0.4 if low else sizes[-1] * 2.5
    _, size = Coder(sizes).search(target, 0.01, 16)
    assert size == (sizes[0] if low else sizes[-1])


@few
@given(st.floats(200, 5000), st.floats(4, 60), st.floats(0.02, 0.98), st.floats(-0.3, 0.3))
def test_smooth_sizes_need_few_codings(low: float, ratio: float, place: float, bend: float) -> None:
    """Nearly exponential sizes and estimates as a codec has them: within 1 % in one coding or two."""
    straight = exponential(low, low * ratio)
    sizes = [round(s * math.exp(bend * math.sin(math.pi * i / TOP))) for i, s in enumerate(straight)]
    target = low * ratio**place
    coder = Coder(sizes, 0.001)
    _, size = coder.search(target, 0.01, 12)
    assert abs(size / target - 1) <= 0.01 + 1 / target
    assert len(coder.estimates) <= 9 and len(coder.codings) <= 2


def test_a_wrong_estimate_is_learned_from_the_coding() -> None:
    coder = Coder(exponential(1000, 50000))
    coder.estimate = lambda index: 0.8 * coder.sizes[index]  # type: ignore[method-assign]
    _, coded = search_size(
        coder.estimate, coder.code, lambda c: c[1], 7000, 0.01, size_curve(7000, 16000, TOP), 12
    )
    assert abs(coded[1] / 7000 - 1) <= 0.01 and len(coder.codings) == 2


@pytest.mark.parametrize("bpp", [1e-4, 0.03, 0.12, 0.5, 1.85, 3, 1000])
def test_first_guess_lies_in_the_range(bpp: float) -> None:
    curve = size_curve(bpp, 8, TOP)
    assert 0 <= curve.first <= TOP and curve.slope > 0
    assert (curve.first == 0) == (bpp <= 0.05) and (curve.first == TOP) == (bpp >= 1.85)


def test_targets() -> None:
    assert Target("bpp", 0.5).size(1600) == 100 and Target("bytes", 77).size(1600) == 77
    assert Target("psnr", 30).size(1600) is None and Target("psnr", 30).decibels == 30
    assert math.isclose(Target("msssim", 0.99).decibels, 20)
    assert 0 < fidelity_curve(33, TOP).first < TOP
    assert fidelity_curve(5, TOP).first == 0 and fidelity_curve(99, TOP).first == TOP


def test_a_single_quality() -> None:
    assert Coder([77]).search(10, 0.01, 5) == (0, 77)
