# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Symbol refinement: a search over the symbols of one picture, led by slopes and curvature.

    symbols ─ Block.code ─► loss of each position, slopes ─ what would +1 or -1 change? ─► best few of each patch
       ▲                                                                                          │
       └── patches whose loss fell keep them; others try something else next time ◄── Block.code ─┘

A change of one symbol costs the bits of its own table exactly, and distortion to second order. A step tries changes in
all patches at once, each of them away from the patch's rim, and each patch is judged by what came of it; then patches
move. What a trial shows of a symbol's curvature is kept. Blocks have a margin whose symbols stay, and none gets worse.
A decoder notices nothing.
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
from refsw.decode.model import Model
from refsw.decode.reconstruct import log_gain_map, to_tensor
from refsw.decode.windows import Box, domains, split
from refsw.encode.block import LEAST_CURVATURE, Block, Coded
from refsw.nets.rate import residual_bits
from refsw.syntax.headers import PictureHeader

BLOCK, MARGIN = 48, 8
"""Latent samples: largest side of a block, and what is seen around it."""
PATCH, RIM = 5, 1
"""Latent samples: side of a patch, and width of its rim, where it changes nothing, so that patches are judged apart."""
FIRST, MOST = 4, 30
"""Changes in a patch: at first, and at most."""
GROWTH, SHRINKAGE = 1.5, 0.5
"""Of the number of changes, after a success and after a failure."""
REST = 6
"""Steps for which a symbol is left alone whose own change did no good."""
TRUST = 0.5
"""Share of what a trial shows of a symbol's curvature: other changes around it disturb it."""

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
class _Patches:
    """A grid of patches over a block; top, left: how far it begins outside."""

    height: int
    width: int
    top: int
    left: int

    @classmethod
    def at_random(cls, like: Tensor, random: torch.Generator) -> _Patches:
        top, left = torch.randint(0, PATCH, (2,), generator=random).tolist()
        return cls(like.shape[2], like.shape[3], top, left)

    def _padded(self, x: Tensor) -> Tensor:
        below, beside = -(self.height + self.top) % PATCH, -(self.width + self.left) % PATCH
        return F.pad(x, (self.left, beside, self.top, below))

    def sums(self, x: Tensor) -> Tensor:
        """[1, 1, h, w] -> [1, 1, patches down, patches across]."""
        return F.avg_pool2d(self._padded(x), PATCH) * PATCH**2

    def spread(self, values: Tensor) -> Tensor:
        """Back to [1, 1, h, w]."""
        whole = F.interpolate(values, scale_factor=PATCH)
        return whole[:, :, self.top : self.top + self.height, self.left : self.left + self.width]

    def inner(self, device: torch.device) -> Tensor:
        """1 inside the rims, [1, 1, h, w]."""
        rows, columns = ((torch.arange(n, device=device) + first) % PATCH
                         for n, first in ((self.height, self.top), (self.width, self.left)))  # fmt: skip
        down, across = ((RIM <= x) & (x < PATCH - RIM) for x in (rows, columns))
        return (down[:, None] & across[None, :]).float()[None, None]

    def least(self, promises: Tensor, count: Tensor) -> Tensor:
        """The count-th smallest of [1, C, h, w] in each patch, spread: [1, 1, h, w]; count: [1, 1, down, across]."""
        channels = promises.shape[1]
        columns = F.unfold(self._padded(promises), PATCH, stride=PATCH)[0]  # [C PATCH^2, patches]
        smallest = columns.topk(min(MOST, channels), 0, largest=False).values
        chosen = (count.flatten().long() - 1).clamp(0, len(smallest) - 1)
        return self.spread(smallest.gather(0, chosen[None]).reshape(count.shape))


def changes(now: Coded, block: Block, curved: Sequence[Tensor]) -> list[tuple[Tensor, Tensor]]:
    """(what the better of +1 and -1 is expected to change, in bits; +1 or -1, 0 where nothing is coded)."""
    found = []
    for symbols, scale, slope, bend, coded in zip(
        now.symbols, block.log_scale, now.slope, curved, block.coded, strict=True
    ):
        bits = residual_bits(symbols, scale)
        up = residual_bits(symbols + 1, scale) - bits + slope + bend / 2
        down = residual_bits(symbols - 1, scale) - bits - slope + bend / 2
        found.append((torch.minimum(up, down), torch.where(up < down, 1.0, -1.0) * coded))
    return found


def shares(block: Block, before: Coded, after: Coded) -> list[Tensor]:
    """What each symbol's change did to the loss: its bits, and the mean of both slopes; [1, C_y, h, w] each.

    Were distortion quadratic, the shares of all symbols would add up to what the loss changed by.
    """
    return [
        residual_bits(new, scale) - residual_bits(old, scale) + (new - old) * (there + here) / 2
        for old, new, scale, here, there in zip(
            before.symbols, after.symbols, block.log_scale, before.slope, after.slope, strict=True
        )
    ]


