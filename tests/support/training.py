# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A few training pictures on disk and a recipe of a few steps."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
import yaml
from PIL import Image as PillowImage

from refsw.train.data import pack
from refsw.train.recipe import Recipe
from tests.support.tiny import samples

RECIPE = Recipe(
    structure="tiny", data="pictures", begin="", point="bop", trained=(), ms_ssim=0.0,
    variance_scaling=False, zeroing=0.0, seed=3, crop=64, reduce=0.0, tone=0.0,
    batch=4, steps=6, warm_up=2, transform_warm_up=3, hold=3,
    optimiser="adam", learning_rate=1e-3, ema=0.9, clip=3.0, validate_every=100, checkpoint_every=100,
    bf16=False,
)  # fmt: skip


def write_recipe(path: Path, recipe: Recipe = RECIPE) -> Path:
    path.write_text(yaml.safe_dump(asdict(recipe) | {"trained": list(recipe.trained)}))
    return path


def write_pictures(folder: Path, count: int, width: int = 320, height: int = 320) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        PillowImage.fromarray(samples(50 + index, height, width)).save(folder / f"{index}.png", compress_level=1)
    return folder


@pytest.fixture(scope="session")
def training_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of four pictures of 320 x 320."""
    return write_pictures(tmp_path_factory.mktemp("train") / "pictures", 4)


@pytest.fixture(scope="session")
def packed(training_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, packed: a run's data folder."""
    cache = tmp_path_factory.mktemp("packed") / "data"
    pack(training_folder, cache)
    return cache


@pytest.fixture
def run(packed: Path, tmp_path: Path) -> Path:
    """An empty run on the packed pictures."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "data").symlink_to(packed)
    return folder
