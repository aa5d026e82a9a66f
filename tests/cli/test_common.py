# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from refsw.cli.common import Parser, check_paths, guarded, naming, number, plain, write_report
from refsw.errors import CodestreamError, OutputError, RefswError, UsageError
from refsw.io import PictureWarning


@pytest.mark.parametrize(
    ("error", "code"),
    [(kind("x"), kind.exit_code) for kind in (RefswError, UsageError, CodestreamError, OutputError)]
    + [(KeyboardInterrupt(), 130), (MemoryError(), 5), (ZeroDivisionError("a\nb\x1b[31m"), 5), (SystemExit(0), 0)],
)
def test_every_error_is_one_line_and_a_code(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(arguments: Sequence[str]) -> None:
        raise error

    monkeypatch.delenv("REFSW_DEBUG", raising=False)
    assert guarded("prog", work, []) == code
    shown = capsys.readouterr().err
    assert shown.count("\n") == (code != 0)
    assert shown.startswith("prog: error: ") == (code != 0)
    assert "\x1b" not in shown


def test_traceback_on_request(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def work(arguments: Sequence[str]) -> None:
        raise ZeroDivisionError("here")

    monkeypatch.setenv("REFSW_DEBUG", "1")
    assert guarded("prog", work, []) == 5
    assert "Traceback" in capsys.readouterr().err


def test_warnings_of_pictures_are_one_line_and_others_are_silent(capsys: pytest.CaptureFixture[str]) -> None:
    def work(arguments: Sequence[str]) -> None:
        warnings.warn("mine", PictureWarning, 2)
        warnings.warn("theirs", UserWarning, 2)

    assert guarded("prog", work, []) == 0
    assert capsys.readouterr().err == "prog: warning: mine\n"


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_signals_leave_no_partial_output(tmp_path: Path, name: str, code: int) -> None:
    script = f"""
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in a shell's background
from refsw.cli.common import guarded
from refsw.io import atomic_write
def work(arguments):
    with atomic_write(arguments[0]) as file:
        file.write(b"half")
        file.flush()
        assert len(os.listdir({str(tmp_path)!r})) == 1
        os.kill(os.getpid(), signal.{name})
        signal.pause()
sys.exit(guarded("prog", work, sys.argv[1:]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "out")], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == code, done.stderr
    assert done.stderr.count("\n") == 1 and list(tmp_path.iterdir()) == []


def test_sigterm_handler_is_restored() -> None:
    before = signal.getsignal(signal.SIGTERM)
    guarded("prog", lambda arguments: None, [])
    assert signal.getsignal(signal.SIGTERM) is before


def test_naming_adds_the_file_once_and_keeps_the_error() -> None:
    error = CodestreamError("bad", clause="6.1", offset=3)
    with pytest.raises(CodestreamError) as caught, naming("a.jai"), naming("a.jai"):
        raise error
    assert caught.value is error
    assert str(error) == "a.jai: byte 3: bad [clause 6.1]" and error.clause == "6.1"


def test_paths(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.write_bytes(b"")
    (tmp_path / "link").symlink_to(source)
    os.link(source, tmp_path / "hard")
    check_paths(source, (tmp_path / "out", None, tmp_path / "report"))
    for outputs in ((source,), (tmp_path / "link",), (tmp_path / "hard",), (tmp_path / "out", tmp_path / "." / "out")):
        with pytest.raises(UsageError):
            check_paths(source, outputs)
    with pytest.raises(OutputError):
        check_paths(source, (tmp_path,))
    check_paths(Path("/dev/null"), (Path("/dev/null"),))


def test_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    parser = Parser("prog", "")
    parser.add_argument("--n", type=number(int, 1, 4))
    parser.add_argument("--x", type=number(float, 0, 1))
    assert vars(parser.parse_args(["--n", "4", "--x", "0.5"])) == {"n": 4, "x": 0.5}
    for arguments in (["--n", "0"], ["--n", "1.5"], ["--x", "nan"], ["--x", "inf"], ["--x", "1,5"], ["--y"]):
        with pytest.raises(UsageError, match=r"see prog --help"):
            parser.parse_args(arguments)
    assert capsys.readouterr().err == ""


def test_reports_are_plain_json(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Part:
        path: Path
        values: tuple[float, ...]

    report = {"part": Part(Path("a"), (1.5, float("nan"))), "array": np.arange(3), 3: b"\x01\xff", "flag": np.bool_(1)}
    write_report(tmp_path / "r.json", report)
    found = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert found == plain(report)
    assert found == {"part": {"path": "a", "values": [1.5, None]}, "array": [0, 1, 2], "3": "01ff", "flag": True}
