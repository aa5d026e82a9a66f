# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Runs the commands of docs/user/formats.md, with a small model."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from refsw.io import read_image, write_image
from tests.support.formats import formatted

ROOT = Path(__file__).resolve().parents[1]


def test_commands(tmp_path: Path, tiny_model: str) -> None:
    deep, mask = formatted(1, 48, 64, 16, "rgb"), formatted(2, 48, 64, 8, "rgb", alpha=True)
    clip = formatted(3, 48, 64, 10, "4:2:0")
    for name, image in (("deep.png", deep), ("mask.png", mask), ("clip.yuv", clip)):
        write_image(tmp_path / name, image)
    (tmp_path / "clip.yuv.json").unlink()
    page = (ROOT / "docs/user/formats.md").read_text(encoding="utf-8")
    commands = [line.strip() for line in page.splitlines() if line.startswith("    refsw-")]
    assert len(commands) > 10
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    for command in commands:
        words = shlex.split(command)
        redirected = {sign: words[words.index(sign) + 1] for sign in "<>" if sign in words}
        words = words[: words.index("<")] if "<" in words else words
        program = [sys.executable, "-m", f"refsw.cli.{words[0].removeprefix('refsw-')}", *words[1:]]
        if words[0] == "refsw-enc":
            program += ["--set", f"model={tiny_model}"]
        data = (tmp_path / redirected["<"]).read_bytes() if redirected else None
        done = subprocess.run(program, cwd=tmp_path, input=data, capture_output=True, env=environment, timeout=120)
        assert done.returncode == 0, (command, done.stderr)
        if redirected:
            (tmp_path / redirected[">"]).write_bytes(done.stdout)
    assert read_image(tmp_path / "deep-back.png").bit_depth == read_image(tmp_path / "deep-back.tif").bit_depth == 16
    back = read_image(tmp_path / "clip-back.yuv")
    assert back.bit_depth == 10 and back.chroma is not None and back.metadata.cicp is not None
    assert back.metadata.cicp.matrix_coefficients == 9 and not back.metadata.cicp.full_range
    alpha, found = mask.alpha, read_image(tmp_path / "mask-back.png")
    assert alpha is not None and found.alpha is not None and np.array_equal(found.alpha, alpha)
    assert (found.metadata.icc, found.metadata.exif, found.metadata.xmp) == (b"profile", mask.metadata.exif, b"<x/>")
    assert np.array_equal(read_image(tmp_path / "piped.png").samples, found.samples)


@pytest.mark.parametrize(("options", "part"), [(["--chroma", "4:2:0"], "--size"), (["--size", "9y9"], "no size")])
def test_options_that_do_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], part: str
) -> None:
    from refsw.cli.enc import main

    assert main(["a.yuv", "-o", str(tmp_path / "a.jai"), *options]) == 2
    assert part in capsys.readouterr().err
