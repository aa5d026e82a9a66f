# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from refsw.cli.dec import main as decode
from refsw.cli.enc import main as encode
from refsw.config import config_from_dict
from refsw.io import read_image, write_image
from refsw.types import Image, digest

SAMPLES = np.random.default_rng(1).integers(0, 256, (21, 35, 3), dtype=np.uint8)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "in.png"
    write_image(path, Image(SAMPLES))
    return path


def refused(capsys: pytest.CaptureFixture[str], folder: Path, arguments: list[str], code: int, part: str) -> None:
    before = sorted(folder.rglob("*"))
    assert encode(arguments) == code
    shown = capsys.readouterr().err
    assert shown.startswith("refsw-enc: error: ") and shown.count("\n") == 1 and part in shown, shown
    assert sorted(folder.rglob("*")) == before


def test_outputs_and_report(tmp_path: Path, picture: Path, tiny_model: str, capsys: pytest.CaptureFixture[str]) -> None:
    out, rec, report = tmp_path / "out.jai", tmp_path / "rec.ppm", tmp_path / "r.json"
    arguments = [str(picture), "-o", str(out), "--set", f"model={tiny_model}", "--quality", "30", "--threads", "1"]
    assert encode([*arguments, "--rec", str(rec), "--report", str(report)]) == 0
    assert capsys.readouterr() == ("", "")
    found = json.loads(report.read_text(encoding="utf-8"))
    assert found["output"]["bytes"] == found["encoder"]["bytes"] == out.stat().st_size
    assert found["output"]["bpp"] == 8 * out.stat().st_size / (21 * 35)
    assert found["input"]["digest"] == digest(SAMPLES)
    assert found["output"]["reconstruction_digest"] == digest(read_image(rec).samples)
    assert found["numerics"]["threads"] == 1 and found["numerics"]["tf32"] is False
    assert config_from_dict(found["config"]).overrides == (f"model={tiny_model}",)
    assert decode([str(out), "-o", str(tmp_path / "dec.ppm"), "--threads", "1"]) == 0
    assert (tmp_path / "dec.ppm").read_bytes() == rec.read_bytes()


@pytest.mark.parametrize(("height", "width", "channels"), [(1, 1, 1), (1, 1, 3), (1, 70, 1), (65, 2, 3)])
def test_any_size(tmp_path: Path, tiny_model: str, height: int, width: int, channels: int) -> None:
    samples = np.ascontiguousarray(np.resize(SAMPLES, (height, width, channels)))
    names = [str(tmp_path / name) for name in ("in.png", "a.jai", "rec.png", "dec.png")]
    write_image(names[0], Image(samples))
    assert encode([names[0], "-o", names[1], "--rec", names[2], "--set", f"model={tiny_model}", "--threads", "1"]) == 0
    assert decode([names[1], "-o", names[3], "--threads", "1"]) == 0
    assert np.array_equal(read_image(names[2]).samples, read_image(names[3]).samples)
    assert read_image(names[3]).samples.shape == samples.shape


def test_same_picture_same_bytes(tmp_path: Path, picture: Path, tiny_model: str) -> None:
    for name in ("a.jai", "b.jai"):
        assert encode([str(picture), "-o", str(tmp_path / name), "--set", f"model={tiny_model}", "--threads", "1"]) == 0
    assert (tmp_path / "a.jai").read_bytes() == (tmp_path / "b.jai").read_bytes()


def test_time_alone_refines(tmp_path: Path, picture: Path, tiny_model: str) -> None:
    report = tmp_path / "r.json"
    arguments = [str(picture), "-o", str(tmp_path / "a.jai"), "--set", f"model={tiny_model}", "--threads", "1"]
    assert encode([*arguments, "--refine-seconds", "0.4", "--report", str(report)]) == 0
    found = json.loads(report.read_text(encoding="utf-8"))
    assert found["config"]["refine"]["iterations"] > 1000 and found["config"]["refine"]["seconds"] == 0.4
    assert found["encoder"]["refine_iterations"] < 1000


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ([], "-o"),
        (["--quality", "101"], "'101' is not allowed; allowed: 0 to 100"),
        (["--quality", "nan"], "not allowed"),
        (["--quality", "1", "--bpp", "1"], "not allowed with"),
        (["--bpp", "0"], "not allowed"),
        (["--threads", "0"], "not allowed"),
        (["--device", "tpu"], "tpu"),
        (["--qual", "1"], "--qual"),
        (["-c", "nowhere.yaml"], "no such configuration"),
        (["--set", "rate.qualty=1"], "did you mean 'quality'?"),
        (["--rec", "rec.jpg"], ".png"),
        (["--rec", "out.jai"], ".png"),
        (["--report", "out.jai"], "out.jai"),
    ],
)
def test_usage(
    tmp_path: Path, picture: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    arguments: list[str], part: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    output = [] if not arguments else ["-o", "out.jai"]
    refused(capsys, tmp_path, [str(picture), *output, *arguments], 2, part)


def test_input_and_output_paths(tmp_path: Path, picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out.jai")
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "cut.png").write_bytes(picture.read_bytes()[:-30])
    refused(capsys, tmp_path, [str(picture), "-o", str(picture)], 2, "is the input")
    refused(capsys, tmp_path, [str(tmp_path / "absent.png"), "-o", out], 3, "No such file")
    refused(capsys, tmp_path, [str(tmp_path / "text.png"), "-o", out], 3, "not a picture")
    refused(capsys, tmp_path, [str(tmp_path / "cut.png"), "-o", out], 3, "cut.png")
    refused(capsys, tmp_path, [str(tmp_path), "-o", out], 2, "many inputs need a folder")
    refused(capsys, tmp_path, [str(picture), "-o", str(tmp_path / "no" / "out.jai")], 4, "does not exist")


def test_what_is_not_here(tmp_path: Path, picture: Path, tiny_model: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(picture), "-o", str(tmp_path / "out.jai"), "--set"]
    refused(capsys, tmp_path, [*arguments, "model=nowhere"], 6, "model nowhere is not installed")
    arguments += [f"model={tiny_model}", "--set", "profile=high", "--set", "operating_points=[hop]"]
    refused(capsys, tmp_path, arguments, 6, "hop")


def test_help_documents_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    for main in (encode, decode):
        assert main(["--help"]) == 0
        shown = capsys.readouterr().out
        assert all(f"\n  {code}  " in shown for code in (0, 2, 3, 4, 5, 6))


@pytest.mark.parametrize("program", ["enc", "dec"])
def test_errors_come_without_torch(program: str, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no picture, no codestream")
    script = f"""
import sys
from refsw.cli.{program} import main
for arguments in (["--help"], ["a"], ["a", "-o", "x.jpg"], ["text", "-o", "x.png"], ["a", "-o", "x.png"]):
    assert main(arguments) in (0, 2, 3)
assert "torch" not in sys.modules
"""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr.count("error: ") == 4, done.stderr
