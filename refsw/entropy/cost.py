# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Ideal code length of symbols under their tables, and the lane count that a stream can afford (informative)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from refsw.entropy.bypass import Int, distances
from refsw.entropy.tables import FrequencyTables

MAX_LANES = 1024
LANE_BITS = 24.2  # measured cost of one lane: 16 bits of its start state, and a final state in 32 whole bits
SHARE = 0.00285  # of the ideal length may go into lanes; the arithmetic takes 0.00013


def code_lengths(symbols: Int, rows: Int, tables: FrequencyTables) -> NDArray[np.float64]:
    """Ideal length of each symbol in bits, an escape's bypass bits included: float64 [N].

    symbols, rows: int32 [N], as for `rans.encode`; RefswError as there.
    """
    entry, beyond, _, rest = distances(symbols, rows, tables)
    bits: NDArray[np.float64] = (tables.total_bits - np.log2(tables.frequencies))[entry]
    bits[beyond] += 2.0 * np.frexp(rest + 1.0)[1]  # n zeros, n + 1 bits and the sign: 2 (n + 1) bits
    return bits


def code_length(symbols: Int, rows: Int, tables: FrequencyTables) -> float:
    """Sum of `code_lengths`."""
    return float(code_lengths(symbols, rows, tables).sum())


def escaped(symbols: Int, rows: Int, tables: FrequencyTables) -> NDArray[np.bool_]:
    """True where the row has no entry for the symbol; symbols, rows: integers of one shape."""
    beyond: NDArray[np.bool_] = (symbols < tables.minimum[rows]) | (symbols > tables.maximum[rows])
    return beyond


def choose_lanes(ideal_bits: float, count: int) -> int:
    """The largest power of two of lanes, 1..1024, whose overhead stays below 0.3 %; 1 where none does.

    ideal_bits: from `code_length`; count: number of symbols, never fewer than the lanes.
    """
    lanes = 1
    while lanes < MAX_LANES and 2 * lanes <= count and 2 * lanes * LANE_BITS <= SHARE * ideal_bits:
        lanes *= 2
    return lanes
