# SPDX-License-Identifier: BSD-3-Clause-Clear
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsw.entropy.normalise import normalise


@settings(max_examples=150)
@given(st.lists(st.one_of(st.integers(0, 9), st.integers(0, 1 << 600)), min_size=1, max_size=40).filter(any),
       st.integers(0, 15))  # fmt: skip
def test_sum_and_floor(weights: list[int], bits: int) -> None:
    total = max(1 << bits, len(weights))
    frequencies = normalise(weights, total)
    assert sum(frequencies) == total and min(frequencies) >= 1 and len(frequencies) == len(weights)


@settings(max_examples=80)
@given(st.lists(st.integers(1, 1000), min_size=2, max_size=8), st.integers(3, 7))
def test_no_unit_is_better_elsewhere(weights: list[int], bits: int) -> None:
    """Moving one unit never brings the frequencies nearer, by the measure of the apportionment."""
    frequencies = normalise(weights, 1 << bits)
    gain = [Fraction(w, 2 * f + 1) for w, f in zip(weights, frequencies, strict=True)]
    loss = [Fraction(w, 2 * f - 1) for w, f in zip(weights, frequencies, strict=True) if f > 1]
    assert not loss or max(gain) <= min(loss)


@settings(max_examples=80)
@given(st.lists(st.integers(0, 1 << 20), min_size=1, max_size=8).filter(any), st.integers(3, 8))
def test_equals_giving_units_one_by_one(weights: list[int], bits: int) -> None:
    """The definition (8.4.3.3), without the short cut at its beginning."""
    frequencies = [1] * len(weights)
    while sum(frequencies) < 1 << bits:
        quotients = [Fraction(w, 2 * f + 1) for w, f in zip(weights, frequencies, strict=True)]
        frequencies[quotients.index(max(quotients))] += 1
    assert normalise(weights, 1 << bits) == frequencies


def test_exact_shares_stay() -> None:
    assert normalise([1, 2, 5], 8) == [1, 2, 5]
    assert normalise([10, 20, 50], 16) == [2, 4, 10]


def test_ties_go_to_the_lowest_index() -> None:
    assert normalise([1, 1, 1], 4) == [2, 1, 1]


@pytest.mark.parametrize(("weights", "total"), [([], 4), ([0, 0], 4), ([1, -1, 5], 4), ([1, 1, 1], 2)])
def test_refuses(weights: list[int], total: int) -> None:
    with pytest.raises(ValueError, match="weights"):
        normalise(weights, total)
