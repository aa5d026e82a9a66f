# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import numpy as np
import pytest

from refsw.errors import ModelError
from refsw.exact.gain import LOG_LIMIT, GainTable, mantissas
from refsw.exact.operations import NumpyOperations


def test_mantissas_are_powers_of_two_to_the_nearest_integer() -> None:
    """Decided in integers: (2m - 1)^4096 <= 2^(4096 * 16 + k) < (2m + 1)^4096."""
    table = mantissas()
    assert table.shape == (4096,) and table[0] == 1 << 15
    for index in (0, 1, 2, 1023, 2048, 3333, 4095):
        value, target = int(table[index]), 1 << (4096 * 16 + index)
        assert (2 * value - 1) ** 4096 <= target < (2 * value + 1) ** 4096
    assert (np.diff(table) > 0).all()


def test_a_gain_is_the_power_of_two_that_its_table_says() -> None:
    table = GainTable(np.array([[0, 1 << 16, -3 << 16], [1 << 16, 0, 5 << 15]], np.int32), (-(1 << 30), 1 << 30))
    x = np.full((3, 1, 1), 1_000_000)
    for quality_index, logarithms in ((0, (0, 1, -3)), (256, (1, 0, 2.5)), (64, (0.25, 0.75, -1.625))):
        found = NumpyOperations().gain(table, x, quality_index)[:, 0, 0]
        np.testing.assert_allclose(found, 1e6 * 2.0 ** np.array(logarithms), rtol=3e-4)


@pytest.mark.parametrize(
    "values", [np.zeros((1, 4), np.int32), np.zeros((9, 0), np.int32), np.zeros((9, 4)),
               np.full((9, 4), LOG_LIMIT + 1, np.int32)], ids=["one anchor", "empty", "float", "large"],
)  # fmt: skip
def test_tables_that_are_refused(values: np.ndarray) -> None:
    with pytest.raises(ModelError, match="log_gain"):
        GainTable(values, (-1, 1))
