# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from refsw.cli.batch import Kind, plan
from refsw.cli.dec import main as decode
from refsw.cli.enc import main as encode
from refsw.cli.workers import Done, Session, Task, run
from refsw.errors import InputError, RefswError, UsageError
from refsw.io import write_image
from refsw.types import Image
from tests.support.tiny import NAME, Started, picture

KIND = Kind("refsw-test", (".png",), ".jai")


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three pictures, one of them in a folder below, and a text that calls itself a picture."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in" / "below").mkdir(parents=True)
    for index, name in enumerate(("a", "c", "below/d")):
        write_image(tmp_path / "in" / f"{name}.png", Image(np.full((9, 12, 3), 60 * index, np.uint8)))
    (tmp_path / "in" / "b.png").write_text("no picture")
    return Path("in")


def names(inputs: list[str], output: str) -> list[str]:
    return [str(task.target) for task in plan(inputs, Path(output), KIND)]


def test_names(pictures: Path) -> None:
    assert names(["in"], "out") == ["out/a.jai", "out/b.jai", "out/below/d.jai", "out/c.jai"]
    assert names(["in/*.png", "in/a.png"], "out") == ["out/a.jai", "out/b.jai", "out/c.jai"]
    assert names(["in"], "{folder}/{name}.x") == ["a.png.x", "b.png.x", "below/d.png.x", "c.png.x"]
    (pictures / "{stem}[1].png").write_bytes(b"")
    assert names(["in/{stem}[1].png", "in/a.png"], "out/{stem}.jai")[0] == "out/{stem}[1].jai"


@pytest.mark.parametrize(
    ("inputs", "output", "words"),
    [(["in"], "out/x.jai", "is the output of"), (["in"], "out.jai", "need a folder"), (["in"], "{size}.jai", "braces"),
     (["in"], "in/{folder}/{name}", "is an input")],
)  # fmt: skip
def test_names_that_collide(pictures: Path, inputs: list[str], output: str, words: str) -> None:
    if words == "is the output of":
        (pictures / "a.PNG").write_bytes(b"")
        output = "out"
    with pytest.raises(UsageError, match=words):
        plan(inputs, Path(output), KIND)


def test_nothing_to_do(pictures: Path) -> None:
    for text in ("in/*.tif", "in/empty"):
        (pictures / "empty").mkdir(exist_ok=True)
        with pytest.raises(InputError):
            plan([text], Path("out"), KIND)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_batch_goes_on_after_a_failed_file(
    pictures: Path, tiny_model: str, jobs: int, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--set", f"model={tiny_model}", "--threads", "1", "--jobs", str(jobs)]
    assert encode(["in", "-o", "out", "--report", "r.json", *options]) == 3
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "4 files: 3 done, 0 skipped, 1 failed"
    assert said.err.count("\n") == 1 and said.err.startswith("refsw-enc: error: in/b.png: ")
    files = json.loads(Path("r.json").read_text(encoding="utf-8"))["files"]
    assert [f["exit_code"] for f in files] == [0, 3, 0, 0] and files[0]["report"]["input"]["width"] == 12
    before = {path: path.stat().st_mtime_ns for path in Path("out").rglob("*.jai")}
    assert len(before) == 3 and encode(["in/a.png", "in/c.png", "-o", "out", *options]) == 0
    assert "0 done, 2 skipped" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in Path("out").rglob("*.jai")} == before
    assert encode(["in/a.png", "in/c.png", "-o", "out", "--force", *options]) == 0
    assert "2 done, 0 skipped" in capsys.readouterr().out
    assert decode(["out/", "-o", "shown/{folder}/{stem}.ppm", "--jobs", str(jobs)]) == 0
    assert sorted(str(p) for p in Path("shown").rglob("*.ppm")) == ["shown/a.ppm", "shown/below/d.ppm", "shown/c.ppm"]
    assert decode(["out/", "-o", "shown", "--dump", "x"]) == 2


@dataclass(frozen=True)
class Dying:
    """Work whose process dies at one file."""

    def open(self) -> Session:
        return self.work

    @staticmethod
    def work(task: Task) -> Done:
        match task.source.name:
            case "die":
                os._exit(9)
            case "refuse":
                raise InputError("refused")
        return Done(task.source.name, None)


def test_a_process_that_dies_costs_one_file() -> None:
    tasks = [Task(Path(name), Path("x")) for name in ("one", "die", "two", "refuse", "three")]
    found = {outcome.task.source.name: outcome for outcome in run(tasks, Dying(), 2)}
    assert {name: outcome.code for name, outcome in found.items()} == {
        "one": 0, "die": RefswError.exit_code, "two": 0, "refuse": 3, "three": 0,
    }  # fmt: skip
    assert "died" in found["die"].text


def test_an_average_over_many_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: Started, capsys: pytest.CaptureFixture[str]
) -> None:
    """One quality for all; a file that fails is left out of the average."""
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    for seed in (3, 4):
        write_image(Path(f"in/{seed}.png"), picture(seed, 128, 160))
    Path("in/bad.png").write_text("no picture")
    options = ["--set", f"model={NAME}", "--threads", "1", "--average-bpp", "0.6"]
    options += ["--set", "tools.linear_enhancement=off"]  # estimates leave its bytes out
    assert encode(["in", "-o", "out", "--report", "r.json", *options]) == 3
    assert "for an average of 0.6 bpp" in capsys.readouterr().out
    size = sum(path.stat().st_size for path in Path("out").glob("*.jai"))
    assert abs(8 * size / (2 * 128 * 160) / 0.6 - 1) < 0.02
    reports = [entry["report"] for entry in json.loads(Path("r.json").read_text())["files"] if entry["report"]]
    assert len({tuple(report["encoder"]["quality_index"]) for report in reports}) == 1


def test_an_average_is_for_many_files(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert encode(["in/a.png", "-o", "x.jai", "--average-bpp", "1"]) == 2
    assert "is for many files" in capsys.readouterr().err
