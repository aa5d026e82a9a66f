# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What the error of each symbol weighs in a distortion, and local steps (8.10) that begin as what places say of it.

By high-rate theory no allocation is better than one of equal weights: the best step is proportional to weight^-1/2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from refsw.nets.codec import CodecNetwork
from refsw.nets.rate import LOG_SCALE_STEP
from refsw.train.coded import Coded, code
from refsw.train.colour import rgb_from_planes

Distortion = Callable[[Tensor, Tensor], Tensor]
"""Shown and source pictures, float32 [B, 3, H, W], 0..1 -> distortion of each, [B]."""
LEAST_SCALE, STEP, PROBES = 0.6, 0.3, 6
"""Symbols with smaller scales are left out; slopes are taken so many quantiser steps apart, in so many directions."""
QUALITIES, BATCH, FEW, MANY = (0.15, 0.45, 0.8), 8, 4, 40
"""Of the beginning of local steps; places with fewer symbols than FEW are left out, more than MANY count as many."""
STRENGTH, RIDGE = 0.85, 0.01
"""Share of the best steps that local steps begin with, and what a squared coefficient of their fit costs."""


@dataclass(frozen=True)
class Weights:
    """Of one component, [B, C_y, h, w]. weight: in any unit; counted: which symbols count; z: whole numbers."""

    weight: Tensor
    counted: Tensor
    z: Tensor

    def by_channel(self) -> Tensor:
        """Mean weight of each channel, [C_y]."""
        return (self.weight * self.counted).sum((0, 2, 3)) / self.counted.sum((0, 2, 3)).float().clamp(min=1)

    def by_place(self, few: int) -> tuple[Tensor, Tensor]:
        """Mean weight at each place of what channels weigh together, and of how many symbols, [B, h, w] each."""
        kept = self.counted & (self.counted.sum((0, 2, 3)) >= few * len(self.weight))[:, None, None]
        share = kept.sum(1).float()
        relative = self.weight / self.by_channel().clamp(min=1e-12)[:, None, None] * kept
        return relative.sum(1) / share.clamp(min=1), share


def weights(
    network: CodecNetwork, rgb: Tensor, position: float, point: str, distortion: Distortion, random: torch.Generator
) -> list[Weights]:
    """Of all components at a quality position, 0..1: differences of slopes on both sides, in random directions."""

    def loss(coded: Sequence[Coded], latents: Sequence[Tensor]) -> Tensor:
        pairs = zip(coded, latents, strict=True)
        planes = [network.component(c.index).planes(y, c.features, quality, point) for c, y in pairs]
        return distortion(rgb_from_planes(torch.cat(planes, 1), network.config.colour_transform_idc), rgb).sum()

    quality = torch.full((len(rgb),), position)
    with torch.no_grad():
        coded = list(code(network, rgb, quality))
        steps = [(network.component(c.index).inverse_gain(quality) - LOG_SCALE_STEP * c.steps).exp() for c in coded]
    found = [torch.zeros_like(c.latent) for c in coded]
    for _ in range(PROBES):
        signs = [2.0 * torch.randint(0, 2, c.latent.shape, generator=random) - 1 for c in coded]
        for side in (STEP, -STEP):
            latents = [
                (c.latent + side * sign * step).requires_grad_(True)
                for c, sign, step in zip(coded, signs, steps, strict=True)
            ]
            slopes = torch.autograd.grad(loss(coded, latents), latents)
            for own, slope, sign, step in zip(found, slopes, signs, steps, strict=True):
                own += slope * sign * step / (2 * side * PROBES)
    out = []
    for c, weight in zip(coded, found, strict=True):
        with torch.no_grad():
            scale = network.component(c.index).log_scale(c.z, quality, *weight.shape[2:]) + LOG_SCALE_STEP * c.steps
        out.append(Weights(weight, scale > math.log(LEAST_SCALE), c.z))
    return out


def joined(parts: Sequence[Weights]) -> Weights:
    """Of several batches."""
    return Weights(*(torch.cat([getattr(p, name) for p in parts]) for name in ("weight", "counted", "z")))


def saved(weight: Tensor, share: Tensor) -> float:
    """Bits a symbol between equal weights and these, of which there are `share` each."""
    mean = (weight * share).sum() / share.sum()
    logarithm = (weight.clamp(min=0.01 * float(mean)).log2() * share).sum() / share.sum()
    return 0.5 * float(mean.log2() - logarithm)


def _fitted(inputs: Tensor, weight: Tensor, share: Tensor) -> Tensor:
    """Coefficients b [F] of log-weights `inputs` [N, F] @ b that a quantiser had best follow: float64."""
    found = torch.zeros(inputs.shape[1], dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS([found], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        search.zero_grad()
        said = inputs @ found
        cost = (share * (weight * (-said).exp() + said)).sum() / share.sum() + RIDGE * found[1:].square().sum()
        cost.backward()  # type: ignore[no-untyped-call]
        return cost

    search.step(loss)  # type: ignore[no-untyped-call]
    return found.detach()


def start_local_steps(network: CodecNetwork, rgb: Tensor, point: str, distortion: Distortion, seed: int) -> None:
    """Let the scale networks of all components say steps of places, in place, where they said none.

    rgb: float32 [N, 3, H, W], 0..1, H and W multiples of 64.
    """
    random = torch.Generator().manual_seed(seed)
    found = [
        [joined(own) for own in zip(*batches, strict=True)]
        for batches in (
            [weights(network, part, position, point, distortion, random) for part in rgb.split(BATCH)]
            for position in QUALITIES
        )
    ]
    for index, qualities in enumerate(zip(*found, strict=True)):
        scale = network.component(index).hyper_scale
        inputs, weight, share = [], [], []
        for own in qualities:
            place, number = own.by_place(FEW)
            there = number >= FEW
            with torch.no_grad():
                seen = F.unfold(scale.hidden(own.z), 3, padding=1).unflatten(2, place.shape[1:])
            inputs.append(seen.permute(0, 2, 3, 1)[there].double())
            weight.append(place[there].double())
            share.append(number[there].clamp(max=MANY).double())
        listed = torch.cat(inputs)
        deviation = listed.std(0).clamp(min=1e-3)
        columns = torch.cat([torch.ones(len(listed), 1).double(), (listed - listed.mean(0)) / deviation], 1)
        factors = _fitted(columns, torch.cat(weight), torch.cat(share)) * STRENGTH / 2
        slopes = factors[1:] / deviation
        last = scale.layers[2]
        assert last.bias is not None
        with torch.no_grad():
            last.weight[scale.channels] = slopes.float().unflatten(0, (-1, 3, 3))
            last.bias[scale.channels] = float(factors[0] - slopes @ listed.mean(0))
