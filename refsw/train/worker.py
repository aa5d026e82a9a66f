# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The processes that train together: gradients are averaged, and each process updates its share of the weights.

An optimiser with bases (`refsw.train.soap`) takes a third of a step on a CPU, so its work is divided too; the weights
that come of it are bit for bit those of a process that updates all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn


def owners(parameters: Sequence[Tensor], count: int) -> list[int]:
    """Process that updates each parameter; the shares take about the same time."""
    work, owner = [0] * count, [0] * len(parameters)
    cost = [p.numel() * (sum(p.shape[:2]) if p.dim() == 4 else 1) for p in parameters]
    for index in sorted(range(len(parameters)), key=lambda i: -cost[i]):
        owner[index] = work.index(min(work))
        work[owner[index]] += cost[index]
    return owner


@dataclass(frozen=True)
class Worker:
    """Place of this process among those that train together; threads: of its own that make batches ahead of time."""

    rank: int = 0
    count: int = 1
    device: str = "cpu"
    threads: int = 0

    def average(self, gradients: list[Tensor]) -> None:
        """Average gradients over all processes, in place."""
        if self.count == 1:
            return
        flat = torch.cat([g.reshape(-1) for g in gradients])
        dist.all_reduce(flat)
        flat /= self.count
        _spread(flat, gradients)

    def update(self, parameters: list[nn.Parameter], optimiser: torch.optim.Optimizer) -> None:
        """One step of the optimiser on all parameters, which have gradients; only those of this process keep them."""
        if self.count == 1:
            optimiser.step()
            return
        shares: list[list[nn.Parameter]] = [[] for _ in range(self.count)]
        for parameter, owner in zip(parameters, owners(parameters, self.count), strict=True):
            shares[owner].append(parameter)
            if owner != self.rank:
                parameter.grad = None
        optimiser.step()
        with torch.no_grad():
            for owner, share in enumerate(shares):
                flat = torch.cat([p.reshape(-1) for p in share])
                dist.broadcast(flat, owner)
                if owner != self.rank:
                    _spread(flat, share)

    def optimiser_state(self, optimiser: torch.optim.Optimizer) -> dict[str, Any]:
        """State of the optimiser in all processes, in process 0; to be called by all of them right after `update`."""
        whole = optimiser.state_dict()
        if self.count == 1:
            return whole
        listed = [p for group in optimiser.param_groups for p in group["params"]]
        mine = {index: own for index, own in whole["state"].items() if listed[index].grad is not None}
        gathered: list[dict[int, Any]] | None = [{} for _ in range(self.count)] if self.rank == 0 else None
        dist.gather_object(mine, gathered)
        for other in gathered or ():
            whole["state"].update(other)
        return whole


def _spread(flat: Tensor, tensors: Sequence[Tensor]) -> None:
    """Copy consecutive elements into tensors that together have as many."""
    offset = 0
    for tensor in tensors:
        tensor.copy_(flat[offset : offset + tensor.numel()].view(tensor.shape))
        offset += tensor.numel()
