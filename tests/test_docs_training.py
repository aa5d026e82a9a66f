# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The commands of docs/contributor/training.md, in order, with the steps that seconds allow."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from refsw.cli.dec import main as decode
from refsw.cli.enc import main as encode
from refsw.cli.export import main as export
from refsw.cli.train import main as train
from refsw.io import read_image, write_image
from refsw.train import validation
from refsw.train.recipe import load_recipe
from tests.support.tiny import picture
from tests.support.training import write_pictures, write_recipe

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = {"refsw-train": train, "refsw-export": export, "refsw-enc": encode, "refsw-dec": decode}


def test_the_commands_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(validation, "SIDE", 192)
    recipe = load_recipe(ROOT / "cfg" / "train" / "tiny.yaml")
    assert recipe.data == "pictures"
    (tmp_path / "cfg" / "train").mkdir(parents=True)
    write_recipe(tmp_path / "cfg" / "train" / "tiny.yaml",
                 replace(recipe, steps=4, hold=2, warm_up=1, transform_warm_up=2, validate_every=4))  # fmt: skip
    write_pictures(tmp_path / "pictures", 20)
    image = picture(7, 80, 120)
    write_image(tmp_path / "photo.png", image)
    page = (ROOT / "docs" / "contributor" / "training.md").read_text(encoding="utf-8").split("## The recipe")[0]
    lines = [line.strip() for line in page.splitlines() if line.startswith("    ")]
    assert len(lines) == 6
    for line in lines:
        name, *arguments = shlex.split(line)
        if name == "export":
            variable, _, value = arguments[0].partition("=")
            monkeypatch.setenv(variable, value)
        else:
            assert PROGRAMS[name](arguments) == 0, line
    assert (tmp_path / "runs" / "tiny" / "curves.svg").stat().st_size > 1000
    shown = read_image(tmp_path / "photo.dec.png").samples
    assert shown.shape == image.samples.shape
    assert np.abs(shown.astype(int) - image.samples).mean() < 20
