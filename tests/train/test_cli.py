# SPDX-License-Identifier: BSD-3-Clause-Clear
"""refsw-train and refsw-export, from pictures to a codestream."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import refsw
from refsw.api import decode_picture, encode_picture
from refsw.cli.export import main as refsw_export
from refsw.cli.train import main as refsw_train
from refsw.config import load_config
from refsw.models import load_package
from refsw.train.data import pack
from refsw.train.plot import read_log
from refsw.train.recipe import VALIDATION_QUALITIES
from tests.support.streams import psnr
from tests.support.tiny import picture
from tests.support.training import RECIPE, write_pictures, write_recipe


def test_pictures_to_package_to_picture(
    training_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = write_recipe(tmp_path / "r.yaml", replace(RECIPE, data=str(training_folder), steps=2, hold=1, warm_up=1))
    run, folder = tmp_path / "run", tmp_path / "models" / "fresh"
    assert refsw_train([str(recipe), "--run", str(run)]) == 0
    arguments = ["package", str(run), "-o", str(folder), "--name", "fresh", "--id", "60003", "--recipe", str(recipe)]
    assert refsw_export(arguments) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["steps"] == 2 and len(told["digest"]) == 64

    monkeypatch.setenv("REFSW_MODELS", str(folder.parent))
    image = picture(3, 90, 120)
    encoded = encode_picture(image, load_config("base", ["model=fresh"]), quality=75)
    decoded = decode_picture(encoded.data)
    np.testing.assert_array_equal(decoded.image.samples, encoded.reconstruction.samples)
    assert psnr(image, decoded.image) > 28
    report = encoded.report
    assert abs(report.estimated_bits / 8 - report.bytes) <= 0.005 * report.bytes + 64

    more = replace(RECIPE, data=str(training_folder), begin=str(folder), steps=1, hold=0, warm_up=1)
    later = tmp_path / "later"
    assert refsw_train([str(write_recipe(recipe, more)), "--run", str(later)]) == 0
    assert refsw_export([*arguments[:1], str(later), *arguments[2:], "--no-picture-exact"]) == 0
    assert load_package("fresh").description.provenance["began"] == told["digest"]  # no package is taken for another


def one_line(capsys: pytest.CaptureFixture[str], program: str) -> str:
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith(f"{program}: error: ")
    return lines[0]


def test_what_cannot_be_trained(training_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, run = write_recipe(tmp_path / "r.yaml"), str(tmp_path / "run")
    nowhere = write_recipe(tmp_path / "n.yaml", replace(RECIPE, structure="huge"))
    cases = {
        "none.yaml": [str(tmp_path / "none.yaml"), "--run", run],
        "not found": [str(good), "--run", run, "--data", str(tmp_path / "absent")],
        "processes 3": [str(good), "--run", run, "--data", str(training_folder), "--processes", "3"],
        "processes 0": [str(good), "--run", run, "--data", str(training_folder), "--processes", "0"],
        "'huge'": [str(nowhere), "--run", run, "--data", str(training_folder)],
        "--until 0": [str(good), "--run", run, "--data", str(training_folder), "--until", "0"],
        "--minutes": [str(good), "--run", run, "--data", str(training_folder), "--processes", "2", "--minutes", "1"],
    }
    for expected, arguments in cases.items():
        assert refsw_train(arguments) == 2, expected
        assert expected in one_line(capsys, "refsw-train")


def test_what_cannot_be_exported(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = write_recipe(tmp_path / "r.yaml")
    arguments = ["package", str(run), "-o", str(tmp_path / "m"), "--name", "x", "--id", "60004"]
    arguments += ["--recipe", str(recipe)]
    assert refsw_export(arguments) == 2
    assert "no checkpoint" in one_line(capsys, "refsw-export")
    (run / "checkpoint.pt").write_bytes(b"no checkpoint of ours")
    assert refsw_export(arguments) == 2
    assert "checkpoint.pt" in one_line(capsys, "refsw-export")
    assert not (tmp_path / "m").exists()


def test_a_checkpoint_of_another_structure_is_refused(
    packed: Path, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    torch.save({"network": {}, "average": {"a": torch.zeros(1)}, "optimiser": {}, "step": 1, "norm": 0.0},
               run / "checkpoint.pt")  # fmt: skip
    recipe = write_recipe(tmp_path / "r.yaml")
    arguments = ["package", str(run), "-o", str(tmp_path / "m"), "--name", "x", "--id", "60004"]
    arguments += ["--recipe", str(recipe)]
    assert refsw_export(arguments) == 2
    assert "structure" in one_line(capsys, "refsw-export")


def test_a_run_keeps_to_its_pictures(training_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe, run = write_recipe(tmp_path / "r.yaml"), tmp_path / "run"
    pack(training_folder, run / "data")
    others = write_pictures(tmp_path / "others", 3)
    assert refsw_train([str(recipe), "--run", str(run), "--data", str(others)]) == 2
    assert "other pictures" in one_line(capsys, "refsw-train")


def test_curves_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also of one that was resumed, and is just writing its last line."""
    pytest.importorskip("matplotlib")
    assert refsw_train(["plot", str(tmp_path)]) == 2
    assert "log.jsonl" in one_line(capsys, "refsw-train")
    validated = {f"{what}@{q}": 1 + q for what in ("bpp", "psnr") for q in VALIDATION_QUALITIES}
    records = [{"step": step, "loss": 1 / step, "rate": 0.1} for step in (50, 100, 150, 100, 150)]
    lines = [json.dumps(r | ({"validation": 0.5} | validated if r["step"] == 150 else {})) for r in records]
    (tmp_path / "log.jsonl").write_text("\n".join([*lines, '{"step": 20']))
    assert [r["step"] for r in read_log(tmp_path)] == [50, 100, 150]
    assert refsw_train(["plot", str(tmp_path)]) == 0
    assert b"<svg" in (tmp_path / "curves.svg").read_bytes()[:1000]
    assert refsw_train(["plot", str(tmp_path), "-o", str(tmp_path / "curves.xyz")]) == 2
    assert "curves.xyz" in one_line(capsys, "refsw-train")
    (tmp_path / "log.jsonl").write_text("no record\n" + lines[0])
    assert refsw_train(["plot", str(tmp_path)]) == 2
    assert "line 1" in one_line(capsys, "refsw-train")


@pytest.mark.slow
def test_a_process_that_dies_ends_the_run_in_one_line(training_folder: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "r.yaml", replace(RECIPE, structure="absent"))
    environment = os.environ | {"PYTHONPATH": str(Path(refsw.__file__).parents[1])}
    command = [sys.executable, "-m", "refsw.cli.train", str(recipe), "--run", str(tmp_path / "run"), "--data",
               str(training_folder), "--processes", "2"]  # fmt: skip
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 5
    lines = [line for line in done.stderr.splitlines() if "Terminating process" not in line]
    assert len(lines) == 1 and "refsw-train: error: process" in lines[0] and "'absent'" in lines[0]
