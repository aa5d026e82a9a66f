# SPDX-License-Identifier: BSD-3-Clause-Clear
import dataclasses
import hashlib
import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from entropy_cases import tables as any_tables
from hypothesis import given, settings

from refsw.entropy import tables as module
from refsw.entropy.tables import ESCAPE, FrequencyTables, gaussian_tables
from refsw.errors import ModelError
from refsw.resources import spec_dir


@settings(max_examples=30)
@given(any_tables())
def test_look_ups_agree_with_the_frequencies(tables: FrequencyTables) -> None:
    total = 1 << tables.total_bits
    slot = 0
    for r in range(tables.rows):
        start, stop = int(tables.offsets[r]), int(tables.offsets[r + 1])
        frequencies = tables.frequencies[start:stop]
        assert frequencies.sum() == total
        assert tables.cumulative[start:stop].tolist() == [int(frequencies[:e].sum()) for e in range(stop - start)]
        assert tables.values[start:stop].tolist() == [*range(tables.minimum[r], tables.maximum[r] + 1), ESCAPE]
        assert tables.row_lists[0][r] == frequencies.tolist()
        for e in range(stop - start):
            own = slice(slot, slot + int(frequencies[e]))
            assert (tables.slots[own] >> 32 == frequencies[e]).all()
            assert (tables.slots[own] & 0xFFFFFFFF).tolist() == list(range(frequencies[e]))
            assert (tables.slot_values[own] == tables.values[start + e]).all()
            slot = own.stop
    assert slot == tables.rows * total == len(tables.slots)


def test_digest_is_what_the_text_says() -> None:
    tables = FrequencyTables.from_frequencies([[1, 2, 1], [4]], [-1, 7])
    layout = struct.pack("<9i", 2, 2, -1, 3, 1, 2, 1, 7, 1) + struct.pack("<i", 4)
    assert tables.digest == hashlib.sha256(layout).hexdigest()
    assert tables.digest != FrequencyTables.from_frequencies([[1, 2, 1], [4]], [-1, 6]).digest


def test_nothing_can_be_written() -> None:
    tables = gaussian_tables()
    for array in (tables.frequencies, tables.offsets, tables.minimum, tables.maximum, tables.cumulative, tables.values,
                  tables.slots, tables.slot_values):  # fmt: skip
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        tables.total_bits = 3  # type: ignore[misc]
    assert gaussian_tables() is tables


def test_one_minimum_for_all_rows_and_arrays() -> None:
    tables = FrequencyTables.from_frequencies(np.full((3, 4), 4, np.int32), -1)
    assert tables.minimum.tolist() == [-1] * 3 and tables.maximum.tolist() == [1] * 3


@pytest.mark.parametrize(
    ("frequencies", "minimum", "message"),
    [
        ([], 0, "0 rows"),
        ([[1, 1]], [0, 0], "2 minima"),
        ([[1, 2]], 0, "row 0: sum 3"),
        ([[]], 0, "row 0: sum 0"),
        ([[1]], 0, "row 0: sum 1,"),
        ([[1 << 16]], 0, "row 0: sum 65536"),
        ([[1, 1], [3, 1]], 0, "row 1: sum 4"),
        ([[2, 2], [4, 0]], 0, "row 1: sum 4, smallest 0"),
        ([[5, -1]], 0, "row 0: sum 4, smallest -1"),
        ([[1, 1], []], 0, "row 1"),
        ([[1, 1]], -32768, "values -32768"),
        ([[1, 2, 1]], 32767, "values 32767..32768"),
    ],
)
def test_refused_rows_are_named(frequencies: list[list[int]], minimum: int | list[int], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        FrequencyTables.from_frequencies(frequencies, minimum)


def test_altered_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(spec_dir() / "tables", tmp_path / "tables")
    path = tmp_path / "tables" / "gaussian.json"
    monkeypatch.setattr(module, "spec_dir", lambda: tmp_path)
    load = gaussian_tables.__wrapped__
    assert load().digest == gaussian_tables().digest
    data = json.loads(path.read_text())
    row = data["rows"][20]["frequencies"]
    row[0], row[1] = row[0] + 1, row[1] - 1
    path.write_text(json.dumps(data))
    with pytest.raises(ModelError, match="altered"):
        load()
    path.write_text("{}")
    with pytest.raises(ModelError, match="cannot be read"):
        load()
    path.unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        load()
