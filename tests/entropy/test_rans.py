# SPDX-License-Identifier: BSD-3-Clause-Clear
import re
import subprocess
import sys

import numpy as np
import pytest
from entropy_cases import EXTREME, LANES, Case, cases, gaussian_case
from hypothesis import given, settings
from hypothesis import strategies as st

from refsw.entropy import loops, oracle, rans
from refsw.entropy.tables import FrequencyTables, gaussian_tables
from refsw.errors import DamageError, RefswError
from refsw.resources import spec_dir

FLAT = FrequencyTables.from_frequencies([[5, 6, 4, 1]], -1)


def by_oracle(case: Case, lanes: int) -> bytes:
    return oracle.encode(case.symbols.tolist(), case.rows.tolist(), case.tables, lanes)


def verdict(data: bytes, case: Case, lanes: int) -> list[int] | str:
    """Symbols if both coders accept `data`, "damaged" if both refuse it."""
    try:
        expected: list[int] | str = oracle.decode(data, case.rows.tolist(), case.tables, lanes)
    except DamageError:
        expected = "damaged"
    try:
        found: list[int] | str = rans.decode(data, case.rows, case.tables, lanes).tolist()
    except DamageError:
        found = "damaged"
    assert found == expected
    return found


@settings(max_examples=100)
@given(cases(), st.sampled_from(LANES))
def test_equals_the_oracle(case: Case, lanes: int) -> None:
    data = rans.encode(case.symbols, case.rows, case.tables, lanes)
    assert data == by_oracle(case, lanes)
    decoded = rans.decode(data, case.rows, case.tables, lanes)
    assert decoded.dtype == np.int32 and np.array_equal(decoded, case.symbols)
    assert verdict(data, case, lanes) == case.symbols.tolist()


@settings(max_examples=60)
@given(cases(), st.sampled_from(LANES), st.integers(1, 500))
def test_both_loops_equal_the_oracle_for_any_lanes(case: Case, lanes: int, buffer: int) -> None:
    """Whatever the number of lanes for which each is meant, and however the rounds are cut into chunks."""
    expected = by_oracle(case, lanes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loops, "ROUNDS_BUFFER", buffer)
        for threshold in (1, 2048):
            patch.setattr(rans, "VECTOR_LANES", threshold)
            assert rans.encode(case.symbols, case.rows, case.tables, lanes) == expected
            assert np.array_equal(rans.decode(expected, case.rows, case.tables, lanes), case.symbols)


@settings(max_examples=60)
@given(cases(), st.sampled_from(LANES), st.lists(st.integers(0, 3000), max_size=5))
def test_coding_steps_may_be_cut_anywhere(case: Case, lanes: int, cuts: list[int]) -> None:
    decoder = rans.Decoder(by_oracle(case, lanes), case.tables, lanes)
    steps = [decoder.decode(rows) for rows in np.split(case.rows, sorted(min(cut, len(case.rows)) for cut in cuts))]
    decoder.finish()
    assert np.array_equal(np.concatenate(steps), case.symbols)


@settings(max_examples=60)
@given(cases(max_size=20), st.sampled_from([1, 2, 16, 32]), st.data())
def test_damage_is_detected_or_is_another_valid_stream(case: Case, lanes: int, data: st.DataObject) -> None:
    """What is accepted is what the encoder writes for the decoded symbols: there is one substream for each."""
    good = by_oracle(case, lanes)
    at = data.draw(st.integers(0, max(0, len(good) - 1)))
    flipped = bytearray(good or b"\0")
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    noise = data.draw(st.binary(max_size=200))
    fresh = np.full(lanes, data.draw(st.integers(1 << 16, (1 << 32) - 1)), ">u4").tobytes()
    for bad in (bytes(flipped), good[:at], good + b"\0", noise + good, good[: 4 * lanes] + noise, fresh + noise, noise):
        symbols = verdict(bad, case, lanes)
        if isinstance(symbols, list):
            assert oracle.encode(symbols, case.rows.tolist(), case.tables, lanes) == bad


