# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.4.4) Values outside their row: Exp-Golomb bits with a sign, in a section of their own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from refsw.entropy.tables import FrequencyTables
from refsw.errors import RefswError

SYMBOL_LIMIT = 1 << 24  # |symbol| stays below it
MAX_PREFIX = 24  # zeros before the first 1 of a code word: distances stay below 2**24 + 2**15
MAX_CODE_BITS = 2 * MAX_PREFIX + 2

IntArray = NDArray[np.int64]


def distances(
    symbols: NDArray[np.int32], rows: NDArray[np.int32], tables: FrequencyTables
) -> tuple[IntArray, IntArray, NDArray[np.bool_], IntArray]:
    """(8.4.4) Split symbols into table entries and what the bypass bits must tell.

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
