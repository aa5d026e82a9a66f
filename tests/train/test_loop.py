# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import copy
import itertools
import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import refsw
from refsw.errors import RefswError, UsageError
from refsw.train import data, loop, validation
from refsw.train.loop import learning_rate, train, train_step
from refsw.train.loss import rate_distortion, weighted_loss
from refsw.train.recipe import OPTIMISERS
from refsw.train.state import State, choose_trained, initial_state, optimiser, parameter_factor
from refsw.train.worker import Worker
from tests.support.training import RECIPE, write_recipe


@pytest.fixture(scope="module")
def first(packed: Path) -> State:
    """A state before its first step; take a copy."""
    return initial_state(RECIPE, data.load(packed), "cpu")


def content(run: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = torch.load(run / "checkpoint.pt", weights_only=True)
    return loaded


def same(a: object, b: object) -> bool:
    """Bit for bit, through all the mappings and lists of a checkpoint."""
    if isinstance(a, Tensor):
        return isinstance(b, Tensor) and a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return isinstance(b, type(a)) and len(a) == len(b) and all(map(same, a, b))
    return a == b


@pytest.fixture
def quick(first: State, monkeypatch: pytest.MonkeyPatch) -> None:
    """The start, which takes seconds, is made once, and validation is short."""
    monkeypatch.setattr(validation, "SIDE", 192)
    monkeypatch.setattr(loop, "initial_state", lambda *_: copied(first))


def copied(state: State, kind: str = RECIPE.optimiser) -> State:
    """A copy whose optimiser holds the copy's own parameters."""
    network = copy.deepcopy(state.network)
    return State(network, copy.deepcopy(state.average), optimiser(network, kind))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kind", OPTIMISERS)
def test_a_resumed_run_repeats_the_uninterrupted_one(
    run: Path, packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: State, kind: str
) -> None:
    """Weights, average and optimiser after 6 steps, and after 3 and 3 in two runs, are bit-identical."""
    recipe = replace(RECIPE, optimiser=kind)
    monkeypatch.setattr(loop, "initial_state", lambda *_: copied(first, kind))
    train(recipe, run, Worker())
    other = tmp_path / "other"
    other.mkdir()
    (other / "data").symlink_to(packed)
    assert train(recipe, other, Worker(), until=3).step == 3
    halfway = content(other)
    train(recipe, other, Worker())
    assert halfway["step"] == 3 and content(run)["step"] == 6
    assert not same(halfway["network"], content(run)["network"])
    assert same(content(run), content(other))
    assert not same(content(run)["network"], content(run)["average"])
    records = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert records[-1]["step"] == 6 and all(math.isfinite(v) for v in records[-1].values())
    assert {"loss", "bpp", "psnr", "validation", "bpp@0.5", "psnr@0.5"} <= records[-1].keys()
    assert json.loads((run / "recipe.json").read_text())["seed"] == RECIPE.seed
    assert not list(run.glob("*.tmp"))


@pytest.mark.usefixtures("quick")
def test_a_finished_run_is_left_as_it_is(run: Path, first: State) -> None:
    state = copied(first)
    state.step = RECIPE.steps
    state.save(run / "checkpoint.pt")
    before = (run / "checkpoint.pt").read_bytes()
    assert train(RECIPE, run, Worker()).step == RECIPE.steps
    assert (run / "checkpoint.pt").read_bytes() == before


@pytest.mark.parametrize("kind", OPTIMISERS)
def test_training_lowers_the_loss(run: Path, first: State, packed: Path, kind: str) -> None:
    """On one batch that is shown again and again."""
    recipe, crops, state = replace(RECIPE, steps=100, hold=99), data.load(packed), copied(first, kind)
    shown = data.unit_range(data.batch(crops, RECIPE.batch, RECIPE.crop, (0,)), "cpu")
    losses = [train_step(state, recipe, shown, Worker(), run)["loss"] for _ in range(16)]
    assert sum(losses[-4:]) < 0.97 * sum(losses[:4])


def test_a_gradient_that_is_not_finite_stops_and_keeps_the_batch(run: Path, first: State) -> None:
    state = copied(first)
    weights = copy.deepcopy(state.network.state_dict())
    with pytest.raises(RefswError, match="training step 0: gradient is not finite"):
        train_step(state, RECIPE, torch.full((4, 3, 64, 64), math.nan), Worker(), run)
    assert same(weights, state.network.state_dict()) and state.step == 0
    saved = torch.load(run / "bad_batch_0_0.pt", weights_only=True)
    assert saved["rgb"].shape == (4, 3, 64, 64) and saved["rgb"].isnan().all() and saved["quality"].shape == (4,)


def test_learning_rate_warms_up_holds_and_falls_to_zero() -> None:
    recipe = replace(RECIPE, steps=100, warm_up=10, hold=40, learning_rate=2.0)
    rates = [learning_rate(recipe, step) for step in range(101)]
    assert rates[0] == pytest.approx(0.2) and rates[9:41] == [2.0] * 32
    assert all(a > b for a, b in itertools.pairwise(rates[40:])) and rates[100] == pytest.approx(0, abs=1e-9)


def test_learning_rate_factors(first: State) -> None:
    factors = {name: parameter_factor(name, p) for name, p in first.network.named_parameters()}
    assert factors["components.0.gain.values"] == factors["components.1.hyper_prior.centre"] == 8
    assert factors["components.0.analysis.last.bias"] == 1
    assert all(0 < f <= 1 for n, f in factors.items() if n.endswith(".weight") and "hyper_prior" not in n)


class _TakenError(Exception):
    pass


@dataclass(frozen=True)
class _Taker(Worker):
    """Stops a step once its gradients are known."""

    taken: list[Tensor] = field(default_factory=list)

    def average(self, gradients: list[Tensor]) -> None:
        self.taken.extend(gradients)
        raise _TakenError


@dataclass(frozen=True)
class _Merger(Worker):
    """Averages with gradients of the other process, taken before."""

    taken: tuple[Tensor, ...] = ()

    def average(self, gradients: list[Tensor]) -> None:
        for mine, other in zip(gradients, self.taken, strict=True):
            mine.add_(other).div_(2)


@pytest.mark.slow
def test_two_processes_train_as_one_would(
    run: Path, first: State, packed: Path, training_folder: Path, tmp_path: Path
) -> None:
    """The processes see batches of their own, so one process plays both in turn: the weights are the same."""
    path = write_recipe(tmp_path / "r.yaml")
    command = [sys.executable, "-m", "refsw.cli.train", str(path), "--run", str(run), "--data", str(training_folder),
               "--processes", "2", "--until", "2"]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(Path(refsw.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    state, crops = copied(first), data.load(packed)
    for step in range(2):
        mine, others = (
            data.unit_range(data.batch(crops, 2, RECIPE.crop, (RECIPE.seed, step, rank)), "cpu") for rank in (0, 1)
        )
        other = _Taker(1, 2)
        with pytest.raises(_TakenError):
            train_step(copy.deepcopy(state), RECIPE, others, other, run)
        train_step(state, RECIPE, mine, _Merger(0, 1, "cpu", taken=tuple(other.taken)), run)

    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    together = content(run)
    assert together["step"] == 2
    for name, value in state.network.state_dict().items():
        torch.testing.assert_close(together["network"][name], value, atol=1e-5, rtol=1e-4, msg=name)
    assert together["norm"] == pytest.approx(state.norm, rel=1e-4)
    moments, expected = together["optimiser"]["state"], state.optimiser.state_dict()["state"]
    assert moments.keys() == expected.keys()
    for index, own in expected.items():
        assert own["step"] == moments[index]["step"]
        torch.testing.assert_close(moments[index]["exp_avg"], own["exp_avg"], atol=1e-5, rtol=1e-3)


def test_only_what_the_recipe_names_is_trained(run: Path, packed: Path, first: State) -> None:
    """SOP alone on a frozen codec: every other weight stays as it is, also in the average."""
    recipe = replace(RECIPE, point="sop", trained=("synthesis.sop",), steps=2, hold=0)
    state = copied(first)
    choose_trained(state.network, recipe.trained)
    state = State(state.network, state.average, optimiser(state.network, RECIPE.optimiser))
    before = copy.deepcopy(state.network.state_dict())
    rgb = data.unit_range(data.batch(data.load(packed), recipe.batch, recipe.crop, (0,)), "cpu")
    for _ in range(2):
        train_step(state, recipe, rgb, Worker(), run)
    for name, value in state.network.state_dict().items():
        moved = not torch.equal(value, before[name])
        assert not moved or ".synthesis.sop." in name, name
        assert moved != torch.equal(state.average.state_dict()[name], before[name]), name
    with pytest.raises(UsageError, match=r"no module synthesis\.hop"):
        choose_trained(state.network, ("synthesis.hop",))


@pytest.mark.usefixtures("quick")
def test_training_stops_after_a_time_and_goes_on(run: Path) -> None:
    assert train(RECIPE, run, Worker(threads=2), seconds=0).step == 1
    assert content(run)["step"] == 1
    assert train(RECIPE, run, Worker()).step == RECIPE.steps


def test_ms_ssim_enters_the_loss(first: State, packed: Path) -> None:
    rgb = data.unit_range(data.batch(data.load(packed), 2, 192, (0,)), "cpu")
    quality = torch.tensor([0.2, 0.8])
    with torch.no_grad():
        result = rate_distortion(first.average, rgb, quality, "bop")
        lagrangian = first.network.config.lagrangian(quality)
        plain, mixed, structural = (weighted_loss(result, rgb, lagrangian, share) for share in (0.0, 0.5, 1.0))
    torch.testing.assert_close(mixed, (plain + structural) / 2)
    assert not torch.allclose(plain, structural)