@pytest.mark.parametrize("lanes", LANES)
def test_long_streams_and_every_lane_count(lanes: int) -> None:
    case = gaussian_case(5003, seed=lanes)
    case.symbols[[0, 4000, 5002]] = EXTREME, -EXTREME, 300
    data = rans.encode(case.symbols, case.rows, case.tables, lanes)
    assert data == by_oracle(case, lanes)
    assert np.array_equal(rans.decode(data, case.rows, case.tables, lanes), case.symbols)


@pytest.mark.parametrize("lanes", [1, 4, 16, 128])
def test_every_truncation_and_every_flipped_bit_of_a_long_stream_is_detected(lanes: int) -> None:
    """A stream long enough that no altered one is valid by chance."""
    case = gaussian_case(300, seed=3)
    case.symbols[200] = 1000
    data = rans.encode(case.symbols, case.rows, case.tables, lanes)
    for size in range(len(data)):
        with pytest.raises(DamageError):
            rans.decode(data[:size], case.rows, case.tables, lanes)
    for bit in range(8 * len(data)):
        altered = bytearray(data)
        altered[bit // 8] ^= 128 >> bit % 8
        with pytest.raises(DamageError):
            rans.decode(bytes(altered), case.rows, case.tables, lanes)


def test_the_example_of_the_specification() -> None:
    text = (spec_dir() / "text" / "entropy.md").read_text()
    blocks = re.findall(r"^    ([-0-9a-f ]+)$", text.split("## 8.4.6")[1], re.MULTILINE)
    symbols, expected = [int(v) for v in blocks[0].split()], bytes.fromhex(blocks[1])
    tables = FrequencyTables.from_frequencies([[3, 8, 4, 1]], -1)
    rows = np.zeros(len(symbols), np.int32)
    assert rans.encode(np.array(symbols), rows, tables, 2) == expected
    assert rans.decode(expected, rows, tables, 2).tolist() == symbols


@pytest.mark.parametrize("lanes", LANES)
def test_no_symbols_no_bytes(lanes: int) -> None:
    nothing = np.empty(0, np.int32)
    assert rans.encode(nothing, nothing, FLAT, lanes) == b""
    assert rans.decode(b"", nothing, FLAT, lanes).tolist() == []
    states = np.full(lanes, 1 << 16, ">u4").tobytes()
    for data in (b"\0", states, states + b"\0\0"):
        assert verdict(data, Case(nothing, nothing, FLAT), lanes) == "damaged"
    assert verdict(b"", Case(np.zeros(1, int), np.zeros(1, int), FLAT), lanes) == "damaged"


@pytest.mark.parametrize(("lanes", "count"), [(1, 100_000), (1024, 100_000)])
def test_escape_alone_and_certain_symbols(lanes: int, count: int) -> None:
    """A row of escape alone costs bypass bits only; a row with one likely value costs next to nothing."""
    rows = np.zeros(1000, np.int32)
    only = FrequencyTables.from_frequencies([[1 << 15]], 0)
    symbols = np.arange(-500, 500)  # minimum 0, maximum -1: distances v and -1 - v
    data = rans.encode(symbols, rows, only, lanes)
    bits = sum(2 * (v + 1 if v >= 0 else -v).bit_length() for v in symbols.tolist())
    assert len(data) == 4 * lanes + -(-bits // 8)
    assert np.array_equal(rans.decode(data, rows, only, lanes), symbols)
    sure = FrequencyTables.from_frequencies([[(1 << 15) - 1, 1]], 5)
    fives, rows = np.full(count, 5), np.zeros(count, np.int32)
    data = rans.encode(fives, rows, sure, lanes)
    assert len(data) <= 4 * lanes + count * 4.5e-5 / 8 + 2
    assert np.array_equal(rans.decode(data, rows, sure, lanes), fives)


@pytest.mark.parametrize("value", [1 << 24, -(1 << 24), (1 << 31) - 1, -(1 << 31)])
def test_symbols_out_of_range_are_refused_by_position(value: int) -> None:
    symbols, rows = np.array([0, 1, value], np.int32), np.zeros(3, np.int32)
    with pytest.raises(RefswError, match="symbol 2: value"):
        rans.encode(symbols, rows, FLAT, 1)


@pytest.mark.parametrize("row", [-1, 1, 1 << 20])
def test_rows_out_of_range_are_refused(row: int) -> None:
    rows = np.array([0, row], np.int32)
    with pytest.raises(RefswError, match="symbol 1: table row"):
        rans.encode(np.zeros(2, np.int32), rows, FLAT, 1)
    with pytest.raises(RefswError, match=f"table rows .*{row}"):
        rans.decode(rans.encode(np.zeros(2, np.int32), np.zeros(2, np.int32), FLAT, 1), rows, FLAT, 1)


def test_other_arguments_are_refused() -> None:
    zeros = np.zeros(3, np.int32)
    with pytest.raises(RefswError, match="one row per symbol"):
        rans.encode(zeros, zeros[:2], FLAT, 1)
    for lanes in (0, 3, 2048, -1):
        with pytest.raises(RefswError, match="power of two"):
            rans.encode(zeros, zeros, FLAT, lanes)
        with pytest.raises(RefswError, match="power of two"):
            rans.decode(b"", zeros, FLAT, lanes)


def message(data: bytes, rows: np.ndarray, lanes: int = 1) -> str:
    with pytest.raises(DamageError) as caught:
        rans.decode(data, rows, FLAT, lanes)
    return str(caught.value)


def test_damage_is_named() -> None:
    rows = np.zeros(40, np.int32)
    data = rans.encode(np.array([0, 1, -1, 77] * 10), rows, FLAT, 1)  # 10 escapes of 14 bits: 18 bytes of bypass bits
    words, bypass = data[:-18], data[-18:]
    assert "3 bytes is shorter than the states of 1 lanes" in message(data[:3], rows)
    assert "lane 0 begins in state 65535" in message(b"\0\0\xff\xff" + data[4:], rows)
    assert "no word left for symbol" in message(data[:6], rows)
    assert "no word left for symbol" in message(data[:4] * 16 + data[4:6], np.zeros(400, np.int32), 16)
    assert "after 39 symbols lane 0 ends in state" in message(data, rows[:39])
    assert "(1 of 1 lanes are wrong)" in message(words + bypass[:-1] + bytes([bypass[-1] ^ 1]), rows)
    assert "padding" in message(words + bytes([bypass[0] | 1]) + bypass[1:], rows)
    assert "bypass bits end or are not valid at bit 0" in message(data[:-4] + bytes(4), rows)
    zeros = np.zeros(400, np.int32)
    plain = rans.encode(zeros, zeros, FLAT, 1)
    assert f"400 symbols use {len(plain)} bytes of {len(plain) + 2}" in message(plain + b"\0\0", zeros)
    one = rans.encode(np.array([EXTREME]), rows[:1], FLAT, 1)
    beyond = "0" * 24 + f"{(1 << 24) + 100:025b}" + "0"  # distance 2**24 + 99 from a row that ends at 1
    assert "not below 2**24" in message(one[:4] + int(beyond.ljust(56, "0"), 2).to_bytes(7, "little"), rows[:1])


def test_hostile_sizes_are_refused_quickly() -> None:
    """Many symbols promised by a few bytes: fails at the first missing word, in rounds, not in symbols."""
    rows = np.full(2_000_000, 40, np.int32)
    states = np.full(1024, (1 << 32) - 1, ">u4").tobytes()
    with pytest.raises(DamageError, match="no word left"):
        rans.decode(states, rows, gaussian_tables(), 1024)


def test_arguments_are_not_changed() -> None:
    case = gaussian_case(3000)
    symbols, rows = case.symbols.copy(), case.rows.copy()
    for array in (case.symbols, case.rows):
        array.setflags(write=False)
    data = rans.encode(case.symbols, case.rows, case.tables, 64)
    assert np.array_equal(rans.decode(data, case.rows, case.tables, 64), symbols)
    assert np.array_equal(case.rows, rows)


def test_torch_is_not_imported() -> None:
    code = "import sys, refsw.entropy.rans, refsw.entropy.cost, refsw.entropy.oracle; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
