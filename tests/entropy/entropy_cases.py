# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Strategies shared by the tests of the entropy coder: adversarial tables, and symbols that hurt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from refsw.entropy.normalise import normalise
from refsw.entropy.tables import FrequencyTables

LANES = [1 << n for n in range(11)]
EXTREME = (1 << 24) - 1


@dataclass(frozen=True)
class Case:
    """Symbols with their rows and tables."""

    symbols: np.ndarray
    rows: np.ndarray
    tables: FrequencyTables


@st.composite
def tables(draw: st.DrawFn) -> FrequencyTables:
    """Sets of rows: escape alone, one symbol, ragged; flat or extreme; every total; minima at the limits."""
    bits = draw(st.integers(1, 15))
    rows, minima = [], []
    for _ in range(draw(st.integers(1, 4))):
        size = draw(st.integers(1, min(12, 1 << bits)))
        weight = st.one_of(st.integers(0, 3), st.integers(0, 1 << 40))
        weights = draw(st.lists(weight, min_size=size, max_size=size).filter(any))
        rows.append(normalise(weights, 1 << bits))
        minima.append(draw(st.one_of(st.integers(-8, 2), st.sampled_from([-32767, 32767 - size + 2]))))
    return FrequencyTables.from_frequencies(rows, minima)


@st.composite
def cases(draw: st.DrawFn, max_size: int = 80) -> Case:
    """Mostly values of the row, some next to its ends, some at the ends of the range; long runs too."""
    own = draw(tables())
    rows = draw(st.lists(st.integers(0, own.rows - 1), max_size=max_size))
    symbols = []
    for row in rows:
        low, high = int(own.minimum[row]), int(own.maximum[row])
        inside = st.integers(low, high) if high >= low else st.just(low)
        symbols.append(draw(st.one_of(inside, inside, st.integers(low - 3, high + 3),
                                      st.sampled_from([-EXTREME, EXTREME]))))  # fmt: skip
    times = draw(st.sampled_from([1, 1, 1, 7, 40]))
    return Case(np.array(symbols * times, np.int32), np.array(rows * times, np.int32), own)


def gaussian_case(count: int, seed: int = 1, low: float = 6, spread: float = 9) -> Case:
    """`count` rounded normal samples with rows as a codec has them, tails a little heavier than the tables'."""
    from refsw.entropy.tables import gaussian_tables

    random = np.random.default_rng(seed)
    rows = np.clip(random.normal(18, spread, count), low, 63).astype(np.int32)
    sigma = 0.11 * (64 / 0.11) ** (rows / 63)
    return Case(np.round(random.standard_t(8, count) * sigma).astype(np.int32), rows, gaussian_tables())
