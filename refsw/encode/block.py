# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Rate and distortion of one block of a picture as a function of its symbols, with slopes.

    symbols ─ mean path ─► y_hat ─ synthesis ─► planes ─► error of the displayed samples ─► slope over each symbol
       └──── tables ────► bits

Symbols are what is changed: where one changes, means of later symbols follow, and y_hat with them, while no other
symbol does. So the bits of a change are those of its own table, exactly, and the rest is in the slope.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from refsw.constants import LATENT_BLOCK, SCALE_FRACTION_BITS
from refsw.decode.model import Model
from refsw.decode.picture import OPERATING_POINTS
from refsw.decode.reconstruct import quality_position
from refsw.decode.windows import Box
from refsw.encode.distortion import sample_matrix
from refsw.nets.rate import LOG_SCALE_MINIMUM, LOG_SCALE_STEP, residual_bits
from refsw.syntax.headers import PictureHeader

PROBES = 16
"""Random combinations of samples by which curvature is measured; each takes a third of a coding."""
EXPECTED = 4.0
"""Weight of what channel and position let expect of a symbol's curvature, against PROBES / 2 of what is measured."""
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
    the distortion relative to that of training; log_maps: [1, 1 or C_y, h, w] of each component, natural logarithm of
    the gain of steps, () where there are none; log_worth: [1, 1, h, w], of the quality map alone, which says what a
    place is worth.
    """

    def __init__(
        self, model: Model, header: PictureHeader, seen: Box, planes: Tensor, z: Sequence[Tensor], fidelity: float,
        log_maps: Sequence[Tensor] = (), log_worth: Tensor | None = None,
    ) -> None:  # fmt: skip
        self.header, self.seen, self.z, device = header, seen, z, planes.device
        self.nets = [model.network.component(i) for i in range(len(header.components))]
        anchors = model.config.quality_anchors
        self.quality = [quality_position(c.quality_index, anchors).to(device) for c in header.components]
        self.point = OPERATING_POINTS[header.synthesis_transform_id[0]]
        rows = min(LATENT_BLOCK * seen.bottom, header.coded_height) - LATENT_BLOCK * seen.top
        columns = min(LATENT_BLOCK * seen.right, header.coded_width) - LATENT_BLOCK * seen.left
        self.height, self.width = rows, columns
        self.matrix = torch.from_numpy(sample_matrix(header, planes.shape[1])).float().to(device)
        self.target = self._displayed(planes)
        none = torch.zeros(1, 1, seen.height, seen.width, device=device)
        self.log_maps = tuple(log_maps) or (none,) * len(self.nets)
        weight = 255**2 * fidelity * float(model.config.lagrangian(float(self.quality[0])))
        worth = none if log_worth is None else log_worth
        self.weight = weight * (2 * worth).exp()  # a step that is finer by a factor is worth its square
        with torch.no_grad():
            self.log_scale = tuple(
                net.log_scale(own_z, quality, seen.height, seen.width) + log_map
                for net, own_z, quality, log_map in zip(self.nets, z, self.quality, self.log_maps, strict=True)
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

    @torch.no_grad()
    def loss(self, towards: Sequence[Tensor], least: Sequence[Tensor]) -> float:
        """Bits + weighted distortion of residuals rounded towards these y_hat, and 0 below these magnitudes."""
        symbols = [torch.zeros_like(own) for own in towards]

        def residual(index: int, mean: Tensor, step: Tensor) -> Tensor:
            exact = towards[index] * step - mean
            found = torch.round(exact) * self.coded[index] * (exact.abs() >= least[index])
            symbols[index].add_(found * step)
            return found

        shown, _ = self._shown(residual)
        return float((self._bits(symbols) + self._distortion(shown)).sum())

    def code(self, symbols: Sequence[Tensor]) -> Coded:
        """Rate, distortion and slopes."""
        leaves = [s.clone().requires_grad_(True) for s in symbols]
        shown, y_hats = self._shown(lambda index, _mean, step: leaves[index] * step)
        bits, distortion = self._bits(symbols), self._distortion(shown)
        slope = torch.autograd.grad(distortion.sum(), leaves)
        return Coded(bits + distortion.detach(), float(bits.sum()), tuple(symbols), tuple(y_hats), slope)

    def _bits(self, symbols: Sequence[Tensor]) -> Tensor:
        bits = torch.zeros_like(self.weight)
        for own, log_scale, coded in zip(symbols, self.log_scale, self.coded, strict=True):
            bits += (residual_bits(own, log_scale) * coded).sum(1, keepdim=True)
        return bits

    def _distortion(self, shown: Tensor) -> Tensor:
        """Weighted, of each position: [1, 1, h, w]."""
        error = (shown - self.target).square().mean(1, keepdim=True)
        below, beside = (LATENT_BLOCK * n - m for n, m in zip(self.weight.shape[2:], error.shape[2:], strict=True))
        return self.weight * F.avg_pool2d(F.pad(error, (0, beside, 0, below)), LATENT_BLOCK) * LATENT_BLOCK**2

    def _latents(self, index: int, earlier: list[Tensor], residual: object) -> tuple[Tensor, Tensor, Tensor]:
        """(features, y_hat, y_hat without gain) of a component."""
        net, quality, size = self.nets[index], self.quality[index], (self.seen.height, self.seen.width)
        features = net.features(self.z[index], quality, [earlier[i] for i in net.config.condition], *size)
        inverse = net.inverse_gain(quality) - self.log_maps[index]
        _, y_hat = net.context.run(features, net.gain(quality) + self.log_maps[index], inverse, residual)  # type: ignore[arg-type]
        return features, y_hat, y_hat * inverse.exp()

    def _shown(self, residual: Callable[[int, Tensor, Tensor], Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Displayed samples [1, channels, H, W], and y_hat of each component; residual: of component, mean, mask."""
        planes, unscaled, y_hats = list[Tensor](), list[Tensor](), list[Tensor]()
        for index, net in enumerate(self.nets):
            features, y_hat, latent = self._latents(index, unscaled, partial(residual, index))
            unscaled.append(latent)
            y_hats.append(y_hat.detach())
            planes.append(net.planes(latent, features, self.quality[index], self.point))
        return self._displayed(torch.cat(planes, 1)), y_hats

    def _displayed(self, planes: Tensor) -> Tensor:
        return torch.einsum("cp,bphw->bchw", self.matrix, planes[:, :, : self.height, : self.width])

    def curvature(self, symbols: Sequence[Tensor], random: torch.Generator) -> list[Tensor]:
        """Second derivative of the distortion over each symbol, [1, C_y, h, w], but for what bends in the networks.

        With samples linear in symbols it is twice the energy of a symbol's derivative over all samples. A sum of
        samples with random signs has a slope whose square is that energy on average. The mean of a few is mixed with
        what channel and position let expect.
        """
        leaves = [s.clone().requires_grad_(True) for s in symbols]
        shown, _ = self._shown(lambda index, _mean, step: leaves[index] * step)
        weight = F.interpolate(2 * self.weight / shown.shape[1], scale_factor=LATENT_BLOCK)
        weighted = shown * weight[:, :, : shown.shape[2], : shown.shape[3]].sqrt()
        energy = [torch.zeros_like(s) for s in symbols]
        for number in range(PROBES):
            signs = (2 * torch.randint(0, 2, shown.shape, generator=random) - 1).to(shown)
            slopes = torch.autograd.grad(weighted, leaves, signs, retain_graph=number < PROBES - 1)
            for own, slope in zip(energy, slopes, strict=True):
                own += slope.square() / PROBES
        share = EXPECTED / (EXPECTED + PROBES / 2)
        expected = self._expected(energy)
        return [own + share * (other - own) for own, other in zip(energy, expected, strict=True)]

    def _expected(self, energy: Sequence[Tensor]) -> list[Tensor]:
        """Mean of the channel, times a factor of the position."""
        channels = []
        for own, coded in zip(energy, self.coded, strict=True):
            mean = (own * coded).sum((0, 2, 3), keepdim=True) / coded.sum((0, 2, 3), keepdim=True).clamp(min=1)
            channels.append(mean.clamp(min=max(1e-6, LEAST_CURVATURE * float(mean.mean()))))
        expected = torch.cat([c * coded for c, coded in zip(channels, self.coded, strict=True)], 1).sum(1, keepdim=True)
        found = torch.cat([e * coded for e, coded in zip(energy, self.coded, strict=True)], 1).sum(1, keepdim=True)
        few = LEAST_CURVATURE * expected.mean()
        place = ((found + few) / (expected + few)).clamp(LEAST_CURVATURE, 1 / LEAST_CURVATURE)
        return [channel * place for channel in channels]
