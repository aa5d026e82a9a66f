# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.4.4.3) Values outside their row: Exp-Golomb bits with a sign, in a section of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.entropy.tables import FrequencyTables
from refsw.errors import DamageError, RefswError

SYMBOL_LIMIT = 1 << 24  # |symbol| stays below it
MAX_PREFIX = 24  # zeros before the first 1 of a code word: distances stay below 2**24 + 2**15
MAX_CODE_BITS = 2 * MAX_PREFIX + 2

Int = NDArray[np.integer[Any]]
IntArray = NDArray[np.int64]


def distances(
    symbols: Int, rows: Int, tables: FrequencyTables
) -> tuple[IntArray, IntArray, NDArray[np.bool_], IntArray]:
    """(8.4.4.3) Split symbols into table entries and what the bypass bits must tell.

    symbols: int32 [N], |v| < 2**24; rows: int32 [N], 0..R-1.
    Returns entry: int64 [N], index into tables.frequencies; escaped: int64 [E], positions of escapes, rising;
    negative: bool [E], below the row's minimum; rest: int64 [E], how far outside the row, 0 = next to it.
    Raises RefswError where a symbol or a row is out of range, with its position.
    """
    value = np.asarray(symbols).astype(np.int64).reshape(-1)
    row = np.asarray(rows).astype(np.int64).reshape(-1)
    if value.shape != row.shape:
        raise RefswError(f"{value.size} symbols with {row.size} table rows: expected one row per symbol")
    if row.size and (row.min() < 0 or row.max() >= tables.rows):
        at = int(np.flatnonzero((row < 0) | (row >= tables.rows))[0])
        raise RefswError(f"symbol {at}: table row {row[at]}, expected 0..{tables.rows - 1}")
    low, high = tables.minimum[row], tables.maximum[row]
    above, below = value > high, value < low
    escaped = np.flatnonzero(above | below)
    entry = tables.offsets[row] + value - low
    entry[escaped] = tables.offsets[row[escaped] + 1] - 1
    outside = value[escaped]
    if outside.size and int(np.abs(outside).max()) >= SYMBOL_LIMIT:
        at = int(escaped[np.abs(outside) >= SYMBOL_LIMIT][0])
        raise RefswError(f"symbol {at}: value {value[at]} cannot be coded, expected |value| < 2**24")
    negative = below[escaped]
    rest = np.where(negative, low[escaped] - 1 - outside, outside - high[escaped] - 1)
    return entry, escaped, negative, rest


def write_bypass(negative: NDArray[np.bool_], rest: IntArray) -> bytes:
    """(8.4.4.3) The bypass section of all escapes of a substream, padded with 0 bits and turned end to start.

    negative: bool [E]; rest: int64 [E], 0..2**25 - 2. A code word is n zeros, the n + 1 bits of rest + 1, the sign.
    """
    pairs = zip(rest.tolist(), negative.tolist(), strict=True)
    codes = ["0" * ((r + 1).bit_length() - 1) + f"{r + 1:b}{n:d}" for r, n in pairs]
    bits = np.frombuffer("".join(codes).encode(), np.uint8) - ord("0")
    return np.packbits(bits).tobytes()[::-1]


class BypassReader:
    """(8.4.4.3) Reads code words from the last byte of `data` towards byte `start`, most significant bit first."""

    def __init__(self, data: bytes, start: int) -> None:
        """data: the substream; start: bytes before it hold lane states and are never read as bypass bits."""
        self._data = data
        self._limit = len(data) - start
        self._bit = 0

    def read(self, count: int) -> tuple[NDArray[np.bool_], IntArray]:
        """(8.4.4.3) The next `count` code words: negative, bool [count]; rest, int64 [count], 0..2**25 - 2.

        Raises DamageError where the bits end or a prefix is longer than 24.
        """
        first = self._bit // 8
        last = min(self._limit, (self._bit + count * MAX_CODE_BITS + 7) // 8)  # as many bytes as the words can need
        size = len(self._data)
        window = np.frombuffer(self._data, np.uint8)[size - last : size - first][::-1]
        bits = (np.unpackbits(window) + ord("0")).tobytes()
        at = self._bit - 8 * first
        negative, rest = list[bool](), list[int]()
        for _ in range(count):
            one = bits.find(b"1", at, at + MAX_PREFIX + 1)
            sign = 2 * one - at + 1
            if one < 0 or sign >= len(bits):
                raise DamageError(f"entropy-coded data is damaged: bypass bits end or are not valid at bit {self._bit}")
            rest.append(int(bits[one:sign], 2) - 1)
            negative.append(bits[sign] == ord("1"))
            self._bit += sign + 1 - at
            at = sign + 1
        return np.array(negative), np.array(rest, np.int64)

    def finish(self) -> bytes:
        """(8.4.4.4) The bytes that were read, in file order; raises DamageError where padding bits are not 0."""
        used = self._data[len(self._data) - -(-self._bit // 8) :]
        if self._bit % 8 and used[0] & (0xFF >> self._bit % 8):
            raise DamageError("entropy-coded data is damaged: padding of the bypass bits is not 0")
        return used
