# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A run that travels to another machine in parts and comes back, on the CPU."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import train_chunk
from PIL import Image as PillowImage

from refsw.errors import UsageError
from refsw.train import data, validation
from refsw.train.loop import train
from refsw.train.recipe import OPTIMISERS, Recipe, load_recipe
from refsw.train.state import State, initial_state
from refsw.train.transport import pack_state, split_pictures, unpack_state
from refsw.train.worker import Worker
from tests.support.tiny import samples
from tests.support.training import RECIPE, write_recipe


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve crops of six source pictures."""
    folder = tmp_path_factory.mktemp("archive")
    with zipfile.ZipFile(folder / "crops.zip", "w") as out:
        rows = ["crop\tset\tfile"]
        for value in range(12):
            PillowImage.fromarray(samples(value, 320, 320)).save(folder / "one.png", compress_level=1)
            out.write(folder / "one.png", f"crops/{value}.png")
            rows.append(f"{value}.png\ttrain\tsource{value // 2}.jpg")
        out.writestr("index.tsv", "\n".join(rows) + "\n")
    return folder / "crops.zip"


def test_parts_hold_every_picture_once(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as whole:
        expected = data.origins(whole)
        largest = max(i.file_size for i in whole.infolist())
    found: dict[str, str] = {}
    parts = split_pictures(archive, 2 * largest, 4 * largest)
    assert len(parts) > 2
    for number, part in enumerate(parts):
        path = tmp_path / f"{number}.zip"
        path.write_bytes(part)
        with zipfile.ZipFile(path) as opened:
            here = data.origins(opened)
        assert not set(here.values()) & set(found.values()) and not here.keys() & found.keys()
        found |= here
    assert found == expected


def some(optimiser: str) -> Recipe:
    return replace(RECIPE, trained=("synthesis", "context"), optimiser=optimiser)


def trained_state(run: Path, optimiser: str) -> State:
    return train(some(optimiser), run, Worker(), until=3)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_state_survives_the_way_within_rounding(
    run: Path, packed: Path, monkeypatch: pytest.MonkeyPatch, optimiser: str
) -> None:
    monkeypatch.setattr(validation, "SIDE", 192)
    state, recipe = trained_state(run, optimiser), some(optimiser)
    whole = pack_state(state, 1 << 30)
    again = initial_state(recipe, data.load(packed), "cpu")
    unpack_state(again, whole)
    assert (again.step, again.norm) == (3, state.norm)
    for name, value in state.network.state_dict().items():
        torch.testing.assert_close(again.network.state_dict()[name], value, rtol=1e-3, atol=1e-4, msg=name)
    for name, parameter in again.network.named_parameters():
        own = dict(state.network.named_parameters())[name]
        assert (parameter in again.optimiser.state) == (own in state.optimiser.state), name
        if own in state.optimiser.state:
            there, here = again.optimiser.state[parameter], state.optimiser.state[own]
            assert there.keys() == here.keys()
            for key in there.keys() - {"step"}:
                torch.testing.assert_close(there[key], here[key], rtol=1e-2, atol=1e-9)
    assert len(pack_state(state, len(whole) - 1)) < len(whole)  # without the moments
    with pytest.raises(UsageError, match="average weights alone"):
        pack_state(state, 1000)
    with pytest.raises(UsageError, match="not the state"):
        unpack_state(again, whole[:1000])


def test_there_and_back(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two parts; the schedule is fitted to the pace; what comes back goes on here and could travel again."""
    monkeypatch.setattr(validation, "SIDE", 192)
    monkeypatch.setattr(train_chunk, "PACE_STEPS", 2)
    monkeypatch.setattr(train_chunk, "WARM_STEPS", 1)
    recipe = write_recipe(tmp_path / "r.yaml", replace(RECIPE, data=str(archive), steps=1000, hold=500, batch=2))
    run, chunk, work = tmp_path / "run", tmp_path / "chunk", tmp_path / "work"
    size = 0.6 * archive.stat().st_size / 2**20
    assert train_chunk.main(["pack", str(recipe), "--run", str(run), "-o", str(chunk), "--part-mib", str(size)]) == 0
    parts = sorted(chunk.iterdir())
    assert [p.name for p in parts][:2] == ["0", "1"]
    data.pack(archive, run / "data")
    steps = []
    for number, minutes in enumerate((0.0, 100.0)):  # one step more than the pace took; all that are left
        out = tmp_path / f"out{number}"
        told = train_chunk.train_part(parts[number], work, minutes, 0.0, "cpu", out, 0.05)
        steps.append(told["step"])
        assert all(p.stat().st_size <= 0.05 * 2**20 for p in out.glob("state_*.bin"))
        more = load_recipe(work / "recipe.yaml")
        train_chunk.write_recipe(work / "recipe.yaml", replace(more, steps=6))
    assert steps == [4, 6]
    assert train_chunk.main(["unpack", str(tmp_path / "out1"), "--run", str(run)]) == 0
    assert torch.load(run / "checkpoint.pt", weights_only=True)["step"] == 6
    assert json.loads((run / "log.jsonl").read_text().splitlines()[-1])["step"] == 6
    assert train_chunk.main(["pack", str(recipe), "--run", str(run), "-o", str(chunk), "--part-mib", str(size)]) == 0
    assert (chunk / "0" / "fitted").exists() and load_recipe(chunk / "0" / "recipe.yaml").steps == 6
    assert train_chunk.main(["unpack", str(chunk), "--run", str(run)]) == 2


@pytest.mark.parametrize("seconds", [0.0, 1e9])
def test_the_schedule_is_fitted_to_the_pace(
    run: Path, seconds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validation, "SIDE", 192)
    monkeypatch.setattr(train_chunk, "PACE_STEPS", 1)
    monkeypatch.setattr(train_chunk, "WARM_STEPS", 1)
    fitted = train_chunk._fit(replace(RECIPE, steps=1000, hold=250), run.parent, "cpu", seconds)
    assert fitted.steps == 3 if seconds == 0 else fitted.steps > 10_000
    assert fitted.hold == min(fitted.steps - 1, fitted.steps // 4)
