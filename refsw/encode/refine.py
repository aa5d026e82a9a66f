# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Symbol refinement: a search over the symbols of one picture, led by gradients.

    y_hat ─ networks of the decoder ─► bits + lambda * distortion ─► slope of each symbol ─► what +1 or -1 would change
      ▲                                                                                                      │
      └── kept if the sum falls, else a smaller share ◄── a share of the symbols that promise most ◄─────────┘

A change of one symbol costs the bits of its own table exactly; distortion, and the bits of symbols that are predicted
from it, are taken to second and first order. Each step is judged by coding the block, patch by patch; no block gets
worse. Symbols after a changed one are rounded again towards the y_hat that they had, so that the context model is
respected. Blocks have a margin whose symbols stay. A decoder notices nothing.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from refsw.config import RefineConfig
from refsw.constants import LATENT_BLOCK, SCALE_FRACTION_BITS
from refsw.decode.model import Model
from refsw.decode.picture import OPERATING_POINTS
from refsw.decode.reconstruct import quality_position, to_tensor
from refsw.decode.windows import Box, domains, split
from refsw.encode.distortion import sample_matrix
from refsw.nets.rate import LOG_SCALE_MINIMUM, LOG_SCALE_STEP, gaussian_bits
from refsw.syntax.headers import PictureHeader

BLOCK, MARGIN = 48, 8
"""Latent samples: largest side of a block, and what is seen around it."""
PATCH = 8
"""Latent samples: side of the patches in which a step is kept or not."""
GROWTH, LEAST_SHARE = 1.3, 1 / 64
"""Of the share of a patch after a success; relative to the first share, where a block is left."""
LEAST_CURVATURE = 0.3
"""Of a channel, relative to the mean of its component."""

Read = Callable[[Box], Tensor]
"""Planes of a rectangle of the latent grid, float32 [1, P, 16 h, 16 w], -0.5..0.5."""


@dataclass(frozen=True)
class Refined:
    """y_hat that symbols are rounded towards, float32 [C_y, h, w] of each component, and what was done.

    iterations: fewest of all blocks; gain: by how much bits + lambda * distortion fell, relative to bits.
    """

    y: tuple[NDArray[np.float32], ...]
    iterations: int
    gain: float


