# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsw.tools.planes import filtered
from refsw.tools.quadratic import Quadratic


def drawn(seed: int, count: int) -> Quadratic:
    rng = np.random.default_rng(seed)
    features, error = rng.normal(size=(count, 40)), rng.normal(size=40)
    return Quadratic(features @ features.T, features @ error)


@given(st.integers(0, 10**6))
def test_two_coefficients_are_the_best_that_there_are_or_nearly(seed: int) -> None:
    own = drawn(seed, 2).times(0.5)
    found, value = own.best(8, -3, 3, abs)
    assert value == pytest.approx(own.gain(np.array(found) / 8) - sum(map(abs, found)))
    every = [own.gain(np.array(c) / 8) - sum(map(abs, c)) for c in itertools.product(range(-3, 4), repeat=2)]
    assert 0 <= value <= max(every) + 1e-9
    assert value >= 0.8 * max(every) - 0.5


@given(st.integers(0, 10**6))
def test_without_bits_and_coupling_each_is_the_nearest_to_the_least_squares(seed: int) -> None:
    rng = np.random.default_rng(seed)
    power, exact = rng.uniform(0.5, 4, 6), rng.uniform(-3, 3, 6)
    found, _ = Quadratic(np.diag(power), power * exact).best(16, 0, 31, lambda own: 0)
    assert found == tuple(int(c) for c in np.rint(16 * exact).clip(0, 31))


def test_what_changes_nothing_stays_out() -> None:
    assert Quadratic.nothing(3).best(16, -9, 9, abs) == ((0, 0, 0), 0)
    assert Quadratic.nothing(0).best(16, -9, 9, abs) == ((), 0)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_gains_add_up(one: int, two: int) -> None:
    a, b = drawn(one, 4), drawn(two, 4)
    c = np.array([0.5, -1, 0, 2])
    assert (a + b).gain(c) == pytest.approx(a.gain(c) + b.gain(c))
    assert a.times(3).gain(c) == pytest.approx(3 * a.gain(c))
    assert a.of([0, 3]).gain(c[[0, 3]]) == pytest.approx(a.gain(np.array([0.5, 0, 0, 2])))


def test_what_may_be_filtered() -> None:
    assert filtered(None, 3) == ((True, False), (False, True), (True, True))
    assert filtered("chroma", 3) == ((False, True),)
    assert filtered("chroma", 1) == filtered(None, 1) == ((True, False),)
