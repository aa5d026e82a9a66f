# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The cost of integer scales with the shipped weights, on pictures that fit no model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

Tool = Callable[[str], ModuleType]


def test_integer_scales_cost_little(tool: Tool, pictures: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "scale_path.json"
    arguments = ["--data", str(pictures(0, 9)), "--qualities", "40", "90", "--out", str(out)]
    assert tool("eval_scale_path").main(arguments) == 0
    first, second = json.loads(out.read_text())["results"]
    assert first["pictures"] == 2 and (first["quality"], second["quality"]) == (40, 90)
    assert 100 < first["bytes"] < second["bytes"]
    for found in (first, second):
        assert abs(found["integer_percent"]) < 0.3
        assert abs(found["rows_percent"]) < 1
        assert abs(found["z_percent"]) < 1


def test_a_folder_without_pictures(tool: Tool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool("eval_scale_path").main(["--data", str(tmp_path)]) != 0
    assert "no pictures" in capsys.readouterr().err
