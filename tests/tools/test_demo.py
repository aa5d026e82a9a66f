# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The demo on an untrained model: files, table and an offline page of well-formed HTML."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest

from refsw.config import find_config

Tool = Callable[[str], ModuleType]
Pictures = Callable[..., Path]
VOID = {"meta", "img", "input", "br"}


class Balance(HTMLParser):
    """Holds the open elements; an element closed out of order is an error."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.count: dict[str, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def tiny_config(tiny_model: str, tmp_path: Path) -> str:
    text = find_config("cfg/base.yaml").read_text(encoding="utf-8")
    path = tmp_path / "tiny.yaml"
    path.write_text(re.sub(r"(?m)^model: \w+", f"model: {tiny_model}", text), encoding="utf-8")
    return str(path)


def test_demo(
    tool: Tool, tiny_config: str, pictures: Pictures, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples, out = pictures(1, 2), tmp_path / "out"
    (samples / "01.png").rename(samples / "a<b & c.png")
    arguments = ["--samples", str(samples), "--config", tiny_config, "--out", str(out), "--qualities", "10,50,90"]
    assert tool("demo").main([*arguments, "--threads", "1"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + 2 * 3 + 1
    size, bpp = int(lines[1].split()[2]), float(lines[1].split()[3])
    assert (out / "00_q10.jai").stat().st_size == size
    assert bpp == pytest.approx(8 * size / (48 * 64), abs=0.001)
    assert len(list(out.glob("*.jai"))) == len(list(out.glob("*.png"))) == 6

    page = (out / "demo.html").read_text(encoding="utf-8")
    parser = Balance()
    parser.feed(page)
    assert parser.open == []
    assert parser.count["section"] == 2
    assert parser.count["img"] == 2 * (1 + 3 * 2)  # original once; decoded and bit map at each rate
    assert "a&lt;b &amp; c" in page
    assert "a<b" not in page
    assert not re.search(r"https?://|\$\w", page)
    assert "sample for sample" in page


def test_no_samples_is_one_line(tool: Tool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool("demo").main(["--samples", str(tmp_path)]) == 2
    assert "no pictures" in capsys.readouterr().err


def test_unknown_configuration_is_one_line(tool: Tool, pictures: Pictures, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool("demo").main(["--samples", str(pictures(0)), "--config", "nowhere.yaml"]) == 2
    assert "nowhere.yaml" in capsys.readouterr().err


def test_evaluation_of_the_real_codec(
    tool: Tool, tiny_config: str, pictures: Pictures, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The chain of eval_kodak with refsw itself; untrained weights have no curve worth a BD-rate."""
    arguments = ["--data", str(pictures(0)), "--config", tiny_config, "--qualities", "30,80", "--anchors", ""]
    assert tool("eval_kodak").main(arguments) == 0
    assert "2 codestreams decoded in a separate process, 0 checks failed" in capsys.readouterr().out


def test_benchmark_of_the_real_codec(
    tool: Tool, tiny_config: str, pictures: Pictures, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = next(pictures(0).iterdir())
    arguments = ["--picture", str(picture), "--config", tiny_config, "--repeats", "1", "--threads", "1", "--no-peers"]
    assert tool("bench_codec").main(arguments) == 0
    printed = capsys.readouterr().out
    for stage in ("parse headers", "entropy decoding", "scale path", "mean path", "synthesis", "colour", "write PNG"):
        assert stage in printed
    assert "after a decode" in printed
