# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The script that trains the bank of the switched enhancement filter, with a small model."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import make_switched_enhancement
import pytest
from PIL import Image as PillowImage

from refsw.resources import spec_dir
from tests.support.tiny import Started, picture


def test_bank_has_the_form_of_the_shipped_one(
    started: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(make_switched_enhancement, "load_config", lambda _: started.config)
    with zipfile.ZipFile(tmp_path / "crops.zip", "w") as out:
        for value in range(24):
            PillowImage.fromarray(picture(value, 96, 96).samples).save(tmp_path / "one.png")
            out.write(tmp_path / "one.png", f"crops/{value}.png")
    argv = ["--data", str(tmp_path / "crops.zip"), "--crops", "24", "--out", str(tmp_path / "bank.json")]
    assert make_switched_enhancement.main([*argv, "--crops", "1"]) == 1
    assert not (tmp_path / "bank.json").exists() and "too few" in capsys.readouterr().err
    assert make_switched_enhancement.main(argv) == 0
    paths = tmp_path / "bank.json", spec_dir() / "tables" / "switched_enhancement.json"
    made, shipped = (json.loads(path.read_text(encoding="utf-8")) for path in paths)
    assert made.keys() == shipped.keys()
    for name in made.keys() - {"coefficients"}:
        assert made[name] == shipped[name]
    shape = [[[len(row) for row in quality] for quality in plane] for plane in made["coefficients"]]
    assert shape == [[[len(row) for row in quality] for quality in plane] for plane in shipped["coefficients"]]
