# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.4) Entropy decoding, one symbol after the other, as the clause has it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

STATE_LOW = 1 << 16  # 8.4.4.1
ESCAPE_ZEROS = 24  # 8.4.4.3
SYMBOL_LIMIT = 1 << 24  # 8.4.1


class DamagedError(Exception):
    """(8.4.4.5) A substream that breaks a requirement of 8.4.4; the text says which."""


@dataclass(frozen=True)
class Row:
    """(8.4.2) A frequency row, expanded for decoding; the last entry is escape."""

    minimum: int
    frequencies: list[int]
    cumulative: list[int]
    entry_of_slot: list[int]
    """(8.4.2.2) 2**T numbers."""


def make_row(minimum: int, frequencies: Sequence[int]) -> Row:
    """(8.4.2.1) A row of a table from its frequencies, which the caller has checked."""
    cumulative = [0, *accumulate(frequencies)][:-1]
    slots = [entry for entry, frequency in enumerate(frequencies) for _ in range(frequency)]
    return Row(minimum, list(frequencies), cumulative, slots)


class Bypass:
    """(8.4.4.3) Bits from the last byte of a substream towards the end of its states."""

    def __init__(self, substream: bytes, first: int) -> None:
        self.substream = substream
        self.first = first
        self.used = 0

    def bit(self) -> int:
        """The next bit."""
        byte = len(self.substream) - 1 - self.used // 8
        if byte < self.first:
            raise DamagedError("bypass bits run into the states (8.4.4.3)")
        value = self.substream[byte] >> (7 - self.used % 8) & 1
        self.used += 1
        return value

    def bits(self, n: int) -> int:
        """The next n bits, most significant first."""
        value = 0
        for _ in range(n):
            value = 2 * value + self.bit()
        return value

    def escape(self, row: Row) -> int:
        """(8.4.4.3) Value of an escape symbol."""
        zeros = 0
        while self.bit() == 0:
            zeros += 1
            if zeros > ESCAPE_ZEROS:
                raise DamagedError("escape with more than 24 zero bits (8.4.4.3)")
        distance = (1 << zeros) - 1 + self.bits(zeros)
        maximum = row.minimum + len(row.frequencies) - 2
        value = row.minimum - 1 - distance if self.bit() else maximum + 1 + distance
        if abs(value) >= SYMBOL_LIMIT:
            raise DamagedError(f"symbol {value} is out of range (8.4.4.3)")
        return value


class Decoder:
    """(8.4.4) A substream, decoded in coding steps: the rows of a step may depend on symbols of earlier ones."""

    def __init__(self, substream: bytes, total_bits: int, table: Sequence[Row], lanes: int) -> None:
        if len(substream) < 4 * lanes:
            raise DamagedError(f"{len(substream)} bytes do not hold {lanes} states (8.4.4.1)")
        self.substream, self.total_bits, self.table = substream, total_bits, table
        self.x = list(struct.unpack_from(f">{lanes}I", substream))
        if min(self.x) < STATE_LOW:
            raise DamagedError("a state is below 2**16 (8.4.4.1)")
        self.bypass = Bypass(substream, 4 * lanes)
        self.position = 4 * lanes
        self.decoded = 0

    def symbols(self, rows: Sequence[int]) -> list[int]:
        """(8.4.4.2) The next symbols; rows[i] is the row of the i-th of them. Raises DamagedError."""
        x, lanes, total_bits, mask = self.x, len(self.x), self.total_bits, (1 << self.total_bits) - 1
        symbols: list[int] = []
        for i, number in enumerate(rows, self.decoded):
            lane = i % lanes
            state, row = x[lane], self.table[number]
            slot = state & mask
            entry = row.entry_of_slot[slot]
            state = row.frequencies[entry] * (state >> total_bits) + slot - row.cumulative[entry]
            if state < STATE_LOW:
                state = state << 16 | self.word(i)
            x[lane] = state
            last = len(row.frequencies) - 1
            symbols.append(row.minimum + entry if entry < last else self.bypass.escape(row))
        self.decoded += len(rows)
        return symbols

    def word(self, i: int) -> int:
        """The next word, for symbol i."""
        position = self.position
        if position + 2 > len(self.substream):
            raise DamagedError(f"no word is left for symbol {i} (8.4.4.5)")
        self.position += 2
        return self.substream[position] << 8 | self.substream[position + 1]

    def finish(self) -> None:
        """(8.4.4.4) States, sizes and fill bits after the last symbol. Raises DamagedError."""
        bits_used, size = self.bypass.used, len(self.substream)
        used = self.position + (bits_used + 7) // 8
        if used != size:
            raise DamagedError(f"{used} of {size} bytes are used (8.4.4.4)")
        tail = self.substream[self.position :]
        if self.x[0] != STATE_LOW + zlib.crc32(tail) % STATE_LOW or any(state != STATE_LOW for state in self.x[1:]):
            raise DamagedError("states do not end where they began (8.4.4.4)")
        if bits_used % 8 and tail[0] & ((1 << (8 - bits_used % 8)) - 1):
            raise DamagedError("fill bits of the bypass are not 0 (8.4.4.4)")


def decode(substream: bytes, total_bits: int, table: Sequence[Row], rows: Sequence[int], lanes: int) -> list[int]:
    """(8.4.4) All symbols of a substream; rows[i] is the row of symbol i in the table, whose rows sum to 2**total_bits.

    Raises DamagedError.
    """
    if not rows:
        if substream:
            raise DamagedError(f"{len(substream)} bytes without symbols (8.4.4.1)")
        return []
    decoder = Decoder(substream, total_bits, table, lanes)
    symbols = decoder.symbols(rows)
    decoder.finish()
    return symbols
