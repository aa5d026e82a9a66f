# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from refsw.cli.probe import main
from refsw.syntax import Codestream, write


@pytest.fixture
def stream(tmp_path: Path, full: Codestream) -> Path:
    path = tmp_path / "full.jai"
    path.write_bytes(write(full))
    return path


def test_tree(stream: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(stream)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["0.0", "16", "soc_marker", "FF80", "5.2.1.1"]
    assert any("colour_matrix[2]" in line and "-32768" in line for line in lines)
    assert any("bit_depth_idc" in line and "1 (10)" in line and line.endswith("6.3.13") for line in lines)


def test_json(stream: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(stream), "--json"]) == 0
    tree = json.loads(capsys.readouterr().out)
    assert tree["bytes"] == stream.stat().st_size and tree["error"] is None
    assert sum(element["bits"] for element in tree["elements"]) == 8 * tree["bytes"]
    assert tree["elements"][0].keys() == {"offset", "bit", "bits", "name", "value", "meaning", "clause"}


def test_validate(stream: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(stream), "--validate"]) == 0
    assert capsys.readouterr().out == f"{stream}: valid\n"
    stream.write_bytes(stream.read_bytes()[:-1])
    assert main([str(stream), "--validate", "--json"]) == 3
    out, err = capsys.readouterr()
    assert json.loads(out)["violations"][0]["clause"] == "5.1.8"
    assert err.count("\n") == 1 and str(stream) in err


def test_complexity(stream: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(stream), "--complexity"]) == 0
    assert "kMAC per sample" in capsys.readouterr().out
    assert main([str(stream), "--complexity", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["regions"] == 4


@pytest.mark.parametrize("content", [b"", b"\xff\x80", bytes(range(256)) * 4, b"\xff\x80\xff\x82" + b"\0" * 99])
@pytest.mark.parametrize("option", ["--json", "--validate", "--complexity", None])
def test_rejects_in_one_line(
    content: bytes, option: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.jai"
    path.write_bytes(content)
    assert main([str(path), *([option] if option else [])]) == 3
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "byte" in err and "clause" in err and "Traceback" not in err


def test_unsupported_and_usage(usual: Codestream, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = bytearray(write(usual))
    data[6] = 9
    path = tmp_path / "later.jai"
    path.write_bytes(data)
    assert main([str(path)]) == 6
    assert main([]) == 2
    assert main([str(path), "--frobnicate"]) == 2
    assert main([str(tmp_path)]) == 3
    assert main([str(tmp_path / "absent")]) == 3
    path.chmod(0)
    if os.geteuid() != 0:
        assert main([str(path)]) == 3
    assert "Traceback" not in capsys.readouterr().err


def test_runs_without_torch_and_survives_a_closed_pipe(stream: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from refsw.cli.probe import main\n"
        f"code = main([{str(stream)!r}])\n"
        "sys.exit(code)"
    )
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (0, "")


def test_integer_layers_of_a_model(tiny_model: str, capsys: pytest.CaptureFixture[str]) -> None:
    """How each layer will run, without torch and without a codestream."""
    assert main(["--model", tiny_model]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "operating points" in lines[0]
    assert any("hyper_scale.layers.0" in line and "float32" in line for line in lines)
    assert any("synthesis.bop.first" in line and "float64" in line for line in lines)
    assert main(["--model", tiny_model, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["layers"][0]["accumulator"] < 1 << 53


@pytest.mark.parametrize("arguments", [[], ["a.jai", "--model", "base"]])
def test_a_file_or_a_model(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "one of the two" in capsys.readouterr().err
