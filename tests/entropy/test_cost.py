# SPDX-License-Identifier: BSD-3-Clause-Clear
import math

import numpy as np
import pytest
from entropy_cases import EXTREME, Case, cases, gaussian_case
from hypothesis import given, settings

from refsw.entropy import rans
from refsw.entropy.cost import choose_lanes, code_length, code_lengths, escaped
from refsw.entropy.tables import FrequencyTables


def test_code_length_by_hand() -> None:
    tables = FrequencyTables.from_frequencies([[8, 4, 2, 2], [1, 15]], [-1, 0])
    symbols, rows = np.array([-1, 0, 1, 2, 3, -4, EXTREME, 0]), np.array([0, 0, 0, 0, 0, 0, 0, 1])
    escapes = [3 + 2, 3 + 4, 3 + 4, 3 + 2 * math.floor(math.log2(EXTREME - 1)) + 2]  # distances 0, 1, 2, 2**24 - 3
    expected = [1, 2, 3, *escapes, 4]
    assert code_lengths(symbols, rows, tables) == pytest.approx(expected)
    assert code_length(symbols, rows, tables) == pytest.approx(sum(expected))
    assert code_length(symbols[:0], rows[:0], tables) == 0


def test_escaped_by_hand() -> None:
    tables = FrequencyTables.from_frequencies([[8, 4, 2, 2], [1, 15], [16]], [-1, 0, 5])
    symbols, rows = np.array([-2, -1, 1, 2, -1, 0, 1, 5]), np.array([0, 0, 0, 0, 1, 1, 1, 2])
    assert escaped(symbols, rows, tables).tolist() == [True, False, False, True, True, False, True, True]


@settings(max_examples=80)
@given(cases())
def test_never_above_what_is_written(case: Case) -> None:
    """One lane costs at most its 4 bytes, rounding to words and bytes, and the arithmetic."""
    ideal = code_length(case.symbols, case.rows, case.tables) / 8
    size = len(rans.encode(case.symbols, case.rows, case.tables, 1))
    assert ideal * 0.999 - 2 <= size <= ideal * 1.003 + 8


@pytest.mark.parametrize("count", [4_000, 8_000, 20_000, 50_000, 150_000, 400_000])
@pytest.mark.parametrize("low", [0, 6, 20])
def test_within_the_promise(count: int, low: float) -> None:
    """All bytes: within 0.3 % and 24 bytes, and without the 24 bytes from 8 kB on."""
    case = gaussian_case(count, seed=count, low=low)
    ideal = code_length(case.symbols, case.rows, case.tables)
    lanes = choose_lanes(ideal, count)
    data = rans.encode(case.symbols, case.rows, case.tables, lanes)
    assert len(data) <= 1.003 * ideal / 8 + (24 if ideal < 64_000 else 0)
    assert np.array_equal(rans.decode(data, case.rows, case.tables, lanes), case.symbols)


def test_lanes() -> None:
    assert choose_lanes(0, 0) == choose_lanes(8_000, 5_000) == 1
    assert choose_lanes(1e9, 100) == 64
    assert choose_lanes(1e12, 10**9) == 1024
    lanes = [choose_lanes(8 * size, 10**9) for size in range(0, 200_000, 1000)]
    assert lanes == sorted(lanes) and lanes[-1] == 128
