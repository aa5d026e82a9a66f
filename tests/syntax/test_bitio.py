# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsw.syntax.bitio import BadCodeError, BitReader, BitWriter, ExhaustedError

UNSIGNED = st.integers(1, 64).flatmap(lambda n: st.tuples(st.just("u"), st.just(n), st.integers(0, 2**n - 1)))
SIGNED = st.integers(0, 63).flatmap(lambda n: st.tuples(st.just("s"), st.just(n + 1), st.integers(-(2**n), 2**n - 1)))
CODES = st.tuples(st.just("ue"), st.just(0), st.integers(0, 2**32 - 2))
SIGNED_CODES = st.tuples(st.just("se"), st.just(0), st.integers(-(2**31) + 1, 2**31 - 1))
OCTETS = st.binary(max_size=9).map(lambda value: ("b", len(value), value))


@settings(max_examples=150)
@given(st.lists(st.one_of(UNSIGNED, SIGNED, CODES, SIGNED_CODES, OCTETS), max_size=30))
def test_round_trip(items: list[tuple[str, int, int | bytes]]) -> None:
    writer = BitWriter()
    for kind, size, item in items:
        if isinstance(item, bytes):
            writer.octets(item)
        elif kind in ("u", "s"):
            writer.unsigned(item, size)
        else:
            (writer.exp_golomb if kind == "ue" else writer.signed_exp_golomb)(item)
    written = writer.position
    writer.align()
    reader = BitReader(writer.getvalue())
    calls = {"u": reader.unsigned, "s": reader.signed, "b": reader.octets}
    codes = {"ue": reader.exp_golomb, "se": reader.signed_exp_golomb}
    for kind, size, item in items:
        assert (calls[kind](size) if kind in calls else codes[kind]()) == item
    assert reader.position == written
    assert reader.unsigned(reader.left) == 0


def test_examples_of_the_specification() -> None:
    bits = "1" + "010" + "011" + "00100" + "1" + "010" + "011" + "00100" + "00101" + "000"
    reader = BitReader(int(bits, 2).to_bytes(len(bits) // 8, "big"))
    assert [reader.exp_golomb() for _ in range(4)] == [0, 1, 2, 3]
    assert [reader.signed_exp_golomb() for _ in range(5)] == [0, 1, -1, 2, -2]


def test_ends() -> None:
    reader = BitReader(b"\0" * 20)
    with pytest.raises(BadCodeError):
        reader.exp_golomb()
    assert BitReader(b"\1").peek(9) is None
    assert BitReader(b"\1").peek(8) == 1
    for call in (lambda: BitReader(b"").unsigned(1), lambda: BitReader(b"a").octets(2), BitReader(b"\0\0").exp_golomb):
        with pytest.raises(ExhaustedError):
            call()