class _Search:
    """The symbols of one block, from a coding to a better one. inside: 1 where symbols may change, [1, 1, h, w]."""

    def __init__(self, block: Block, start: Coded, inside: Tensor) -> None:
        self.block, self.now, self.inside = block, start, inside
        self.random = torch.Generator().manual_seed(0)
        self.curved = block.curvature(start.symbols, self.random)
        self.count = torch.full_like(inside, FIRST)
        self.rest = [torch.zeros_like(s) for s in start.symbols]

    def step(self, number: int) -> bool:
        """Tries changes in all patches, and keeps what is better; False where nothing promises anything."""
        patches = _Patches.at_random(self.inside, self.random)
        area = patches.sums(torch.ones_like(self.inside))
        count = (patches.sums(self.count) / area).round()
        allowed = self.inside * patches.inner(self.inside.device)
        proposed = changes(self.now, self.block, self.curved)
        promises = [
            promise.clamp(max=0) * (sign != 0) * (rest <= number) * allowed
            for (promise, sign), rest in zip(proposed, self.rest, strict=True)
        ]
        least = patches.least(torch.cat(promises, 1), count)
        moves = [sign * ((promise < 0) & (promise <= least))
                 for (_, sign), promise in zip(proposed, promises, strict=True)]  # fmt: skip
        if not any(bool(move.any()) for move in moves):
            return False
        tried = self.block.code([s + m for s, m in zip(self.now.symbols, moves, strict=True)])
        done = shares(self.block, self.now, tried)
        better = patches.spread((patches.sums(tried.loss) < patches.sums(self.now.loss)).float()) > 0
        for bend, move, rest, after, before, own in zip(
            self.curved, moves, self.rest, tried.slope, self.now.slope, done, strict=True
        ):
            seen = ((after - before) * move).clamp(min=LEAST_CURVATURE * float(bend.mean()))
            bend.copy_(torch.where(move != 0, bend + TRUST * (seen - bend), bend))
            rest.masked_fill_((move != 0) & (own >= 0), number + REST)
        self.count = torch.where(better, GROWTH * self.count, SHRINKAGE * self.count).clamp(1, MOST)
        self.now = self.now.mixed(tried, better)
        return True


class _Refinement:
    def __init__(
        self, model: Model, header: PictureHeader, config: RefineConfig, read: Read, device: str,
        steps: Sequence[NDArray[np.int8] | None], mapped: NDArray[np.int8] | None,
    ) -> None:  # fmt: skip
        self.model, self.header, self.config, self.read, self.device = model, header, config, read, device
        self.steps, self.mapped = steps, mapped
        self.bits, self.saved, self.iterations = 0.0, 0.0, config.iterations

    def block(
        self, y: list[NDArray[np.float32]], z: Sequence[NDArray[np.int8]], own: Box, seen: Box, until: float
    ) -> None:
        """Refines one block, in place."""
        hyper = [to_tensor(a[:, *seen.hyper.slices], self.device) for a in z]
        log_maps = [log_gain_map(own[..., *seen.slices], self.device) for own in self.steps if own is not None]
        log_worth = None if self.mapped is None else log_gain_map(self.mapped[seen.slices], self.device)
        block = Block(self.model, self.header, seen, self.read(seen), hyper, self.config.fidelity, log_maps, log_worth)
        start = block.code(block.nearest([to_tensor(a[:, *seen.slices], self.device) for a in y]))
        best = self._searched(block, start, own.inside(seen), until)
        self.bits += start.bits
        self.saved += float((start.loss - best.loss).sum())
        rows, columns = own.inside(seen).slices
        for whole, part in zip(y, best.y_hat, strict=True):
            whole[:, *own.slices] = part[0, :, rows, columns].cpu().numpy()

    def _searched(self, block: Block, start: Coded, own: Box, until: float) -> Coded:
        inside = torch.zeros_like(start.loss)
        inside[:, :, *own.slices] = 1
        search, idle = _Search(block, start, inside), 0
        for number in range(self.config.iterations):
            if time.monotonic() > until or idle > REST + PATCH:
                self.iterations = min(self.iterations, number)
                break
            idle = 0 if search.step(number) else idle + 1
        found = block.code(search.now.symbols)  # patches touch each other: what was put together is judged as a whole
        return found if float((found.loss - start.loss).sum()) < 0 else start


def refine(
    model: Model, header: PictureHeader, config: RefineConfig, read: Read, y: Sequence[NDArray[np.float32]],
    z: Sequence[NDArray[np.int8]], device: str = "cpu",
    steps: Sequence[NDArray[np.int8] | None] = (), mapped: NDArray[np.int8] | None = None,
) -> Refined:  # fmt: skip
    """Symbols that cost less for what they show.

    y: y_hat, or y, float32 [C_y, h, w] in quantiser steps; z: int8 [C_z, h/4, w/4]; steps: int8 [h, w] or
    [C_y, h, w] of each component, () or None where there are none; mapped: int8 [h, w], the quality map alone.
    Equal inputs give equal results unless the time ends first.
    """
    found = [a.copy() for a in y]
    work = _Refinement(model, header, config, read, device, steps, mapped)
    begin = time.monotonic()
    blocks = [(own.aligned(domain), domain) for domain in domains(header) for own in split(domain, BLOCK)]
    for number, (own, domain) in enumerate(blocks, 1):
        seconds = math.inf if config.seconds is None else config.seconds * number / len(blocks)
        work.block(found, z, own, own.grown(MARGIN, domain).aligned(domain), begin + seconds)
    return Refined(tuple(found), work.iterations, work.saved / max(work.bits, 1.0))
