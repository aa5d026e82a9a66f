# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The evaluation tool on a fake codec: it measures, it notices what is wrong, it resumes only what is still true."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from refsw.ctc.points import Journal, Point, journal_key, summarise, tree_digest
from refsw.errors import InputError, RefswError

WRONG, MISJUDGED, FATAL = 13, 14, 15  # see fake_codec.py
Tool = Callable[[str], ModuleType]
QUALITIES = "--qualities=0,20,40,60,80"


@pytest.fixture
def evaluate(tool: Tool, fake_codec: str, tmp_path: Path) -> Callable[..., tuple[int, dict[str, Any]]]:
    """(folder, further arguments) -> exit code and results."""

    def run(folder: Path, *further: str) -> tuple[int, dict[str, Any]]:
        out = tmp_path / "results.json"
        code = tool("eval_kodak").main(
            ["--data", str(folder), "--codec", fake_codec, "--anchors", "jpeg", QUALITIES, "--out", str(out), *further]
        )
        return code, json.loads(out.read_text()) if out.exists() else {}

    return run


Evaluate = Callable[..., tuple[int, dict[str, list[dict[str, Any]]]]]
Pictures = Callable[..., Path]


def test_a_good_codec_passes(evaluate: Evaluate, pictures: Pictures, capsys: pytest.CaptureFixture[str]) -> None:
    code, results = evaluate(pictures(0, 1), "--jobs", "2")
    assert (code, results["failures"]) == (0, [])
    rows = [row for row in results["rows"] if row["codec"] == "refsw"]
    assert [row["quality"] for row in rows] == [0, 20, 40, 60, 80]
    assert [row["pictures"] for row in rows] == [2] * 5
    for point in results["points"]:
        if point["codec"] == "refsw":
            assert point["estimated_bits"] == 8 * point["size"]  # the fake estimates exactly
            assert point["pixels"] == 48 * 64
    assert results["bd_rate"][0]["psnr"] is not None
    printed = capsys.readouterr().out
    assert "10 codestreams decoded in a separate process, 0 checks failed" in printed
    assert "jpeg" in printed


@pytest.mark.parametrize(("first", "message"), [(WRONG, "1 decoded samples differ"), (MISJUDGED, "estimate is +")])
def test_a_wrong_codec_fails(evaluate: Evaluate, pictures: Pictures, first: int, message: str) -> None:
    code, results = evaluate(pictures(0, first))
    assert code == 1
    assert len(results["failures"]) == 5
    assert all(message in line and "01.png" in line for line in results["failures"])


def test_a_dying_codec_is_one_line(evaluate: Evaluate, pictures: Pictures, capsys: pytest.CaptureFixture[str]) -> None:
    code, results = evaluate(pictures(FATAL))
    assert code == 5
    assert not results
    assert "encode process ended with code 7" in capsys.readouterr().err


def test_a_requirement_can_fail(tool: Tool) -> None:
    missed = tool("eval_kodak").missed
    measured = [("jpeg", -30.0, -20.0), ("webp", None, None)]
    assert missed(measured, [("jpeg", -30.0)]) == []
    (line,) = missed(measured, [("jpeg", -35.0)])
    assert "is -30.0 %, required -35.0 %" in line
    assert ["not measured" in line for line in missed(measured, [("webp", 0.0), ("avif", 0.0)])] == [True, True]


def test_resume_takes_what_is_unchanged(
    evaluate: Evaluate, pictures: Pictures, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, journal = pictures(0, 1), tmp_path / "journal.jsonl"
    _, first = evaluate(folder, "--journal", str(journal))
    lines = journal.read_text().splitlines()
    journal.write_text("\n".join(lines[:-3]) + "\n" + lines[-3][:40])  # stopped in the middle of a line
    (folder / "01.png").write_bytes((folder / "00.png").read_bytes())  # another picture under an old name
    _, second = evaluate(folder, "--journal", str(journal), "--resume")
    assert f"{len(lines) - 3} points in" in capsys.readouterr().out
    of = {point["picture"]: point for point in second["points"]}
    assert of["01.png"]["psnr"] == of["00.png"]["psnr"]
    old = [point for point in first["points"] if point["picture"] == "00.png"]
    assert [point for point in second["points"] if point["picture"] == "00.png"] == old  # times included


def test_usage_errors(tool: Tool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main = tool("eval_kodak").main
    assert main(["--data", str(tmp_path)]) == 3
    assert "no pictures" in capsys.readouterr().err
    assert main(["--data", str(tmp_path), "--resume"]) == 2
    assert "--journal" in capsys.readouterr().err


def test_pictures_are_spread_over_the_folder(tool: Tool, pictures: Pictures) -> None:
    folder = pictures(*range(7))
    find = tool("eval_kodak").find_pictures
    assert [path.name for path in find(folder, 3)] == ["00.png", "02.png", "04.png"]
    assert len(find(folder, None)) == len(find(folder, 99)) == 7


def point(picture: str = "a", quality: float = 1.0, **values: object) -> Point:
    times = dict.fromkeys(("encode_s", "decode_s", "encode_cpu_s", "decode_cpu_s"), 1.0)
    metrics = {"psnr": 30.0, "psnr_y": 31.0, "msssim": 0.9, "msssim_y": 0.9, "mse": 65.0}
    fields = {"key": picture, "codec": "refsw", "picture": picture, "quality": quality, "size": 1000, "pixels": 8000}
    return Point(**{**fields, **metrics, **times, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(("bits", "fails"), [(8 * 1069, False), (8 * 1069.5, True), (8 * 931, False), (8 * 930, True)])
def test_estimate_may_be_half_a_percent_and_64_bytes_off(bits: float, fails: bool) -> None:
    assert bool(point(estimated_bits=bits).failures()) is fails


def test_means() -> None:
    (row,) = summarise([point("a", mse=60.0), point("b", size=3000, psnr=32.0, mse=40.0, mismatches=2)])
    assert (row.pictures, row.bpp, row.psnr, row.mismatches) == (2, 2.0, 31.0, 2)
    assert row.psnr_of_mean == pytest.approx(31.1411, abs=1e-4)  # 10 log10(255^2 / 50)
    assert row.msssim_db == pytest.approx(10)


def test_means_over_different_pictures_are_refused() -> None:
    with pytest.raises(InputError, match="not complete"):
        summarise([point("a", 1.0), point("b", 1.0), point("a", 2.0)])


def test_journal_without_resume_starts_empty(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    Journal(path).add(point())
    assert Journal(path, resume=True).find("a", "new name") == point(picture="a").__class__(
        **{**point().__dict__, "picture": "new name"}
    )
    assert len(Journal(path)) == 0
    assert path.read_text() == ""


def test_keys_depend_on_every_part(tmp_path: Path) -> None:
    assert len({journal_key("a", "b"), journal_key("ab"), journal_key("b", "a"), journal_key("a", "b", 1)}) == 4
    (tmp_path / "x").mkdir()
    before = tree_digest(tmp_path)
    (tmp_path / "x" / "f").write_text("1")
    assert before != tree_digest(tmp_path) == tree_digest(tmp_path)


def test_worker_reports_an_unreadable_stream(fake_codec: str, tmp_path: Path) -> None:
    from refsw.ctc.worker import CodecProcess, DecodeRequest

    with CodecProcess("decode", "cfg/base.yaml", codec=fake_codec) as decoder:
        with pytest.raises(RefswError, match="InputError"):
            decoder.run(DecodeRequest(str(tmp_path / "none.jai"), str(tmp_path / "out.npy")))
