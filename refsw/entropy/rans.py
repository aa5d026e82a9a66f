# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.4) Interleaved rANS. First version: the signatures, by way of the oracle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from refsw.entropy import oracle
from refsw.entropy.bypass import distances
from refsw.entropy.tables import FrequencyTables


def encode(symbols: NDArray[np.int32], rows: NDArray[np.int32], tables: FrequencyTables, lanes: int) -> bytes:
    """(8.4.5) Substream of the symbols; empty for no symbols."""
    distances(symbols, rows, tables)
    return oracle.encode(symbols.tolist(), rows.tolist(), tables, lanes)


def decode(
    data: bytes, rows: NDArray[np.int32], tables: FrequencyTables, lanes: int, *, place: str = "substream"
) -> NDArray[np.int32]:
    """(8.4.3) The symbols of a substream; raises DamageError."""
    return np.asarray(oracle.decode(data, rows.tolist(), tables, lanes), np.int32)
