# SPDX-License-Identifier: BSD-3-Clause-Clear
import json

import jsonschema
import numpy as np
import pytest

from refsw.lossless import generate
from refsw.lossless.rows import UNIFORM, WIDTHS, residual_tables, rows_of
from refsw.resources import spec_dir


@pytest.mark.parametrize("scale", [0, 7, 19, 20])
def test_file_is_what_the_generator_makes(scale: int) -> None:
    """Some rows here; `tools/make_tables.py --check` compares all."""
    tables = residual_tables()
    phases = range(generate.PHASES) if scale < generate.PHASED else [None]
    for shape in (0, 3):
        for phase in phases:
            number = int(rows_of(*(np.array(v) for v in (scale, shape, phase or 0)), 8))
            low, frequencies = generate.residual_row(scale, shape, phase)
            first, last = tables.offsets[number : number + 2]
            assert tables.minimum[number] == low
            assert tables.frequencies[first:last].tolist() == frequencies


def test_uniform_rows_hold_every_value_of_their_bits() -> None:
    tables = residual_tables()
    for bits in range(1, generate.UNIFORM_BITS + 1):
        row = UNIFORM + bits - 1
        assert (tables.minimum[row], tables.maximum[row]) == (0, (1 << bits) - 1)
    assert tables.rows == UNIFORM + generate.UNIFORM_BITS
    assert WIDTHS == 76


def test_file_fits_its_schema() -> None:
    data = json.loads((spec_dir() / "tables" / "residual.json").read_text())
    jsonschema.validate(data, json.loads((spec_dir() / "schema" / "tables.schema.json").read_text()))
