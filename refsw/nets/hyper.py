# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Hyper transforms of one component, and the prior of the hyper-latent.

    y ─ asinh ─ conv3x3 ─ conv2x2/2 ─ conv3x3 ─ conv2x2/2 ─ round ─ z [C_z, h/4, w/4]

    z ─┬─ HyperScale (integer in the codec):  conv3x3+d2s ─ conv3x3+d2s ─ conv3x3 ─ + quality ─ log scale
       └─ HyperMean  (tolerant):              conv1x1+d2s ─ conv3x3 ─ conv1x1+d2s ─ conv3x3 ─ gain(q) ─ features

The scale depends on z alone, so that symbols are parsed without the mean path (DESIGN 1.3).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from refsw.constants import HYPER_BLOCK, Z_LIMIT
from refsw.nets.blocks import QualityTable, activation, conv, depth_to_space
from refsw.nets.config import HyperConfig


def pad_to_multiple(x: Tensor, multiple: int) -> Tensor:
    """Replicate the last row and column until the grid is a multiple of `multiple`."""
    rows, columns = -x.shape[2] % multiple, -x.shape[3] % multiple
    return F.pad(x, (0, columns, 0, rows), mode="replicate") if rows or columns else x


class HyperAnalysis(nn.Module):
    """(informative) Latent to hyper-latent."""

    def __init__(self, channels: int, config: HyperConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [
                conv(channels, config.analysis, 3),
                conv(config.analysis, config.analysis, 2, stride=2),
                conv(config.analysis, config.analysis, 3),
                conv(config.analysis, config.z, 2, stride=2),
            ]
        )

    def forward(self, y: Tensor) -> Tensor:
        """y: [B, C_y, h, w], in quantiser steps -> z before rounding [B, C_z, ceil(h/4), ceil(w/4)]."""
        x = torch.asinh(pad_to_multiple(y, HYPER_BLOCK))
        for layer in self.layers[:-1]:
            x = activation(layer(x))
        return self.layers[-1](x).clamp(-Z_LIMIT, Z_LIMIT)


class HyperScale(nn.Module):
    """(8.3) Log scale of the residual from z; in the codec its integer twin runs (refsw.exact).

    With local steps (8.10) the last layer has one output more, which starts at zero.
    """

    def __init__(self, channels: int, anchors: int, config: HyperConfig, local_steps: bool = False) -> None:
        super().__init__()
        self.channels = channels
        self.layers = nn.ModuleList(
            [
                conv(config.z, 4 * config.scale, 3),
                conv(config.scale, 4 * config.scale, 3),
                conv(config.scale, channels + local_steps, 3),
            ]
        )
        for part in (self.layers[2].weight, self.layers[2].bias):
            nn.init.zeros_(part.data[channels:])  # type: ignore[arg-type]
        self.quality = QualityTable(channels, anchors)

    def hidden(self, z: Tensor) -> Tensor:
        """z: [B, C_z, h/4, w/4] -> what the last layer takes, [B, S, h, w]."""
        x = F.relu(depth_to_space(self.layers[0](z)))
        return F.relu(depth_to_space(self.layers[1](x)))

    def forward(self, z: Tensor, quality: Tensor) -> Tensor:
        """Natural log of the scale, in quantiser steps [B, C_y, h, w], before local steps."""
        return self.with_steps(z, quality)[0]

    def steps(self, z: Tensor) -> Tensor | None:
        """Natural log of the gain of local steps before rounding, [B, 1, h, w]; None where the structure has none."""
        return self._split(self.network(z))[1]

    def with_steps(self, z: Tensor, quality: Tensor) -> tuple[Tensor, Tensor | None]:
        """Both of them."""
        scale, local = self._split(self.network(z))
        return scale + self.quality(quality), local

    def network(self, z: Tensor) -> Tensor:
        """z: [B, C_z, h/4, w/4] -> natural log scale before the quality term, then local steps, [B, outputs, h, w]."""
        return self.layers[2](self.hidden(z)).float()

    def _split(self, out: Tensor) -> tuple[Tensor, Tensor | None]:
        return out[:, : self.channels], out[:, self.channels :] if out.shape[1] > self.channels else None


class HyperMean(nn.Module):
    """(9.2) Features for context model and synthesis from z."""

    def __init__(self, anchors: int, config: HyperConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [
                conv(config.z, 4 * config.mean, 1),
                conv(config.mean, config.mean, 3),
                conv(config.mean, 4 * config.mean, 1),
                conv(config.mean, config.features, 3),
            ]
        )
        self.gain = QualityTable(config.features, anchors)

    def forward(self, z: Tensor, quality: Tensor) -> Tensor:
        """z: [B, C_z, h/4, w/4] -> [B, F, h, w]."""
        x = activation(depth_to_space(self.layers[0](z)))
        x = activation(self.layers[1](x))
        x = activation(depth_to_space(self.layers[2](x)))
        return activation(self.layers[3](x)) * self.gain(quality).exp()


class HyperPrior(nn.Module):
    """(8.2.2) Factorised prior of z: per channel a mixture of three logistics whose width follows the quality.

    Exported as integer frequency tables, one per channel and quality anchor.
    """

    MIXTURE = 3

    def __init__(self, channels: int, anchors: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(channels, self.MIXTURE))
        self.centre = nn.Parameter(torch.tensor([-2.0, 0.0, 2.0]).repeat(channels, 1))
        self.log_width = nn.Parameter(torch.full((channels, self.MIXTURE), 0.2))
        self.quality = QualityTable(channels, anchors)

    def probability(self, z: Tensor, quality: Tensor) -> Tensor:
        """z: [B, C_z, h, w] -> probability of the unit bin around each value, [B, C_z, h, w]."""
        z = z[:, None]
        width = (self.log_width.t()[None, :, :, None, None] + self.quality(quality)[:, None]).clamp(-4, 5)
        distance = (z - self.centre.t()[None, :, :, None, None]).abs()  # [B, 3, C_z, h, w]
        inverse = torch.exp(-width)
        bins = torch.sigmoid((0.5 - distance) * inverse) - torch.sigmoid((-0.5 - distance) * inverse)
        return (bins * torch.softmax(self.weight, 1).t()[None, :, :, None, None]).sum(1)
