# SPDX-License-Identifier: BSD-3-Clause-Clear
"""`refsw-ctc` from a file of conditions to a table, with anchors and the small model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from refsw.cli.ctc import main
from refsw.ctc.results import Results
from refsw.io import read_image, write_image
from refsw.resources import cfg_dir
from refsw.types import digest
from tests.support.tiny import Started, picture

CONDITIONS = """name: two
pictures:
{pictures}
targets:
  bpp: [1.0, 2.0, 3.0]
codecs:
  - {{codec: jpeg}}
  - {{codec: webp}}{more}
metrics: [psnr_y, psnr_rgb]
bd: {{anchor: jpeg, method: pchip, rates: null}}
search: {{tolerance: 0.05, attempts: 6}}
repetitions: 1
"""
Run = Callable[..., int]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for index in range(2):
        write_image(folder / f"p{index}.png", picture(index, 64, 96))
    return folder


def conditions(data: Path, more: str = "") -> Path:
    lines = [f"  - {{name: {p.stem}, file: {p.name}, sha256: {digest(read_image(p).samples)}}}"
             for p in sorted(data.glob("*.png"))]  # fmt: skip
    path = data.parent / "two.yaml"
    path.write_text(CONDITIONS.format(pictures="\n".join(lines), more=more), encoding="utf-8")
    return path


@pytest.fixture
def ctc(data: Path, tmp_path: Path) -> Run:
    """refsw-ctc with the folders of this test."""

    def run(*arguments: str, cache: bool = True) -> int:
        return main([*arguments, "--data", str(data), *(["--cache", str(tmp_path / "cache")] if cache else [])])

    return run


def test_the_loop(ctc: Run, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = str(conditions(data)), tmp_path / "out"
    assert ctc("plan", file) == 0
    assert "2 pictures, 12 jobs, 2 metrics; with --jobs 1 about unknown" in capsys.readouterr().out
    assert ctc("run", file, "-o", str(out)) == 0
    first = capsys.readouterr()
    assert "two: 12 jobs, 0 from the cache, 12 to do" in first.out and "[12/12]" in first.err
    results = Results.from_json((out / "results.json").read_bytes())
    assert f"12 points, 0 failures, digest {results.digest()}" in first.out
    assert (out / "report" / "index.html").exists()
    assert ctc("status", file) == 0
    assert "two: 12 of 12 jobs are in" in capsys.readouterr().out

    before = (out / "results.json").read_bytes()
    assert ctc("run", file, "-o", str(out)) == 0
    assert "12 from the cache, 0 to do" in capsys.readouterr().out
    again = Results.from_json((out / "results.json").read_bytes())
    assert Results.from_json(before).points == again.points

    assert ctc("plan", file, "--jobs", "2") == 0
    assert "with --jobs 2 about 0 s" in capsys.readouterr().out
    assert ctc("verify", str(out / "results.json"), cache=False) == 0
    assert "verified, 12 points" in capsys.readouterr().out
    assert main(["diff", str(out / "results.json"), str(out / "results.json")]) == 0
    assert "0.0" in capsys.readouterr().out
    for command, made in (("report", "report.md"), ("viewer", "index.html")):
        assert ctc(command, str(out / "results.json"), "-o", str(tmp_path / command)) == 0
        assert (tmp_path / command / made).exists()


def test_verify_names_what_differs(ctc: Run, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert ctc("run", str(conditions(data)), "-o", str(out), "--no-report", "--without", "webp") == 0
    values = json.loads((out / "results.json").read_bytes())
    values["points"][1]["values"][0] += 0.5
    (out / "results.json").write_text(json.dumps(values))
    capsys.readouterr()
    assert ctc("verify", str(out / "results.json")) == 3
    printed = capsys.readouterr()
    assert "p0 jpeg 2 bpp: psnr_y" in printed.out and "1 differences" in printed.err


def test_refsw_and_what_fails(
    ctc: Run, data: Path, tmp_path: Path, started: Started, capsys: pytest.CaptureFixture[str]
) -> None:
    write_image(data / "p2.png", picture(2, 8, 8, 1))  # VMAF takes no picture below 32
    config = tmp_path / "small.yaml"
    base = (cfg_dir() / "base.yaml").read_text(encoding="utf-8")
    config.write_text(base.replace("model: base", f"model: {started.folder.name}"), encoding="utf-8")
    path = conditions(data, f"\n  - {{codec: refsw, name: ours, config: {config}}}")
    path.write_text(path.read_text().replace("[psnr_y, psnr_rgb]", "[psnr_y, vmaf]"))
    code = ctc("run", str(path), "-o", str(tmp_path / "out"), "--without", "webp", "--jobs", "2")
    printed = capsys.readouterr()
    assert code == 3, printed
    results = Results.from_json((tmp_path / "out" / "results.json").read_bytes())
    assert {failure.image for failure in results.failures} == {"p2"}
    assert {(point.image, point.codec) for point in results.points} == {
        (image, codec) for image in ("p0", "p1") for codec in ("jpeg", "ours")
    }
    assert "p2, ours, 1 bpp: VMAF of 8 x 8 samples" in printed.err
    ours = next(codec for codec in results.codecs if codec.name == "ours")
    assert ours.kind == "refsw" and ours.kmac_per_sample and started.folder.name in ours.version
    assert all(point.setting.startswith("quality ") for point in results.points)


def test_lines_for_a_file_of_conditions(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["digest", *(str(path) for path in sorted(data.glob("*.png")))]) == 0
    lines = capsys.readouterr().out
    assert lines.rstrip("\n") in conditions(data).read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run", "cfg/ctc/kodac.yaml"], 2, "did you mean"),
        (["run", "cfg/ctc/quick.yaml", "--without", "wepb"], 2, "did you mean 'webp'"),
        (["run", "cfg/ctc/quick.yaml", "--scheduler", "tcp://a:1"], 3, "no file has the samples of dog, shore"),
        (["plan"], 2, "CONDITIONS.yaml"),
        (["walk"], 2, "invalid choice"),
        (["verify", "nothing.json"], 3, "nothing.json"),
        (["report", "nothing.json", "-o", "x"], 3, "nothing.json"),
    ],
)
def test_what_is_wrong_is_one_line(
    ctc: Run, arguments: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ctc(*arguments) == code
    error = capsys.readouterr().err
    assert message in error and len(error.splitlines()) == 1


def test_options_that_mean_nothing_together(ctc: Run, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(conditions(data))
    for further, message in (
        (["--scheduler", "tcp://a:1"], "is for --engine dask"),
        (["--slurm", "timeout_min=3"], "is for --engine slurm"),
        (["--engine", "slurm", "--slurm", "timeout"], "expected key=value"),
    ):
        assert ctc("run", file, "-o", str(data.parent / "out"), *further) == 2
        assert message in capsys.readouterr().err


def test_results_that_are_no_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.json").write_text("{}")
    assert main(["diff", str(tmp_path / "a.json"), str(tmp_path / "a.json")]) == 3
    assert "a.json: name is missing" in capsys.readouterr().err
