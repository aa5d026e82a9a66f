# SPDX-License-Identifier: BSD-3-Clause-Clear
import importlib.util
import json
import math
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsw.entropy import gaussian
from refsw.entropy.tables import gaussian_tables
from refsw.resources import spec_dir

TOOL = Path(__file__).resolve().parents[2] / "tools" / "make_tables.py"


def test_file_is_what_the_generator_makes() -> None:
    spec = importlib.util.spec_from_file_location("refsw_tools_make_tables", TOOL)
    assert spec and spec.loader
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.PATH.read_bytes() == tool.render().encode()


def test_file_fits_its_schema() -> None:
    data = json.loads((spec_dir() / "tables" / "gaussian.json").read_text())
    jsonschema.validate(data, json.loads((spec_dir() / "schema" / "tables.schema.json").read_text()))
    assert data["total_bits"] == gaussian_tables().total_bits == gaussian.TOTAL_BITS


@settings(max_examples=60)
@given(st.integers(1, 1 << 700), st.integers(1, 70))
def test_root(value: int, degree: int) -> None:
    r = gaussian.root(value, degree)
    assert r**degree <= value < (r + 1) ** degree


def test_sigma() -> None:
    sigma = [gaussian.sigma(k) / (100 << gaussian.FRACTION) for k in range(67)]
    assert sigma == pytest.approx([0.11 * (64 / 0.11) ** (k / 63) for k in range(67)], rel=1e-12)


def test_rows_that_a_row_averages() -> None:
    assert [gaussian.averaged(k) for k in (0, 1, 3, 4, 10, 12, 63)] == [
        (0, 0, 0), (1, 1, 1), (2, 3, 3), (2, 4, 5), (5, 10, 12), (7, 12, 15), (58, 63, 66)
    ]  # fmt: skip


def test_integral_is_the_error_function() -> None:
    whole = gaussian.half_integral(gaussian.FAR)
    assert whole / (1 << gaussian.FRACTION) == pytest.approx(math.sqrt(math.pi) / 2, rel=1e-15)
    for t in (0.0, 1e-3, 0.5, 1.0, 2.5, 5.0):
        found = gaussian.half_integral(int(t * (1 << 60)) << (gaussian.FRACTION - 60)) / whole
        assert found == pytest.approx(math.erf(t), rel=1e-14)


def test_rows_are_averages_of_normal_distributions() -> None:
    """Frequencies follow the masses to one part in 2**14, symmetric, and cost under 0.1 % (0.0002 bit)."""
    tables = gaussian_tables()
    assert (tables.rows, tables.total_bits) == (64, 14)
    for k in range(64):
        f = tables.frequencies[tables.offsets[k] : tables.offsets[k + 1]]
        values = np.arange(tables.minimum[k], tables.maximum[k] + 1)
        assert tables.minimum[k] == -tables.maximum[k] and np.array_equal(f[:-1], f[:-1][::-1])
        mass = np.zeros(len(values))
        for sigma in (0.11 * (64 / 0.11) ** (row / 63) for row in gaussian.averaged(k)):
            edges = (np.append(values, values[-1] + 1) - 0.5) / (sigma * math.sqrt(2))
            mass += np.diff([math.erf(edge) / 6 for edge in edges])
        assert np.abs(f[:-1] / 2**14 - mass).max() < 4.5 / 2**14  # entries of 1 are paid for by the large ones
        entropy = -np.sum(mass * np.log2(mass))
        assert -np.sum(mass * np.log2(f[:-1] / 2**14)) < entropy * 1.001 + 0.0002
