# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.4.4) Interleaved rANS: 32-bit states, 16-bit words, symbol i in lane i mod L.

    substream = L states u(32) | words u(16), in the order of use | bypass bits, from the last byte backwards

Both ends know the number of symbols and lanes. No symbols: no bytes. Everything equals `refsw.entropy.oracle`.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from refsw.entropy.bypass import SYMBOL_LIMIT, BypassReader, Int, distances, write_bypass
from refsw.entropy.loops import VECTOR_LANES, decode_ints, decode_vector, encode_ints, encode_vector
from refsw.entropy.tables import ESCAPE, FrequencyTables
from refsw.errors import DamageError, RefswError

LOW = 1 << 16  # states stay in LOW..2**32 - 1; encoders start and decoders end at LOW, lane 0 at LOW + a checksum
MAX_LANES = 1024


def encode(symbols: Int, rows: Int, tables: FrequencyTables, lanes: int) -> bytes:
    """(8.4.5) The substream of some symbols.

    symbols: int32 [N] in coding order, |v| < 2**24; rows: int32 [N], table row of each, 0..R-1;
    lanes: L, a power of two 1..1024. Where an entropy model has several coding steps, pass all of them, concatenated.
    Raises RefswError, with the position, where a symbol or row is out of range.
    """
    _check_lanes(lanes)
    entries, _, negative, rest = distances(symbols, rows, tables)
    if not entries.size:
        return b""
    bypass = write_bypass(negative, rest)
    state = np.full(lanes, LOW, np.int64)
    state[0] += zlib.crc32(bypass) % LOW  # the states prove the words; this lets them prove the bypass bits as well
    words = (encode_vector if lanes >= VECTOR_LANES else encode_ints)(state, entries, tables)
    return state.astype(">u4").tobytes() + words.astype(">u2").tobytes() + bypass


def decode(data: bytes, rows: Int, tables: FrequencyTables, lanes: int) -> NDArray[np.int32]:
    """(8.4.4) The symbols of a whole substream: one coding step, then the final checks.

    rows: int32 [N], 0..R-1; lanes: L, a power of two 1..1024. Returns int32 [N], |v| < 2**24.
    Raises DamageError where the data is not what an encoder writes for so many symbols of these rows.
    """
    decoder = Decoder(data, tables, lanes)
    symbols = decoder.decode(rows)
    decoder.finish()
    return symbols


class Decoder:
    """(8.4.4) A substream that is decoded in one or more coding steps.

    `decode(rows)` continues where the last call ended, so that rows may depend on symbols of earlier steps;
    `finish()` then verifies that the substream ends where and how an encoder ends it. Symbols are only known to be
    undamaged after `finish()`. Reads nothing outside `data`; memory is bounded by a small multiple of
    len(data) + len(rows), next to the look-ups of the tables.
    """

    def __init__(self, data: bytes, tables: FrequencyTables, lanes: int) -> None:
        """data: the substream; lanes: L, a power of two 1..1024. Raises DamageError if the states are not valid."""
        _check_lanes(lanes)
        self._tables = tables
        self._size = len(data)
        self._count = 0
        self._word = 0
        head = min(4 * lanes, self._size)  # an empty substream has no states, and no symbols
        if 0 < head < 4 * lanes:
            raise DamageError(f"entropy-coded data of {head} bytes is shorter than the states of {lanes} lanes")
        self._state = np.frombuffer(data, ">u4", head // 4).astype(np.int64)
        self._words = np.frombuffer(data, ">u2", (self._size - head) // 2, head).astype(np.uint16)
        self._bypass = BypassReader(data, head)
        if head and int(self._state.min()) < LOW:
            lane = int(np.argmin(self._state))
            raise DamageError(f"entropy-coded data is damaged: lane {lane} begins in state {self._state[lane]} < 65536")

    def decode(self, rows: Int) -> NDArray[np.int32]:
        """(8.4.4) The next len(rows) symbols. rows: int32 [N], 0..R-1. Returns int32 [N], |v| < 2**24.

        Raises DamageError where the data ends early or an escape is not valid, RefswError for a row out of range.
        """
        row = np.asarray(rows).astype(np.int64).reshape(-1)
        if not row.size:
            return np.empty(0, np.int32)
        if int(row.min()) < 0 or int(row.max()) >= self._tables.rows:
            raise RefswError(f"table rows {row.min()}..{row.max()}, expected 0..{self._tables.rows - 1}")
        if not len(self._state):
            raise DamageError(f"entropy-coded data is empty where {row.size} symbols are expected")
        loop = decode_vector if len(self._state) >= VECTOR_LANES else decode_ints
        value, self._word = loop(self._state, self._count, row, self._words, self._word, self._tables)
        escaped = np.flatnonzero(value == ESCAPE)
        if escaped.size:
            negative, rest = self._bypass.read(len(escaped))
            row = row[escaped]
            value[escaped] = np.where(
                negative, self._tables.minimum[row] - 1 - rest, self._tables.maximum[row] + 1 + rest
            )
            if int(np.abs(value[escaped]).max()) >= SYMBOL_LIMIT:
                raise DamageError("entropy-coded data is damaged: an escaped value is not below 2**24")
        self._count += len(value)
        return value.astype(np.int32)

    def finish(self) -> None:
        """(8.4.4) Verify the end: every state back at its start, every byte used, padding 0. Raises DamageError."""
        if self._size and not self._count:
            raise DamageError(f"entropy-coded data of {self._size} bytes where no symbols are coded")
        bypass = self._bypass.finish()
        expected = np.full(len(self._state), LOW)
        expected[:1] += zlib.crc32(bypass) % LOW
        wrong = np.flatnonzero(self._state != expected)
        if wrong.size:
            lane = int(wrong[0])
            raise DamageError(
                f"entropy-coded data is damaged: after {self._count} symbols lane {lane} ends in state "
                f"{self._state[lane]}, expected {expected[lane]} ({wrong.size} of {len(expected)} lanes are wrong)"
            )
        used = 4 * len(self._state) + 2 * self._word + len(bypass)
        if used != self._size:
            raise DamageError(f"entropy-coded data is damaged: {self._count} symbols use {used} bytes of {self._size}")


def _check_lanes(lanes: int) -> None:
    if not 1 <= lanes <= MAX_LANES or lanes & (lanes - 1):
        raise RefswError(f"{lanes} lanes, expected a power of two 1..{MAX_LANES}")
