# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from refsw.errors import UsageError
from refsw.nets.config import structure
from refsw.resources import cfg_dir
from refsw.train.recipe import Recipe, load_recipe
from tests.support.training import RECIPE, write_recipe


def refused(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        load_recipe(path)
    text = str(caught.value)
    assert "\n" not in text and text.startswith(f"{path}: ")
    return text.removeprefix(f"{path}: ")


def changed(path: Path, **changes: Any) -> Path:
    values = {k: v for k, v in (asdict(RECIPE) | changes).items() if v is not ...}
    path.write_text(yaml.safe_dump(values))
    return path


@pytest.mark.parametrize("path", sorted((cfg_dir() / "train").glob("*.yaml")), ids=lambda p: p.stem)
def test_named_recipes_are_complete(path: Path) -> None:
    recipe = load_recipe(path)
    assert structure(recipe.structure).components
    assert recipe.hold < recipe.steps


def test_recipe_survives_its_file(tmp_path: Path) -> None:
    assert load_recipe(write_recipe(tmp_path / "r.yaml")) == RECIPE


def test_a_whole_number_serves_as_a_real_one(tmp_path: Path) -> None:
    assert load_recipe(changed(tmp_path / "r.yaml", clip=3)).clip == 3


@pytest.mark.parametrize("field", ["structure", "seed", "bf16", "learning_rate"])
def test_missing_field(tmp_path: Path, field: str) -> None:
    assert field in refused(changed(tmp_path / "r.yaml", **{field: ...}))


def test_unknown_field(tmp_path: Path) -> None:
    assert "optimizer" in refused(changed(tmp_path / "r.yaml", optimizer="adam"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seed", "one"), ("seed", 1.5), ("seed", None), ("crop", "wide"), ("crop", None), ("batch", [4]), ("hold", "x"),
        ("learning_rate", "1e-3"), ("learning_rate", True), ("steps", True), ("bf16", 1), ("bf16", "yes"), ("data", 3),
        ("structure", None), ("clip", None),
    ],
)  # fmt: skip
def test_wrong_type(tmp_path: Path, field: str, value: object) -> None:
    """A number as YAML does not read it, such as 1e-3 without a point, is text: it must not pass for a number."""
    message = refused(changed(tmp_path / "r.yaml", **{field: value}))
    assert message.startswith(f"{field} ") and "expected" in message


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("crop", 0), ("crop", 100), ("crop", -64), ("crop", 384), ("hold", 6), ("hold", -1), ("batch", 0), ("steps", 0),
        ("warm_up", 0), ("transform_warm_up", 0), ("checkpoint_every", 0), ("validate_every", 0), ("seed", -1),
        ("learning_rate", 0.0), ("learning_rate", float("nan")), ("learning_rate", float("inf")), ("ema", 1.5),
        ("ema", float("nan")), ("clip", 0.0), ("clip", float("nan")), ("zeroing", -1.0), ("zeroing", float("inf")),
    ],
)  # fmt: skip
def test_values_that_cannot_work(tmp_path: Path, field: str, value: object) -> None:
    assert refused(changed(tmp_path / "r.yaml", **{field: value})).startswith(f"{field} ")


def test_recipes_made_in_python_are_checked_as_well() -> None:
    with pytest.raises(UsageError, match="crop 65"):
        replace(RECIPE, crop=65)
    with pytest.raises(UsageError, match="steps"):
        Recipe(**(asdict(RECIPE) | {"steps": "6"}))


@pytest.mark.parametrize(
    "content", [b"", b"- a\n- b\n", b"seed: [1\ncrop: 64\n", b"\xff\xfe\x00", b"1: 2\n", b"{[1]: 2}\n"]
)
def test_files_that_are_no_recipe(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.yaml"
    path.write_bytes(content)
    assert refused(path)


def test_absent_file(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.yaml")
    assert refused(tmp_path)
