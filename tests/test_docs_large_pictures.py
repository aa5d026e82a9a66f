# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The commands of docs/user/large-pictures.md, in order, at a size that takes seconds."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import large_picture
import numpy as np
import pytest

from refsw.cli.dec import main as decode
from refsw.cli.enc import main as encode
from refsw.cli.probe import main as probe
from refsw.io import read_image
from tests.support.tiny import Started

PAGE = Path(__file__).resolve().parent.parent / "docs" / "user" / "large-pictures.md"
SMALLER = {"8160x6120": "400x300", "regions.side=1024": "regions.side=128", "4096,2048,1024,1024": "128,128,100,90",
           "20000": "3000", "48": "8"}  # fmt: skip
TOOLS: dict[str, Callable[[list[str]], int]] = {
    "tools/large_picture.py": large_picture.main, "refsw-enc": encode, "refsw-dec": decode, "refsw-probe": probe,
}  # fmt: skip


def test_the_commands_of_the_page(
    started: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [line.strip() for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("    ")]
    assert len(lines) == 11
    for line in lines:
        for large, small in SMALLER.items():
            line = line.replace(large, small)
        name, *arguments = shlex.split(line)
        if name == "head":
            _, count, source, _, target = arguments
            Path(target).write_bytes(Path(source).read_bytes()[: int(count)])
            continue
        extra = ["--set", f"model={started.folder.name}"] if name == "refsw-enc" else []
        assert TOOLS[name]([*arguments, *extra]) == 0, line
    part, whole = read_image("part.png").samples, read_image("whole.png").samples
    assert np.abs(part.astype(int) - whole[128:218, 128:228]).max() <= 1
    assert read_image("grey.png").channels == 1 and read_image("coarse.png").samples.shape == whole.shape
    tensors = np.load("latents.npz")
    assert set(tensors.files) == {f"component{i}.{name}" for i in (0, 1) for name in ("y_hat", "z", "symbols")}
    assert tensors["component0.y_hat"].shape == tensors["component0.symbols"].shape == (32, 19, 25)
    shown = json.loads(Path("shown.json").read_text(encoding="utf-8"))
    assert shown["damage"] and {d["part"] for d in shown["damage"]} <= {"z", "symbols"}
    said = capsys.readouterr()
    assert "reading ended early" in said.err and "concealed: region" in said.err
    assert "working memory in windows" in said.out


def test_a_flipped_bit_is_named_and_nothing_is_written(
    started: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert large_picture.main(["300x200", "a.ppm"]) == 0
    options = ["--set", f"model={started.folder.name}", "--set", "regions.side=128"]
    assert encode(["a.ppm", "-o", "a.jai", *options]) == 0
    data = bytearray(Path("a.jai").read_bytes())
    data[len(data) // 2] ^= 1
    Path("b.jai").write_bytes(data)
    assert decode(["b.jai", "-o", "b.png"]) == 3
    found = capsys.readouterr().err
    assert "region " in found and "component " in found and found.count("\n") == 1 and not Path("b.png").exists()
    assert decode(["b.jai", "-o", "b.png", "--conceal"]) == 0
    assert read_image("b.png").samples.shape == (200, 300, 3)


@pytest.mark.parametrize(
    ("options", "words"),
    [(["--region", "0,0,9999,1"], "is not inside the picture"), (["--region", "1,2,3"], "expected X,Y,W,H"),
     (["--region", "0,0,0,1"], "at least 1"), (["--region", "0,0,1,1", "--dump", "d"], "leave out"),
     (["--latents", "x.npy"], ".npz"), (["--channels", "3", "--dump", "d"], "leave out")],
)  # fmt: skip
def test_wrong_options(
    started: Started, options: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    large_picture.main(["64x64", "a.ppm"])
    assert encode(["a.ppm", "-o", "a.jai", "--set", f"model={started.folder.name}"]) == 0
    capsys.readouterr()
    assert decode(["a.jai", "-o", "a.png", *options]) == 2
    assert words in capsys.readouterr().err