@dataclass(frozen=True)
class Coded:
    """One coding of a block.

    bits: of its symbols; loss: bits + lambda * distortion of each position, [1, 1, h, w]; by component, [1, C, h, w]
    each: symbols, y_hat, and slope, of the distortion and of later symbols' bits over each symbol.
    """

    bits: float
    loss: Tensor
    symbols: tuple[Tensor, ...]
    y_hat: tuple[Tensor, ...]
    slope: tuple[Tensor, ...]

    def mixed(self, other: Coded, where: Tensor) -> Coded:
        """This one, and the other one where [1, 1, h, w] is true."""

        def mix(own: tuple[Tensor, ...], others: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            return tuple(torch.where(where, b, a) for a, b in zip(own, others, strict=True))

        return Coded(
            self.bits, torch.where(where, other.loss, self.loss), mix(self.symbols, other.symbols),
            mix(self.y_hat, other.y_hat), mix(self.slope, other.slope),
        )  # fmt: skip


class _Block:
    """Codes one block, seen from outside as a function of the y_hat that its symbols are rounded towards."""

    def __init__(
        self, model: Model, header: PictureHeader, seen: Box, planes: Tensor, z: list[Tensor], fidelity: float
    ) -> None:
        self.header, self.seen, self.z, device = header, seen, z, planes.device
        self.nets = [model.network.component(i) for i in range(len(header.components))]
        anchors = model.config.quality_anchors
        self.quality = [quality_position(c.quality_index, anchors).to(device) for c in header.components]
        self.weight = 255**2 * fidelity * float(model.config.lagrangian(float(self.quality[0])))
        self.point = OPERATING_POINTS[header.synthesis_transform_id[0]]
        rows = min(LATENT_BLOCK * seen.bottom, header.coded_height) - LATENT_BLOCK * seen.top
        columns = min(LATENT_BLOCK * seen.right, header.coded_width) - LATENT_BLOCK * seen.left
        self.target = planes[:, :, :rows, :columns]
        self.matrix = torch.from_numpy(sample_matrix(header, planes.shape[1])).float().to(device)
        with torch.no_grad():
            self.log_scale = tuple(
                net.log_scale(own_z, quality, seen.height, seen.width)
                for net, own_z, quality in zip(self.nets, z, self.quality, strict=True)
            )
        self.coded = tuple(self._coded(index) for index in range(len(self.nets)))

    def _coded(self, index: int) -> Tensor:
        own, log_scale = self.header.components[index], self.log_scale[index]
        threshold = own.skip_threshold if own.skip_enabled_flag else 0
        coded = (log_scale >= LOG_SCALE_MINIMUM + threshold * LOG_SCALE_STEP / (1 << SCALE_FRACTION_BITS)).float()
        coded[:, own.num_coded_channels :] = 0
        return coded

    def code(self, towards: Sequence[Tensor], offsets: Sequence[Tensor] | None = None, rate: bool = True) -> Coded:
        """Symbols rounded towards these y_hat; offsets: added to y_hat; rate: whether slopes count later bits."""
        leaves = [(torch.zeros_like(t) if offsets is None else offsets[i].clone()).requires_grad_(True)
                  for i, t in enumerate(towards)]  # fmt: skip
        later = torch.zeros(())
        planes, unscaled, symbols, y_hats = list[Tensor](), list[Tensor](), list[Tensor](), list[Tensor]()
        for index, net in enumerate(self.nets):
            own, quality = torch.zeros_like(towards[index]), self.quality[index]

            def residual(mean: Tensor, step: Tensor, index: int = index, own: Tensor = own) -> Tensor:
                found = torch.round(towards[index] * step - mean.detach()) * self.coded[index]
                own.add_(found * step)
                return found + ((mean.detach() - mean) + leaves[index]) * self.coded[index]

            size = (self.seen.height, self.seen.width)
            features = net.features(self.z[index], quality, [unscaled[i] for i in net.config.condition], *size)
            inverse = net.inverse_gain(quality)
            mean, y_hat = net.context.run(features, net.gain(quality), inverse, residual)
            if rate:
                later = later + (gaussian_bits(towards[index] - mean, self.log_scale[index]) * self.coded[index]).sum()
            unscaled.append(y_hat * inverse.exp())
            planes.append(net.planes(unscaled[index], features, quality, self.point))
            symbols.append(own)
            y_hats.append((mean + own).detach())
        shown = torch.cat(planes, 1)[:, :, : self.target.shape[2], : self.target.shape[3]]
        error = torch.einsum("cp,bphw->bchw", self.matrix, shown - self.target).square().mean(1, keepdim=True)
        slope = torch.autograd.grad(self.weight * error.sum() + later, leaves)
        below, beside = (LATENT_BLOCK * n - m for n, m in zip(size, error.shape[2:], strict=True))
        spread = F.avg_pool2d(F.pad(error.detach(), (0, beside, 0, below)), LATENT_BLOCK) * LATENT_BLOCK**2
        bits = torch.zeros_like(spread)
        for own, scale, coded in zip(symbols, self.log_scale, self.coded, strict=True):
            bits += (gaussian_bits(own, scale) * coded).sum(1, keepdim=True)
        return Coded(float(bits.sum()), bits + self.weight * spread, tuple(symbols), tuple(y_hats), slope)


def curvature(block: _Block, towards: Sequence[Tensor], random: torch.Generator) -> tuple[Tensor, ...]:
    """Second derivative of the distortion over one symbol of each channel: [1, C, 1, 1], from one random direction."""
    directions = [
        (2 * torch.randint(0, 2, t.shape, generator=random) - 1).to(t) for t in towards
    ]
    half = [0.5 * d for d in directions]
    plain, moved = block.code(towards, rate=False), block.code(towards, half, rate=False)
    found = []
    for before, after, direction, coded in zip(plain.slope, moved.slope, directions, block.coded, strict=True):
        total = (2 * (after - before) * direction * coded).sum((0, 2, 3), keepdim=True)
        own = total / coded.sum((0, 2, 3), keepdim=True).clamp(min=1)
        found.append(own.clamp(min=max(1e-6, LEAST_CURVATURE * float(own.mean()))))
    return tuple(found)


def changes(now: Coded, scales: Sequence[Tensor], curved: Sequence[Tensor]) -> list[tuple[Tensor, Tensor]]:
    """(what the better of +1 and -1 promises, in bits; +1 or -1) of each symbol of each component."""
    found = []
    for symbols, scale, slope, bend in zip(now.symbols, scales, now.slope, curved, strict=True):
        bits = gaussian_bits(symbols, scale)
        up = gaussian_bits(symbols + 1, scale) - bits + slope + bend / 2
        down = gaussian_bits(symbols - 1, scale) - bits - slope + bend / 2
        found.append((torch.minimum(up, down), torch.where(up < down, 1.0, -1.0)))
    return found


class _Refinement:
    def __init__(self, model: Model, header: PictureHeader, config: RefineConfig, read: Read, device: str) -> None:
        self.model, self.header, self.config, self.read, self.device = model, header, config, read, device
        self.bits, self.saved, self.iterations = 0.0, 0.0, config.iterations

    def block(
        self, y: list[NDArray[np.float32]], z: Sequence[NDArray[np.int8]], own: Box, seen: Box, until: float
    ) -> None:
        """Refines one block, in place."""
        hyper = [to_tensor(a[:, *seen.hyper.slices], self.device) for a in z]
        block = _Block(self.model, self.header, seen, self.read(seen), hyper, self.config.fidelity)
        start = block.code([to_tensor(a[:, *seen.slices], self.device) for a in y])
        best = self._descend(block, start, own.inside(seen), until)
        self.bits += start.bits
        self.saved += float((start.loss - best.loss).sum())
        rows, columns = own.inside(seen).slices
        for whole, part in zip(y, best.y_hat, strict=True):
            whole[:, *own.slices] = part[0, :, rows, columns].cpu().numpy()

    def _descend(self, block: _Block, start: Coded, own: Box, until: float) -> Coded:
        random = torch.Generator().manual_seed(0)
        curved = curvature(block, start.y_hat, random)
        inside = torch.zeros_like(start.loss)
        inside[:, :, *own.slices] = 1
        now, first = start, self.config.share
        share = torch.full_like(_patches(start.loss), first)
        for iteration in range(self.config.iterations):
            if time.monotonic() > until or float(share.max()) < first * LEAST_SHARE:
                self.iterations = min(self.iterations, iteration)
                break
            towards, likely = [], inside * _spread(share, inside)
            for y_hat, (promise, step), coded in zip(
                now.y_hat, changes(now, block.log_scale, curved), block.coded, strict=True
            ):
                chosen = torch.rand(promise.shape, generator=random).to(promise) < likely
                towards.append(y_hat + step * ((promise < 0) & chosen) * coded)
            tried = block.code(towards)
            better = _patches(tried.loss) < _patches(now.loss)
            share = torch.where(better, (GROWTH * share).clamp(max=first), share / 2)
            now = now.mixed(tried, _spread(better.float(), inside) > 0)
        found = block.code(now.y_hat)  # patches touch each other: what was put together is judged as a whole
        return found if float((found.loss - start.loss).sum()) < 0 else start


def _patches(loss: Tensor) -> Tensor:
    return F.avg_pool2d(loss, PATCH, ceil_mode=True, count_include_pad=False)


def _spread(values: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(values, scale_factor=PATCH)[:, :, : like.shape[2], : like.shape[3]]


def refine(
    model: Model, header: PictureHeader, config: RefineConfig, read: Read, y: Sequence[NDArray[np.float32]],
    z: Sequence[NDArray[np.int8]], device: str = "cpu",
) -> Refined:  # fmt: skip
    """Symbols that cost less for what they show.

    y: y_hat, or y, float32 [C_y, h, w] in quantiser steps; z: int8 [C_z, h/4, w/4]. Equal inputs give equal results
    unless the time ends first.
    """
    found = [a.copy() for a in y]
    work = _Refinement(model, header, config, read, device)
    begin = time.monotonic()
    blocks = [(own.aligned(domain), domain) for domain in domains(header) for own in split(domain, BLOCK)]
    for number, (own, domain) in enumerate(blocks, 1):
        seconds = math.inf if config.seconds is None else config.seconds * number / len(blocks)
        work.block(found, z, own, own.grown(MARGIN, domain).aligned(domain), begin + seconds)
    return Refined(tuple(found), work.iterations, work.saved / max(work.bits, 1.0))
