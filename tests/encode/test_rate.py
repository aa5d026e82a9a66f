# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import math

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from refsw.encode.rate import search

TOP = 2048


class Coder:
    """Fake codings: index -> size, and how often each index was asked for."""

    def __init__(self, sizes: list[int]) -> None:
        self.sizes, self.calls = sizes, list[int]()

    def __call__(self, index: int) -> tuple[int, int]:
        assert 0 <= index < len(self.sizes)
        self.calls.append(index)
        return index, self.sizes[index]

    def search(self, target: float, tolerance: float, attempts: int) -> tuple[int, int]:
        index, coded = search(self, lambda c: c[1], target, tolerance, len(self.sizes) - 1, attempts)
        assert coded == (index, self.sizes[index])
        assert 1 <= len(self.calls) <= attempts and len(set(self.calls)) == len(self.calls)
        return index, coded[1]


def exponential(low: float, high: float, top: int = TOP) -> list[int]:
    return [round(low * (high / low) ** (i / max(top, 1))) for i in range(top + 1)]


any_sizes = st.lists(st.integers(1, 10**6), min_size=1, max_size=300)
monotone_sizes = any_sizes.map(sorted)
targets, attempts = st.floats(0.5, 2e6), st.integers(1, 16)
few = settings(max_examples=60, deadline=None)


@few
@given(any_sizes, targets, st.floats(0, 0.2), attempts)
def test_always_ends_within_the_attempts(sizes: list[int], target: float, tolerance: float, attempts: int) -> None:
    """Whatever the sizes are, even where they fall with quality, and never the same index twice."""
    coder = Coder(sizes)
    _, size = coder.search(target, tolerance, attempts)
    nearest = min(abs(math.log(sizes[i] / target)) for i in coder.calls)
    assert abs(math.log(size / target)) == nearest


@few
@given(monotone_sizes, targets)
def test_with_enough_attempts_finds_the_best_of_a_monotone_coder(sizes: list[int], target: float) -> None:
    _, size = Coder(sizes).search(target, 0.0, 300)
    best = min(abs(math.log(s / target)) for s in sizes)
    assert math.isclose(abs(math.log(size / target)), best, abs_tol=1e-9)


@few
@given(monotone_sizes, attempts, st.booleans())
def test_a_target_out_of_range_ends_at_the_end(sizes: list[int], attempts: int, low: bool) -> None:
    assume(attempts >= 5)
    target = sizes[0] * 0.4 if low else sizes[-1] * 2.5
    _, size = Coder(sizes).search(target, 0.01, attempts)
    assert size == (sizes[0] if low else sizes[-1])


@few
@given(st.floats(200, 5000), st.floats(4, 60), st.floats(0.02, 0.98), st.floats(-0.3, 0.3))
def test_smooth_sizes_need_few_codings(low: float, ratio: float, place: float, bend: float) -> None:
    """Nearly exponential sizes, as a codec has them: within 1 % after at most 8."""
    straight = exponential(low, low * ratio)
    sizes = [round(s * math.exp(bend * math.sin(math.pi * i / TOP))) for i, s in enumerate(straight)]
    target = low * ratio**place
    coder = Coder(sizes)
    _, size = coder.search(target, 0.01, 12)
    assert abs(size / target - 1) <= 0.01 + 1 / target
    assert len(coder.calls) <= 8


def test_a_hit_ends_the_search() -> None:
    coder = Coder(exponential(1000, 50000))
    assert coder.search(coder.sizes[TOP // 2], 0.01, 12)[0] == TOP // 2
    assert len(coder.calls) == 1


def test_a_single_quality() -> None:
    assert Coder([77]).search(10, 0.01, 5) == (0, 77)
