# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.9.6) From width, shape and phase to a row of the residual tables, and the low bits that follow uncoded."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
from numpy.typing import NDArray

from refsw.entropy.tables import FrequencyTables
from refsw.errors import ModelError
from refsw.lossless.generate import PHASED, PHASES, SCALES, SHAPES, UNIFORM_BITS
from refsw.resources import spec_dir

IntArray = NDArray[np.int64]
OCTAVE = 4  # widths to an octave
WIDTHS = 76  # 0..75: s = 2**(width / 4 - 3); from 28 on, low bits are left out
RAW = WIDTHS  # the width under which a sample stands uncoded
UNIFORM = PHASED * len(SHAPES) * PHASES + (SCALES - PHASED) * len(SHAPES)
"""First of the rows of equally likely values: row UNIFORM + b - 1 holds b bits."""


@cache
def residual_tables() -> FrequencyTables:
    """(9.9.7) The rows of spec/tables/residual.json. Raises ModelError where the file is not what its digest says."""
    path = spec_dir() / "tables" / "residual.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        rows = data["rows"]
        tables = FrequencyTables.from_frequencies([r["frequencies"] for r in rows], [r["minimum"] for r in rows])
        expected = data["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: cannot be read as frequency tables: {error}") from error
    if tables.digest != expected:
        raise ModelError(f"{path}: altered: digest {tables.digest[:16]}..., expected {str(expected)[:16]}...")
    return tables


@cache
def _row_map() -> IntArray:
    """int64 [WIDTHS + 1, shapes, phases]; raw samples take row 0 here, and `uniform_row` where it is read."""
    found = np.zeros((WIDTHS + 1, len(SHAPES), PHASES), np.int64)
    for width in range(WIDTHS):
        scale = width if width < SCALES else SCALES - OCTAVE + (width - SCALES) % OCTAVE
        for shape in range(len(SHAPES)):
            for phase in range(PHASES):
                if scale < PHASED:
                    found[width, shape, phase] = (scale * len(SHAPES) + shape) * PHASES + phase
                else:
                    rest = (scale - PHASED) * len(SHAPES) + shape
                    found[width, shape, phase] = PHASED * len(SHAPES) * PHASES + rest
    return found


def low_bits(widths: IntArray, depth: int) -> IntArray:
    """(9.9.6) Low bits that are left out of a symbol: none up to width 27, then one more for each octave.

    Of a raw sample all but the upper 8.
    """
    own = np.maximum(0, (widths - SCALES) // OCTAVE + 1)
    return np.where(widths == RAW, depth - min(UNIFORM_BITS, depth), own)


def rows_of(widths: IntArray, shapes: IntArray, phases: IntArray, depth: int) -> IntArray:
    """(9.9.6) Row of each symbol; widths 0..76, shapes 0..3, phases 0..2."""
    return np.where(widths == RAW, UNIFORM + min(UNIFORM_BITS, depth) - 1, _row_map()[widths, shapes, phases])


def uniform_row(bits: IntArray) -> IntArray:
    """Row of values of 1..8 bits that are equally likely."""
    return UNIFORM + bits - 1
