# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Rate and distortion of one block of a picture as a function of its symbols, with slopes.

    symbols ─ mean path ─► y_hat ─ synthesis ─► planes ─► error of the displayed samples ─► slope over each symbol
       └──── tables ────► bits

Symbols are what is changed: where one changes, means of later symbols follow, and y_hat with them, while no other
symbol does. So the bits of a change are those of its own table, exactly, and the rest is in the slope.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from refsw.constants import LATENT_BLOCK, SCALE_FRACTION_BITS
from refsw.decode.model import Model
from refsw.decode.picture import OPERATING_POINTS
from refsw.decode.reconstruct import quality_position
from refsw.decode.windows import Box
from refsw.encode.distortion import sample_matrix
from refsw.nets.rate import LOG_SCALE_MINIMUM, LOG_SCALE_STEP, gaussian_bits
from refsw.syntax.headers import PictureHeader

PROBE = 0.1
"""Symbol steps by which all symbols move at once to measure curvature: at larger ones the networks bend."""
PROBES = 3
LEAST_CURVATURE = 0.1
"""Relative to the mean of a component."""


@dataclass(frozen=True)
class Coded:
    """One coding of a block.

    loss: bits + weighted distortion of each position, [1, 1, h, w]; bits: of all its symbols; by component,
    [1, C_y, h, w] each: symbols; y_hat; slope of the weighted distortion over each symbol.
    """

    loss: Tensor
    bits: float
    symbols: tuple[Tensor, ...]
    y_hat: tuple[Tensor, ...]
    slope: tuple[Tensor, ...]

    def mixed(self, other: Coded, where: Tensor) -> Coded:
        """This one, and the other one where [1, 1, h, w] is true: right where no change is near."""

        def mix(own: tuple[Tensor, ...], others: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            return tuple(torch.where(where, b, a) for a, b in zip(own, others, strict=True))

        return Coded(
            torch.where(where, other.loss, self.loss), self.bits, mix(self.symbols, other.symbols),
            mix(self.y_hat, other.y_hat), mix(self.slope, other.slope),
        )  # fmt: skip


class Block:
    """A rectangle of the latent grid that begins at a sample of z.

    planes: float32 [1, P, 16 h, 16 w], -0.5..0.5; z: float32 [1, C_z, h/4, w/4] of each component; fidelity: weight of
    the distortion relative to that of training; log_map: [1, 1, h, w], natural logarithm of the gain of a quality map.
    """

    def __init__(
        self, model: Model, header: PictureHeader, seen: Box, planes: Tensor, z: Sequence[Tensor], fidelity: float,
        log_map: Tensor | None = None,
    ) -> None:  # fmt: skip
        self.header, self.seen, self.z, device = header, seen, z, planes.device
        self.nets = [model.network.component(i) for i in range(len(header.components))]
        anchors = model.config.quality_anchors
        self.quality = [quality_position(c.quality_index, anchors).to(device) for c in header.components]
        self.point = OPERATING_POINTS[header.synthesis_transform_id[0]]
        rows = min(LATENT_BLOCK * seen.bottom, header.coded_height) - LATENT_BLOCK * seen.top
        columns = min(LATENT_BLOCK * seen.right, header.coded_width) - LATENT_BLOCK * seen.left
        self.target = planes[:, :, :rows, :columns]
        self.matrix = torch.from_numpy(sample_matrix(header, planes.shape[1])).float().to(device)
        self.log_map = torch.zeros(1, 1, seen.height, seen.width, device=device) if log_map is None else log_map
        weight = 255**2 * fidelity * float(model.config.lagrangian(float(self.quality[0])))
        self.weight = weight * (2 * self.log_map).exp()  # a step that is finer by a factor is worth its square
        with torch.no_grad():
            self.log_scale = tuple(
                net.log_scale(own_z, quality, seen.height, seen.width) + self.log_map
                for net, own_z, quality in zip(self.nets, z, self.quality, strict=True)
            )
        self.coded = tuple(self._coded(index) for index in range(len(self.nets)))

    def _coded(self, index: int) -> Tensor:
        own, log_scale = self.header.components[index], self.log_scale[index]
        threshold = own.skip_threshold if own.skip_enabled_flag else 0
        coded = (log_scale >= LOG_SCALE_MINIMUM + threshold * LOG_SCALE_STEP / (1 << SCALE_FRACTION_BITS)).float()
        coded[:, own.num_coded_channels :] = 0
        return coded

    @torch.no_grad()
    def nearest(self, towards: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Symbols of each component, rounded towards these y_hat."""
        unscaled, symbols = list[Tensor](), list[Tensor]()
        for index in range(len(self.nets)):
            own = torch.zeros_like(towards[index])

            def residual(mean: Tensor, step: Tensor, index: int = index, own: Tensor = own) -> Tensor:
                found = torch.round(towards[index] * step - mean) * self.coded[index]
                own.add_(found * step)
                return found

            unscaled.append(self._latents(index, unscaled, residual)[2])
            symbols.append(own)
        return tuple(symbols)

    def code(self, symbols: Sequence[Tensor], offsets: Sequence[Tensor] | None = None) -> Coded:
        """Rate, distortion and slopes; offsets: added to what the networks see of the symbols."""
        leaves = [(s if offsets is None else s + offsets[i]).clone().requires_grad_(True)
                  for i, s in enumerate(symbols)]  # fmt: skip
        planes, unscaled, y_hats = list[Tensor](), list[Tensor](), list[Tensor]()
        bits = torch.zeros_like(self.log_map)
        for index, net in enumerate(self.nets):

            def residual(_mean: Tensor, step: Tensor, index: int = index) -> Tensor:
                return leaves[index] * step

            features, y_hat, latent = self._latents(index, unscaled, residual)
            unscaled.append(latent)
            y_hats.append(y_hat.detach())
            planes.append(net.planes(latent, features, self.quality[index], self.point))
            bits += (gaussian_bits(symbols[index], self.log_scale[index]) * self.coded[index]).sum(1, keepdim=True)
        shown = torch.cat(planes, 1)[:, :, : self.target.shape[2], : self.target.shape[3]]
        error = torch.einsum("cp,bphw->bchw", self.matrix, shown - self.target).square().mean(1, keepdim=True)
        below, beside = (LATENT_BLOCK * n - m for n, m in zip(bits.shape[2:], error.shape[2:], strict=True))
        spread = F.avg_pool2d(F.pad(error, (0, beside, 0, below)), LATENT_BLOCK) * LATENT_BLOCK**2
        distortion = self.weight * spread
        slope = torch.autograd.grad(distortion.sum(), leaves)
        return Coded(bits + distortion.detach(), float(bits.sum()), tuple(symbols), tuple(y_hats), slope)

    def _latents(self, index: int, earlier: list[Tensor], residual: object) -> tuple[Tensor, Tensor, Tensor]:
        """(features, y_hat, y_hat without gain) of a component."""
        net, quality, size = self.nets[index], self.quality[index], (self.seen.height, self.seen.width)
        features = net.features(self.z[index], quality, [earlier[i] for i in net.config.condition], *size)
        inverse = net.inverse_gain(quality) - self.log_map
        _, y_hat = net.context.run(features, net.gain(quality) + self.log_map, inverse, residual)  # type: ignore[arg-type]
        return features, y_hat, y_hat * inverse.exp()

    def curvature(self, symbols: Sequence[Tensor], random: torch.Generator) -> list[Tensor]:
        """Second derivative of the distortion over each symbol, [1, C_y, h, w]: of its channel, times of its position.

        From random directions: in each, all symbols move a little up or down at once, and what others add averages out.
        """
        total = [torch.zeros_like(s) for s in symbols]
        for _ in range(PROBES):
            signs = [(2 * torch.randint(0, 2, s.shape, generator=random) - 1).to(s) * coded
                     for s, coded in zip(symbols, self.coded, strict=True)]  # fmt: skip
            down, up = (self.code(symbols, [sign * d for d in signs]).slope for sign in (-PROBE, PROBE))
            for own, low, high, direction in zip(total, down, up, signs, strict=True):
                own += (high - low) * direction / (2 * PROBE * PROBES)
        channels = []
        for own, coded in zip(total, self.coded, strict=True):
            mean = own.sum((0, 2, 3), keepdim=True) / coded.sum((0, 2, 3), keepdim=True).clamp(min=1)
            channels.append(mean.clamp(min=max(1e-6, LEAST_CURVATURE * float(mean.mean()))))
        expected = torch.cat([c * coded for c, coded in zip(channels, self.coded, strict=True)], 1).sum(1, keepdim=True)
        found = torch.cat(total, 1).sum(1, keepdim=True)
        few = LEAST_CURVATURE * expected.mean()
        place = ((found + few) / (expected + few)).clamp(LEAST_CURVATURE, 1 / LEAST_CURVATURE)
        return [(c * place).expand_as(s).clone() for c, s in zip(channels, symbols, strict=True)]
