# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from refsw.train import worker
from refsw.train.soap import Soap
from refsw.train.worker import Worker, owners


def network() -> nn.Sequential:
    torch.manual_seed(4)
    layers = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 1), nn.Conv2d(4, 4, 2))
    return layers.to(memory_format=torch.channels_last)


def with_gradients(layers: nn.Module, seed: int) -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(seed)
    parameters = list(layers.parameters())
    for parameter in parameters:
        parameter.grad = torch.randn(parameter.shape, generator=generator)
    return parameters


@given(
    st.lists(st.sampled_from([(8,), (64, 32, 3, 3), (16, 16, 1, 1), (9, 64)]), min_size=1, max_size=40),
    st.integers(1, 4),
)
def test_every_parameter_has_an_owner_and_shares_are_balanced(shapes: list[tuple[int, ...]], count: int) -> None:
    parameters = [torch.empty(shape) for shape in shapes]
    owner = owners(parameters, count)
    assert len(owner) == len(shapes) and set(owner) <= set(range(count))
    work = [0] * count
    for index, own in enumerate(owner):
        work[own] += parameters[index].numel() * (sum(shapes[index][:2]) if len(shapes[index]) == 4 else 1)
    largest = max(p.numel() * (sum(p.shape[:2]) if p.dim() == 4 else 1) for p in parameters)
    assert max(work) - min(work) <= largest


def test_gradients_are_averaged_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the sum over processes played: the other one has gradients of 3."""
    monkeypatch.setattr(worker.dist, "all_reduce", lambda flat: flat.add_(3))
    first = torch.zeros(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)
    gradients = [first, torch.arange(5.0)]
    Worker(0, 2).average(gradients)
    assert gradients[0] is first and (first == 1.5).all()
    assert gradients[1].tolist() == [1.5, 2.0, 2.5, 3.0, 3.5]
    Worker().average(gradients)
    assert (first == 1.5).all()


class _Played:
    """torch.distributed between two threads."""

    def __init__(self) -> None:
        self.barrier, self.here, self.sent = threading.Barrier(2, timeout=60), threading.local(), {}

    def broadcast(self, flat: Tensor, owner: int) -> None:
        if owner == self.here.rank:
            self.sent[owner] = flat.clone()
        self.barrier.wait()
        flat.copy_(self.sent[owner])
        self.barrier.wait()

    def gather_object(self, own: object, gathered: list[Any] | None) -> None:
        self.sent[self.here.rank] = copy.deepcopy(own)
        self.barrier.wait()
        if gathered is not None:
            gathered[:] = [self.sent[0], self.sent[1]]


def trained(here: Worker, layers: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, Any]:
    """15 steps; returns the state of the optimiser."""
    for step in range(15):
        here.update(with_gradients(layers, step), optimiser)
    return here.optimiser_state(optimiser)


def soap(layers: nn.Module) -> torch.optim.Optimizer:
    return Soap([{"params": layers.parameters()}], lr=0.01)


def adam(layers: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(layers.parameters(), lr=0.01, fused=True)


@pytest.mark.parametrize("kind", [soap, adam])
def test_two_processes_that_share_the_work_are_one(
    monkeypatch: pytest.MonkeyPatch, kind: Callable[[nn.Module], torch.optim.Optimizer]
) -> None:
    """Weights, and in process 0 the whole state of the optimiser, bit for bit."""
    played = _Played()
    monkeypatch.setattr(worker, "dist", played)
    first, second, whole = (network() for _ in range(3))

    def process(rank: int) -> dict[str, Any]:
        played.here.rank = rank
        layers = (first, second)[rank]
        return trained(Worker(rank, 2), layers, kind(layers))

    with ThreadPoolExecutor(2) as pool:
        state, _ = pool.map(process, (0, 1))
    expected = trained(Worker(), whole, kind(whole))
    for name, value in whole.state_dict().items():
        assert torch.equal(first.state_dict()[name], value) and torch.equal(second.state_dict()[name], value), name
    assert state["state"].keys() == expected["state"].keys()
    for index, own in expected["state"].items():
        for key, value in own.items():
            assert torch.equal(state["state"][index][key], value), (index, key)
    assert state["param_groups"] == expected["param_groups"]
