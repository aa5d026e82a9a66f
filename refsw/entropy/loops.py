# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.4.4) The symbol loops of the coder, each in two forms that give equal results.

    ints      one symbol at a time in Python ints: faster for few lanes, needs no look-up per slot
    vector    one round of lanes at a time in NumPy: faster from VECTOR_LANES lanes on

States are held in int64 [L]. The vector form also looks at them as 32-bit and 16-bit parts of the same memory, so
that no call converts a type: a state below 2**16 is one whose second 16-bit part is 0, and taking a word moves the
first part to the second.
"""

from __future__ import annotations

import sys
from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

from refsw.entropy.tables import FrequencyTables
from refsw.errors import DamageError

VECTOR_LANES = 16  # from here on a round in NumPy (about 5 us) is faster than its symbols in ints (0.4 us each)
ROUNDS_BUFFER = 1 << 16  # symbols whose slots are held at once: the buffers stay in the cache

IntArray = NDArray[np.int64]
WordArray = NDArray[np.uint16]


def _part32(array: IntArray, part: int) -> NDArray[np.uint32]:
    """View of one 32-bit part of each element, 0 = lowest."""
    return array.view(np.uint32)[part if sys.byteorder == "little" else 1 - part :: 2]


def _part16(array: IntArray, part: int) -> WordArray:
    """View of one 16-bit part of each element, 0 = lowest."""
    return array.view(np.uint16)[part if sys.byteorder == "little" else 3 - part :: 4]


def _exhausted(symbol: int) -> DamageError:
    return DamageError(f"entropy-coded data ends early: no word left for symbol {symbol}")


def decode_ints(
    state: IntArray, first: int, rows: IntArray, words: WordArray, position: int, tables: FrequencyTables
) -> tuple[IntArray, int]:
    """(8.4.4) Values of symbols first .. first + N - 1, symbol i in lane i mod L; `state` is updated in place.

    rows: int64 [N], 0..R-1; words: uint16; position: the next word to use.
    Returns values: int64 [N], ESCAPE where escaped; and the next position.
    Raises DamageError, with the symbol, where a word is needed and none is left.
    """
    states, word, lane, last = state.tolist(), words.data, first % len(state), len(state) - 1
    shift, mask = tables.total_bits, (1 << tables.total_bits) - 1
    frequencies, cumulative = tables.row_lists
    entries = list[int]()
    append = entries.append
    try:
        for row in rows.tolist():
            x, below = states[lane], cumulative[row]
            slot = x & mask
            entry = bisect_right(below, slot) - 1
            x = frequencies[row][entry] * (x >> shift) + slot - below[entry]
            if x < 65536:
                x = x << 16 | word[position]
                position += 1
            states[lane] = x
            lane = (lane + 1) & last
            append(entry)
    except IndexError:
        raise _exhausted(first + len(entries)) from None
    state[:] = states
    return tables.values[tables.offsets[rows] + np.asarray(entries, np.int64)], position


def decode_vector(
    state: IntArray, first: int, rows: IntArray, words: WordArray, position: int, tables: FrequencyTables
) -> tuple[IntArray, int]:
    """(8.4.4) As `decode_ints`."""
    lanes, count = len(state), len(rows)
    values = np.empty(count, np.int64)
    full = max(1, ROUNDS_BUFFER // lanes) * lanes
    done = 0
    while done < count:
        lane = (first + done) % lanes
        left = count - done
        width = min(lanes - lane, left)  # below `lanes`: a round that begins or ends inside the lanes
        size = width if width < lanes else min(full, left - left % lanes)
        base = rows[done : done + size].reshape(-1, width) << tables.total_bits
        position = _decode_rounds(state[lane : lane + width], base, words, position, tables, first + done)
        values[done : done + size] = tables.slot_values.take(base.reshape(-1))
        done += size
    return values, position


def _decode_rounds(
    state: IntArray, base: IntArray, words: WordArray, position: int, tables: FrequencyTables, start: int
) -> int:
    """Rounds of all lanes in `state` [W] from symbol `start` on.

    base: int64 [rounds, W], first slot of each symbol's row; replaced by the slot that was met.
    """
    slot, packed = np.empty_like(state), np.empty_like(state)
    low = np.empty(len(state), np.bool_)
    x, x0, x1 = _part32(state, 0), _part16(state, 0), _part16(state, 1)
    remainder, frequency = _part32(packed, 0), _part32(packed, 1)
    mask, shift = np.array((1 << tables.total_bits) - 1), np.array(tables.total_bits, np.uint32)
    bit_and, add, right_shift, multiply, is_zero = (
        np.bitwise_and, np.add, np.right_shift, np.multiply, np.logical_not)  # fmt: skip
    take, nonzero, end = tables.slots.take, low.nonzero, len(words)
    for done, at in enumerate(base):
        bit_and(state, mask, slot)
        add(at, slot, at)
        take(at, None, packed, "clip")  # "clip": the mode that writes to `packed` without a copy
        right_shift(x, shift, x)
        multiply(x, frequency, x)
        add(x, remainder, x)
        is_zero(x1, low)
        lanes = nonzero()[0]
        if lanes.size:
            after = position + lanes.size
            if after > end:
                raise _exhausted(start + done * len(state) + int(lanes[end - position]))
            x1[lanes] = x0[lanes]
            x0[lanes] = words[position:after]
            position = after
    return position


def encode_ints(state: IntArray, entries: IntArray, tables: FrequencyTables) -> WordArray:
    """(8.4.5) Code entry i in lane i mod L, last entry first; `state` is updated in place.

    entries: int64 [N], indices into tables.frequencies. Returns uint16 [words], in the decoder's order.
    """
    states, lane, last = state.tolist(), len(entries) % len(state), len(state) - 1
    shift, up = tables.total_bits, 32 - tables.total_bits
    frequencies, cumulative = tables.frequencies.tolist(), tables.cumulative.tolist()
    words = list[int]()
    for entry in entries[::-1].tolist():
        lane = (lane - 1) & last
        x, frequency = states[lane], frequencies[entry]
        if x >> up >= frequency:
            words.append(x & 65535)
            x >>= 16
        quotient, remainder = divmod(x, frequency)
        states[lane] = (quotient << shift) + remainder + cumulative[entry]
    state[:] = states
    return np.array(words[::-1], np.uint16)


def encode_vector(state: IntArray, entries: IntArray, tables: FrequencyTables) -> WordArray:
    """(8.4.5) As `encode_ints`."""
    lanes, words, stop = len(state), list[WordArray](), len(entries)
    full = max(1, ROUNDS_BUFFER // lanes) * lanes
    while stop:
        width = stop % lanes or lanes  # the last round may be short; it comes first
        size = width if width < lanes else min(full, stop)
        words += _encode_rounds(state[:width], entries[stop - size : stop].reshape(-1, width), tables)
        stop -= size
    return np.concatenate(words[::-1]) if words else np.empty(0, np.uint16)


def _encode_rounds(state: IntArray, entries: IntArray, tables: FrequencyTables) -> list[WordArray]:
    """Rounds of all lanes in `state` [W], last first; entries: int64 [rounds, W]. Words of each round that has any."""
    total = 1 << tables.total_bits
    frequencies = tables.frequencies.astype(np.uint32)[entries]
    cumulatives = tables.cumulative.astype(np.uint32)[entries]
    quotient, full = np.empty(len(state), np.uint32), np.empty(len(state), np.bool_)
    up, rest = np.array(32 - tables.total_bits, np.uint32), np.uint32(total) - frequencies
    x, x0, x1 = np.empty(len(state), np.uint32), _part16(state, 0), _part16(state, 1)
    x32 = _part32(state, 0)
    words = list[WordArray]()
    add, multiply, divide, right_shift, at_least = (
        np.add, np.multiply, np.floor_divide, np.right_shift, np.greater_equal)  # fmt: skip
    for frequency, spread, below in zip(frequencies[::-1], rest[::-1], cumulatives[::-1], strict=True):
        right_shift(x32, up, x)
        at_least(x, frequency, full)
        lanes = full.nonzero()[0]
        if lanes.size:
            words.append(x0[lanes])
            x0[lanes] = x1[lanes]
            x1[lanes] = 0
        divide(x32, frequency, quotient)  # total * (x // f) + x % f + c = x + (x // f) * (total - f) + c
        multiply(quotient, spread, quotient)
        add(x32, quotient, x32)
        add(x32, below, x32)
    return words
