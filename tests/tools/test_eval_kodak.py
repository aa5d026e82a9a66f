# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The evaluation tool on a fake codec: it measures, it notices what is wrong, it takes what it knows from its cache."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

WRONG, MISJUDGED, FATAL = 13, 14, 15  # see fake_codec.py
Tool = Callable[[str], ModuleType]
QUALITIES = "--qualities=0,20,40,60,80"


@pytest.fixture
def evaluate(tool: Tool, fake_codec: str, tmp_path: Path) -> Callable[..., tuple[int, dict[str, Any]]]:
    """(folder, further arguments) -> exit code and results."""

    def run(folder: Path, *further: str) -> tuple[int, dict[str, Any]]:
        out = tmp_path / "run"
        code = tool("eval_kodak").main(
            ["--data", str(folder), "--codec", fake_codec, "--anchors", "jpeg", QUALITIES, "--out", str(out), *further]
        )
        return code, json.loads((out / "results.json").read_text()) if out.exists() else {}

    return run


Evaluate = Callable[..., tuple[int, dict[str, list[dict[str, Any]]]]]
Pictures = Callable[..., Path]


def test_a_good_codec_passes(
    evaluate: Evaluate, pictures: Pictures, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, cache = pictures(0, 1), tmp_path / "cache"
    code, results = evaluate(folder, "--jobs", "2", "--cache", str(cache))
    assert (code, results["failures"]) == (0, [])
    ours = [(point["image"], point["target"]) for point in results["points"] if point["codec"] == "refsw"]
    assert ours == [(f"0{n}.png", f"quality {q}") for n in range(2) for q in (0, 20, 40, 60, 80)]
    assert all(point["samples"] == 48 * 64 for point in results["points"])
    page = (tmp_path / "run" / "report" / "index.html").read_text()
    assert all(f"0{n}.png" in page for n in range(2))
    assert not (tmp_path / "run" / "conditions.json").exists()  # which cannot say that the codec is another
    printed = capsys.readouterr().out
    assert "10 codestreams decoded in a separate process, 0 checks failed" in printed
    assert "jpeg" in printed and "–" not in printed.partition("BD-rate")[2]
    code, again = evaluate(folder, "--cache", str(cache))
    assert (code, again["points"]) == (0, results["points"])  # times included: nothing was measured again
    assert "00.png" not in capsys.readouterr().err


@pytest.mark.parametrize(("first", "message"), [(WRONG, "1 decoded samples differ"), (MISJUDGED, "estimate is +")])
def test_a_wrong_codec_fails(
    evaluate: Evaluate, pictures: Pictures, first: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = evaluate(pictures(0, first))
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("FAILED")]
    assert code == 1 and len(lines) == 5
    assert all(message in line and "01.png" in line for line in lines)


def test_conditions_are_written_for_refsw_itself(evaluate: Evaluate, pictures: Pictures, tmp_path: Path) -> None:
    code, results = evaluate(pictures(0), "--codec", "refsw.api", "--qualities=50", "--anchors=")
    assert (code, results["failures"], len(results["points"])) == (0, [], 1)
    written = json.loads((tmp_path / "run" / "conditions.json").read_text())
    assert [(codec["name"], codec["config"]) for codec in written["codecs"]] == [("refsw", "cfg/base.yaml")]


def test_a_dying_codec_fails(evaluate: Evaluate, pictures: Pictures, capsys: pytest.CaptureFixture[str]) -> None:
    code, results = evaluate(pictures(FATAL), "--qualities", "40", "--anchors", "")
    assert code == 1 and results["points"] == []
    assert "FAILED 00.png, refsw at quality 40: its process died" in capsys.readouterr().out


def test_a_requirement_can_fail(tool: Tool) -> None:
    missed = tool("eval_kodak").missed
    measured = [("jpeg", -30.0, -20.0), ("webp", None, None)]
    assert missed(measured, [("jpeg", -30.0)]) == []
    (line,) = missed(measured, [("jpeg", -35.0)])
    assert "is -30.0 %, required -35.0 %" in line
    assert ["not measured" in line for line in missed(measured, [("webp", 0.0), ("avif", 0.0)])] == [True, True]


def test_usage_errors(tool: Tool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main = tool("eval_kodak").main
    assert main(["--data", str(tmp_path)]) == 3
    assert "no pictures" in capsys.readouterr().err


def test_pictures_are_spread_over_the_folder(tool: Tool, pictures: Pictures) -> None:
    folder = pictures(*range(7))
    find = tool("eval_kodak").find_pictures
    assert [path.name for path in find(folder, 3)] == ["00.png", "02.png", "04.png"]
    assert len(find(folder, None)) == len(find(folder, 99)) == 7


@pytest.mark.parametrize(("bits", "fails"), [(8 * 1069, False), (8 * 1069.5, True), (8 * 931, False), (8 * 930, True)])
def test_estimate_may_be_half_a_percent_and_64_bytes_off(
    tool: Tool, pictures: Pictures, bits: float, fails: bool
) -> None:
    from refsw.ctc.cache import Coding

    module = tool("eval_kodak")
    options = module._parser().parse_args(["--data", str(pictures(0)), "--qualities", "3", "--anchors", "",
                                           "--codec", "fake_codec"])  # fmt: skip
    (job,) = module.make_plan(options).jobs
    coding = Coding("refsw", 8000, "", 1000, "", "", bits, (), 0.0)
    assert bool(list(module.misjudged([job], {job.key: coding}))) is fails
