# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Packages are found by name and by what a codestream asks for; wrong weights are an error with a name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from refsw.errors import ModelError
from refsw.models import ComponentDescription, ModelDescription, ModelPackage, find, find_by_id, installed, load_package
from refsw.models import save_package as save
from refsw.resources import models_dir

DESCRIPTION = ModelDescription(1, "base", "", (ComponentDescription("primary", ("Y",), 8, 4, "none"),))


def package(folder: Path, value: int, **fields: object) -> ModelPackage:
    return save(folder, replace(DESCRIPTION, **fields), {"t": {"w": np.array([value], np.int8)}})  # type: ignore[arg-type]


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A house of its own: one shipped set that the specification lists."""
    spec = tmp_path / "spec"
    spec.mkdir()
    own = package(tmp_path / "shipped" / "base", 1)
    find.write_listing(spec / "models.yaml", [own])
    monkeypatch.setattr(find, "models_dir", lambda: tmp_path / "shipped")
    monkeypatch.setattr(find, "spec_dir", lambda: spec)
    monkeypatch.delenv(find.VARIABLE, raising=False)
    yield tmp_path / "shipped"


def test_by_name_path_and_id(shipped: Path) -> None:
    own = load_package("base")
    assert load_package(shipped / "base").digest == load_package(str(shipped / "base")).digest == own.digest
    assert find_by_id(1, own.digest[:8]).digest == find_by_id(1, own.digest.upper()[:8]).digest == own.digest
    assert [(folder.name, item.model_id) for folder, item in installed()] == [("base", 1)]


def test_wrong_weights_are_named(shipped: Path) -> None:
    own = load_package("base")
    with pytest.raises(ModelError) as caught:
        find_by_id(1, "3fa90000")
    assert str(caught.value) == (
        f"the stream needs model 1 (base) with weights 3fa90000, "
        f"installed is {own.digest[:16]} in {shipped / 'base'}: wrong weights"
    )
    with pytest.raises(ModelError) as caught:
        find_by_id(9, "3fa90000")
    assert str(caught.value) == (
        f"the stream needs model 9 with weights 3fa90000, which is not installed; installed: 1 (base, {own.digest[:8]})"
    )
    with pytest.raises(ModelError, match=r"model hop is not installed; installed: 1 \(base"):
        load_package("hop")
    for prefix in ("", "xyz"):
        with pytest.raises(ValueError, match="digest prefix"):
            find_by_id(1, prefix)
    assert caught.value.exit_code == 6


def test_user_folders_come_first(shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped_digest = load_package("base").digest
    mine = package(tmp_path / "mine" / "anything", 2)
    other = package(tmp_path / "other" / "x", 3, model_id=300, name="x")
    monkeypatch.setenv(find.VARIABLE, os.pathsep.join([str(tmp_path / "mine"), str(tmp_path / "other")]))
    assert load_package("base").digest == mine.digest
    assert find_by_id(1, mine.digest[:8]).digest == mine.digest
    assert find_by_id(1, shipped_digest[:8]).digest == shipped_digest
    assert load_package("x").digest == find_by_id(300, other.digest[:8]).digest == other.digest
    assert find_by_id(1, mine.digest[:8], tmp_path / "mine").digest == mine.digest
    with pytest.raises(ModelError, match="not installed"):
        find_by_id(300, other.digest[:8], tmp_path / "mine")
    monkeypatch.setenv(find.VARIABLE, str(tmp_path / "absent"))
    with pytest.raises(ModelError, match="cannot be searched for models"):
        installed()


def test_a_broken_package_does_not_hide_the_others(shipped: Path) -> None:
    broken = shipped / "aaa"
    broken.mkdir()
    (broken / "model.yaml").write_text("nonsense")
    (shipped / "no_package").mkdir()
    assert find_by_id(1, load_package("base").digest[:8]).description.name == "base"
    with pytest.raises(ModelError, match=r"aaa/model\.yaml: document"):
        load_package("aaa")


def test_shipped_weights_must_be_the_listed_ones(shipped: Path, tmp_path: Path) -> None:
    package(tmp_path / "elsewhere", 5)
    changed = package_in_place(shipped / "base", 5)
    with pytest.raises(ModelError, match=r"model 1 \(base\) has weights .*, the specification lists .*: wrong weights"):
        load_package("base")
    assert changed != load_package(tmp_path / "elsewhere").folder  # outside the shipped sets it is read


def package_in_place(folder: Path, value: int) -> Path:
    """Overwrite a package without reading it back through the search."""
    return package(folder, value).folder


def test_listing_round_trip_and_faults(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    packages = [package(tmp_path / name, 1, model_id=number, name=name) for number, name in ((2, "high"), (1, "base"))]
    find.write_listing(path, packages)
    listed = find.read_listing(path)
    assert [(model.model_id, model.name) for model in listed] == [(1, "base"), (2, "high")]
    assert listed[1].digest == packages[0].digest
    text = path.read_text()
    for old, new in (("model_id: 2", "model_id: 1"), ("E.5", "E.6"), (listed[0].digest, "z" * 64), ("models:", "x:")):
        assert old in text
        path.write_text(text.replace(old, new))
        with pytest.raises(ModelError, match=r"models\.yaml"):
            find.read_listing(path)
    path.unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        find.read_listing(path)
    find.write_listing(path, [])
    assert find.read_listing(path) == ()


def test_the_real_house() -> None:
    """Every shipped set is listed with its digest, and every listed set is shipped."""
    shipped = {}
    if models_dir().is_dir():
        shipped = {item.model_id: item.digest for folder, item in installed(models_dir())}
    assert {model.model_id: model.digest for model in find.listed()} == shipped
    for model in find.listed():
        assert load_package(model.name).digest == model.digest
