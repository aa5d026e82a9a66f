# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Linear prediction of limited rank: how layers that pass few channels on begin."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from refsw.nets.blocks import space_to_depth

RIDGE = 1e-4  # of the mean variance of an input, added to each


@dataclass(frozen=True)
class ReducedRank:
    """Prediction `(given @ weight.t() + bias) @ back`, of `count` values between, by falling deviation.

    weight [count, I], bias [count], back [count, O], deviation [count], float32. The values between are half-whitened:
    their deviation is the square root of `deviation`, which is that of the axis in what is predicted.
    """

    weight: Tensor
    bias: Tensor
    back: Tensor
    deviation: Tensor


def rows(x: Tensor) -> Tensor:
    """[B, C, h, w] -> float64 [B h w, C]."""
    return x.permute(0, 2, 3, 1).reshape(-1, x.shape[1]).double()


def patches(stem: Tensor, inverse: Tensor) -> Tensor:
    """Features of a stem [B, S, 2h, 2w] -> samples of 16x16 patches, float64 [B h w, 4 S].

    inverse: [S, S], of the stem. Order: four 8x8 patches in the order of space to depth, samples inside.
    """
    return (rows(space_to_depth(stem)).reshape(-1, 4, stem.shape[1]) @ inverse.double().t()).flatten(1)


def reduced_rank(given: Tensor, target: Tensor, count: int) -> ReducedRank:
    """Ridge regression of target [N, O] on given [N, I], float64, cut to the `count` axes that predict most.

    count: at most O.
    """
    given = F.pad(given, (0, 1), value=1.0)
    gram = given.t() @ given
    gram += torch.eye(len(gram)).double() * RIDGE * gram.diagonal().mean()
    weights = torch.linalg.solve(gram, given.t() @ target)  # [I + 1, O]
    predicted = given @ weights
    variance, axes = torch.linalg.eigh(predicted.t() @ predicted / len(given))
    axes, root = axes.flip(1)[:, :count], variance.flip(0)[:count].clamp(min=1e-12) ** 0.25
    first = (weights @ axes / root).t()
    return ReducedRank(
        first[:, :-1].float(), first[:, -1].float(), (axes * root).t().float(), root.square().float()
    )  # fmt: skip
