# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Unit vectors of the entropy coder (8.4.4): table, rows and lanes; a substream and its symbols, both ways."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.entropy import rans
from refsw.entropy.rans import LOW
from refsw.entropy.tables import FrequencyTables, gaussian_tables
from suitegen.unit import Case, drawn, tensor_of

Table = Sequence[tuple[int, Sequence[int]]]
"""Minimum and frequencies of each row."""
EXAMPLE: Table = ((-1, (3, 8, 4, 1)),)
THREE: Table = ((-2, (20, 60, 100, 60, 15, 1)), (0, (255, 1)), (-5, (100, 1, 1, 1, 53, 90, 10)))
ESCAPES: Table = ((0, (2,)),)
"""A row that knows escape alone: states stay what they are, so that bypass bits may be stated."""
EXAMPLE_SYMBOLS = (0, 1, 0, -1, 5, 0, 0, 0, -1, 1, 1, -1, -1, 9, -2, 0)
MOST = (1 << 24) - 1


def cases() -> Iterator[Case]:
    """Substreams that decode, then damaged ones."""
    yield from valid()
    yield from damaged()


def given_of(table: Table, rows: Sequence[int], lanes: int, substream: bytes) -> dict[str, Any]:
    """What stands in the file."""
    return {
        "total_bits": sum(table[0][1]).bit_length() - 1,
        "table": [{"minimum": minimum, "frequencies": list(own)} for minimum, own in table],
        "rows": tensor_of(rows, "i4"),
        "lanes": lanes,
        "substream": substream.hex(),
    }


def coded(
    name: str,
    title: str,
    purpose: str,
    clauses: tuple[str, ...],
    table: Table,
    rows: Sequence[int],
    symbols: Sequence[int],
    lanes: int,
) -> Case:
    """Symbols, coded."""
    tables = FrequencyTables.from_frequencies([own for _, own in table], [minimum for minimum, _ in table])
    wanted = np.array(symbols, np.int64)
    data = rans.encode(wanted.astype(np.int32), np.array(rows, np.int32), tables, lanes)
    given = given_of(table, rows, lanes, data)
    return Case(f"unit-entropy-{name}", "entropy", title, purpose, clauses, given, wanted=wanted)


def inside(seed: str, table: Table, count: int) -> tuple[list[int], list[int]]:
    """Rows and symbols that need no escape."""
    rows = drawn(f"{seed}/rows", (count,), 0, len(table) - 1).tolist()
    entries = drawn(f"{seed}/entries", (count,), 0, 1 << 20).tolist()
    symbols = [table[row][0] + entry % (len(table[row][1]) - 1) for row, entry in zip(rows, entries, strict=True)]
    return rows, symbols


def valid() -> Iterator[Case]:
    """One idea each."""
    steps = ("8.4.4.1", "8.4.4.2", "8.4.4.4")
    yield coded(
        "example", "example of the text", "The example of 8.4.6.", ("8.4.6",), EXAMPLE, [0] * 16, EXAMPLE_SYMBOLS, 2
    )
    text = "One lane, three rows, no escapes: the coder as simple as it can be."
    yield coded("one-lane", "one lane", text, steps, THREE, *inside("one", THREE, 40), 1)
    yield coded(
        "eight-lanes",
        "eight lanes",
        "Eight lanes that share their words; the last turn is not full.",
        steps,
        THREE,
        *inside("eight", THREE, 101),
        8,
    )
    yield coded(
        "more-lanes-than-symbols",
        "more lanes than symbols",
        "Five symbols in 16 lanes: all 16 states are there.",
        steps,
        THREE,
        *inside("few", THREE, 5),
        16,
    )
    yield coded(
        "1024-lanes",
        "most lanes",
        "1024 lanes, a turn and a half of them.",
        steps,
        THREE,
        *inside("most", THREE, 1500),
        1024,
    )
    yield coded(
        "no-symbols",
        "no symbols",
        "No symbols: a substream without bytes, and without states.",
        ("8.4.4.1",),
        THREE,
        [],
        [],
        4,
    )
    far = [-2, -3, 2, 1, 12, -12, 100, -1000, 65535, -65537, 1 << 20, 0, MOST, -MOST]
    text = "Values one outside a row and far from it, both signs, up to the greatest magnitude, between others."
    yield coded("escapes", "escapes", text, (*steps, "8.4.4.3"), EXAMPLE, [0] * len(far), far, 2)
    text = "A row of one entry: every symbol is an escape, and states never change."
    yield coded(
        "escape-alone",
        "a row that knows escape alone",
        text,
        ("8.4.2.1", "8.4.4.3"),
        ESCAPES,
        [0] * 6,
        [0, -1, 1, -2, 7, MOST],
        1,
    )
    wide: Table = ((-1, ((1 << 15) - 3, 1, 1, 1)), (3, (1, 1, (1 << 15) - 2)))
    rows = [0] * 9 + [1] * 4 + [0] * 9
    symbols = [-1] * 8 + [0, 3, 4, 3, 4] + [-1] * 4 + [1] + [-1] * 4
    text = "Frequencies of 15 bits, the greatest and 1: a symbol takes next to nothing or almost 15 bits."
    yield coded("15-bits", "frequencies of 15 bits", text, steps, wide, rows, symbols, 2)
    gaussian = gaussian_tables()
    chosen = [0, 20, 40, 63]
    minima, (frequencies, _) = gaussian.minimum.tolist(), gaussian.row_lists
    own: Table = [(minima[row], frequencies[row]) for row in chosen]
    rows, symbols = inside("gaussian", own, 64)
    text = f"Rows {', '.join(map(str, chosen))} of the Gaussian table, renumbered: what codes residuals."
    yield coded("gaussian", "Gaussian rows", text, ("8.4.3", *steps), own, rows, symbols, 4)


