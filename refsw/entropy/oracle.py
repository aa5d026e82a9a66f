# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.4.4) The coder in plain Python ints: the definition that `refsw.entropy.rans` must equal, bit for bit."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from refsw.entropy.tables import FrequencyTables
from refsw.errors import DamageError

LOW = 1 << 16  # states live in [LOW, LOW << 16); lanes start from LOW, lane 0 from LOW + a checksum of the bypass
LIMIT = 1 << 24  # |symbol| stays below


def _row(tables: FrequencyTables, row: int) -> tuple[list[int], int]:
    return tables.frequencies[tables.offsets[row] : tables.offsets[row + 1]].tolist(), int(tables.minimum[row])


def encode(symbols: Sequence[int], rows: Sequence[int], tables: FrequencyTables, lanes: int) -> bytes:
    """(8.4.5) Substream of symbols[i], each in |v| < 2**24, coded with row rows[i] in lane i mod lanes."""
    state, words, bypass, bits = [LOW] * lanes, list[int](), "", tables.total_bits
    entries = list[int]()
    for symbol, row in zip(symbols, rows, strict=True):
        frequencies, minimum = _row(tables, row)
        entry, last = symbol - minimum, len(frequencies) - 1
        if not 0 <= entry < last:
            digits = f"{(entry - last if entry >= last else -1 - entry) + 1:b}"
            bypass += "0" * (len(digits) - 1) + digits + "01"[entry < 0]
            entry = last
        entries.append(entry)
    if not symbols:
        return b""
    size = -(-len(bypass) // 8)
    tail = int("0" + bypass.ljust(8 * size, "0"), 2).to_bytes(size, "little")
    state[0] += zlib.crc32(tail) % LOW
    for i in reversed(range(len(symbols))):
        frequencies, entry = _row(tables, rows[i])[0], entries[i]
        frequency, x = frequencies[entry], state[i % lanes]
        if x >= frequency << (32 - bits):
            words.append(x % LOW)
            x >>= 16
        state[i % lanes] = (x // frequency << bits) + x % frequency + sum(frequencies[:entry])
    return b"".join(x.to_bytes(4, "big") for x in state) + b"".join(w.to_bytes(2, "big") for w in words[::-1]) + tail


def decode(data: bytes, rows: Sequence[int], tables: FrequencyTables, lanes: int) -> list[int]:
    """(8.4.4) The symbols of a substream; raises DamageError where the data is not what an encoder writes."""
    if not rows and not data:
        return []
    if not rows or len(data) < 4 * lanes:
        raise DamageError("no room for the lane states, or no symbols")
    state = [int.from_bytes(data[4 * k : 4 * k + 4], "big") for k in range(lanes)]
    if min(state) < LOW:
        raise DamageError("lane state below 65536")
    word, bit, symbols, bits = 4 * lanes, 0, list[int](), tables.total_bits
    tail = "".join(f"{byte:08b}" for byte in reversed(data[word:]))
    for i, row in enumerate(rows):
        frequencies, minimum = _row(tables, row)
        x, entry = state[i % lanes], 0
        rest = x % (1 << bits)
        while rest >= frequencies[entry]:
            rest, entry = rest - frequencies[entry], entry + 1
        x = (x >> bits) * frequencies[entry] + rest
        if x < LOW:
            if word + 2 > len(data):
                raise DamageError("words exhausted")
            x, word = x << 16 | int.from_bytes(data[word : word + 2], "big"), word + 2
        state[i % lanes], value = x, minimum + entry
        if entry == len(frequencies) - 1:
            zeros = tail.find("1", bit) - bit
            bit, end = bit + zeros, bit + 2 * zeros + 1
            if not 0 <= zeros <= 24 or end + 1 > len(tail):
                raise DamageError("bypass bits exhausted")
            rest = int(tail[bit:end], 2) - 1
            value, bit = (minimum - 1 - rest if tail[end] == "1" else value + rest), end + 1
            if abs(value) >= LIMIT:
                raise DamageError("escaped value out of range")
        symbols.append(value)
    size = -(-bit // 8)
    state[0] -= zlib.crc32(data[len(data) - size :]) % LOW
    if any(x != LOW for x in state) or word + size != len(data) or "1" in tail[bit : 8 * size]:
        raise DamageError("substream does not end as an encoder ends it")
    return symbols
