# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.4.2) Frequency tables: integer probabilities of the symbols, and the look-ups made of them.

A row is a list of integer frequencies, each >= 1, summing to 2**total_bits. Its entries stand for the values
minimum, minimum + 1, ..., maximum and, last, for *escape*: any other value, which follows as bypass bits.
Tables never change; look-ups are derived on first use and kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.entropy.normalise import normalise
from refsw.errors import ModelError
from refsw.resources import spec_dir

__all__ = ["ESCAPE", "MAX_TOTAL_BITS", "MIN_TOTAL_BITS", "FrequencyTables", "gaussian_tables", "normalise"]

MIN_TOTAL_BITS = 1
MAX_TOTAL_BITS = 15
VALUE_LIMIT = 1 << 15  # |minimum| and |maximum| of a row stay below it
ESCAPE = -VALUE_LIMIT  # marks an escape in look-ups; no row holds this value

IntArray = NDArray[np.int64]


def _frozen(array: NDArray[np.int64]) -> NDArray[np.int64]:
    array.setflags(write=False)
    return array


@dataclass(frozen=True, eq=False)
class FrequencyTables:
    """(8.4.2) An immutable set of R frequency rows; build it with `from_frequencies`.

    total_bits: T, 1..15; the frequencies of each row sum to 2**T;
    frequencies: int64 [S], rows one after another, escape last in each, every entry >= 1;
    offsets: int64 [R + 1], where each row starts in `frequencies`; offsets[R] = S;
    minimum: int64 [R], value of the first entry of each row.
    """

    total_bits: int
    frequencies: IntArray
    offsets: IntArray
    minimum: IntArray

    @classmethod
    def from_frequencies(
        cls, frequencies: Sequence[Sequence[int]] | NDArray[np.integer[Any]], minimum: int | Sequence[int]
    ) -> FrequencyTables:
        """(8.4.2) Check and freeze rows of frequencies.

        frequencies: one sequence per row (lengths may differ), escape last; all rows have the same
        power-of-two sum 2..2**15; minimum: value of each row's first entry, one int for all rows or one
        per row. A row of one entry knows escape alone. Raises ModelError that names the row.
        """
        rows = [[int(f) for f in row] for row in frequencies]
        minima = [int(minimum)] * len(rows) if isinstance(minimum, int | np.integer) else [int(m) for m in minimum]
        if not rows or len(minima) != len(rows):
            raise ModelError(f"frequency tables: {len(rows)} rows with {len(minima)} minima; need one of each per row")
        total = sum(rows[0])
        bits = total.bit_length() - 1
        if total != 1 << max(bits, 0) or not MIN_TOTAL_BITS <= bits <= MAX_TOTAL_BITS:
            raise ModelError(f"frequency table row 0: sum {total}, expected a power of two in 2..{1 << MAX_TOTAL_BITS}")
        for k, (row, low) in enumerate(zip(rows, minima, strict=True)):
            if sum(row) != total or min(row, default=0) < 1:
                raise ModelError(f"frequency table row {k}: sum {sum(row)}, smallest {min(row, default=0)}; "
                                 f"expected sum {total} and every frequency >= 1")  # fmt: skip
            if not (-VALUE_LIMIT < low and low + len(row) - 2 < VALUE_LIMIT):
                raise ModelError(f"frequency table row {k}: values {low}..{low + len(row) - 2} leave -32767..32767")
        return cls(
            bits,
            _frozen(np.concatenate([np.asarray(row, np.int64) for row in rows])),
            _frozen(np.cumsum([0, *map(len, rows)], dtype=np.int64)),
            _frozen(np.asarray(minima, np.int64)),
        )

    @property
    def rows(self) -> int:
        """R, the number of rows."""
        return len(self.minimum)

    @cached_property
    def maximum(self) -> IntArray:
        """int64 [R], the largest value of each row that needs no escape; minimum - 1 if there is none."""
        return _frozen(self.minimum + np.diff(self.offsets) - 2)

    @cached_property
    def cumulative(self) -> IntArray:
        """int64 [S], the sum of the frequencies before each entry within its row."""
        before = np.cumsum(self.frequencies) - self.frequencies
        return _frozen(before - np.repeat(np.arange(self.rows) << self.total_bits, np.diff(self.offsets)))

    @cached_property
    def values(self) -> IntArray:
        """int64 [S], the value of each entry, ESCAPE for the last of each row."""
        sizes = np.diff(self.offsets)
        value = np.arange(len(self.frequencies)) + np.repeat(self.minimum - self.offsets[:-1], sizes)
        value[self.offsets[1:] - 1] = ESCAPE
        return _frozen(value)

    @cached_property
    def row_lists(self) -> tuple[list[list[int]], list[list[int]]]:
        """Frequencies and cumulative of each row as Python ints, for decoding one symbol at a time."""
        spans = list(zip(self.offsets[:-1].tolist(), self.offsets[1:].tolist(), strict=True))
        frequencies, cumulative = self.frequencies.tolist(), self.cumulative.tolist()
        return [frequencies[a:b] for a, b in spans], [cumulative[a:b] for a, b in spans]

    @cached_property
    def slots(self) -> IntArray:
        """int64 [R * 2**T], what a decoder needs to know of slot s of row r, at index r * 2**T + s.

        Low 32 bits: s - cumulative of the entry that owns the slot; high 32 bits: its frequency.
        """
        slots = np.repeat((self.frequencies << 32) - self.cumulative, self.frequencies)
        slots.reshape(self.rows, -1)[...] += np.arange(1 << self.total_bits)
        return _frozen(slots)

    @cached_property
    def slot_values(self) -> NDArray[np.int16]:
        """int16 [R * 2**T], value of the entry that owns each slot, ESCAPE for escape."""
        values = np.repeat(self.values.astype(np.int16), self.frequencies)
        values.setflags(write=False)
        return values

    @cached_property
    def digest(self) -> str:
        """(8.4.2.3) SHA-256, 64 hexadecimal digits, of little-endian 32-bit integers.

        T, R, then per row: minimum, number of entries, the entries.
        """
        words: list[NDArray[np.int64]] = [np.array([self.total_bits, self.rows])]
        for low, start, stop in zip(self.minimum, self.offsets[:-1], self.offsets[1:], strict=True):
            words += [np.array([low, stop - start]), self.frequencies[start:stop]]
        return hashlib.sha256(np.concatenate(words).astype("<i4").tobytes()).hexdigest()


@cache
def gaussian_tables() -> FrequencyTables:
    """(8.4.3) The 64 zero-mean rows about sigma_k = 0.11 * (64 / 0.11)**(k / 63), from spec/tables.

    Raises ModelError if the file is absent or is not what its digest says.
    """
    path = spec_dir() / "tables" / "gaussian.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        tables = FrequencyTables.from_frequencies(
            [row["frequencies"] for row in data["rows"]], [row["minimum"] for row in data["rows"]]
        )
        expected = data["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: cannot be read as frequency tables: {error}") from error
    if tables.digest != expected:
        raise ModelError(f"{path}: altered: digest {tables.digest[:16]}..., expected {str(expected)[:16]}...")
    return tables