def substream(bits: str, words: bytes = b"") -> bytes:
    """One lane of escapes alone, with these bypass bits, and words that nobody takes."""
    size = -(-len(bits) // 8)
    tail = int("0" + bits.ljust(8 * size, "0"), 2).to_bytes(size, "little")
    return (LOW + zlib.crc32(tail) % LOW).to_bytes(4, "big") + words + tail


def damaged() -> Iterator[Case]:
    """Each breaks one requirement."""
    count = [0] * 16
    tables = FrequencyTables.from_frequencies([own for _, own in EXAMPLE], [minimum for minimum, _ in EXAMPLE])
    right = rans.encode(_ints(EXAMPLE_SYMBOLS), _ints(count), tables, 2)
    plain = rans.encode(_ints([0, 1, -1, 0] * 10), _ints([0] * 40), tables, 2)

    def one(name: str, title: str, clause: str, table: Table, rows: Sequence[int], lanes: int, data: bytes) -> Case:
        return Case(
            f"unit-entropy-{name}",
            "entropy",
            title,
            f"Damaged: {title}.",
            (clause,),
            given_of(table, rows, lanes, data),
            clause,
        )

    low = bytes((0, 0, 255, 255)) + right[4:]
    yield one("state-low", "a state is below 2**16", "8.4.4.1", EXAMPLE, count, 2, low)
    yield one("states-cut", "not all states are there", "8.4.4.1", EXAMPLE, count, 2, right[:7])
    yield one("nothing", "no bytes where there are symbols", "8.4.4.1", EXAMPLE, count, 2, b"")
    yield one("not-nothing", "bytes where there are no symbols", "8.4.4.1", EXAMPLE, [], 2, right)
    yield one("word-missing", "a word is missing", "8.4.4.5", EXAMPLE, [0] * 40, 2, plain[:-2])
    yield one(
        "25-zeros",
        "an escape begins with 25 bits 0",
        "8.4.4.3",
        ESCAPES,
        [0],
        1,
        substream("0" * 25 + "1" + "0" * 25 + "0"),
    )
    yield one("2-to-24", "a value is 2**24", "8.4.4.3", ESCAPES, [0], 1, substream("0" * 24 + "1" + f"{1:024b}" + "0"))
    yield one("bypass-into-states", "bypass bits run into the states", "8.4.4.3", ESCAPES, [0], 1, substream("0" * 8))
    yield one("fill-bit", "a bit after the last escape is 1", "8.4.4.4", ESCAPES, [0], 1, substream("10" + "000001"))
    yield one("words-left", "a word is left over", "8.4.4.4", ESCAPES, [0], 1, substream("10", bytes(2)))
    yield one(
        "no-sum",
        "the sum of the bypass bytes is not in the state",
        "8.4.4.4",
        ESCAPES,
        [0],
        1,
        LOW.to_bytes(4, "big") + substream("10")[4:],
    )
    changed = (int.from_bytes(substream("10")[:4], "big") ^ 2).to_bytes(4, "big") + substream("10")[4:]
    yield one("end-state", "the state ends elsewhere", "8.4.4.4", ESCAPES, [0], 1, changed)


def _ints(values: Sequence[int]) -> NDArray[np.int32]:
    return np.array(values, np.int32)
