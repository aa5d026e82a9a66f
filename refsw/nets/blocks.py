# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Building blocks shared by all networks."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SLOPE = 0.125  # of the leaky rectifier: a power of two, so that an integer back-end is a shift


def activation(x: Tensor) -> Tensor:
    """Leaky rectifier with slope 1/8; x, which nothing else may need, becomes the result."""
    return F.leaky_relu(x, SLOPE, inplace=True)


def conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Conv2d:
    """Convolution that keeps the grid (stride 1, odd kernel) or divides it exactly (kernel = stride)."""
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2 if stride == 1 else 0)


def full_precision(layer: nn.Module, x: Tensor) -> Tensor:
    """layer(x) in float32 also under bf16 autocast: a latent of 100 steps has a spacing of half a step in bf16."""
    with torch.autocast(x.device.type, enabled=False):
        out: Tensor = layer(x.to(torch.promote_types(x.dtype, torch.float32)))
    return out


def space_to_depth(x: Tensor) -> Tensor:
    """[B, C, 2h, 2w] -> [B, 4C, h, w]; sub-position (i, j) goes to channels (2i + j)C .. (2i + j)C + C - 1."""
    b, c, h, w = x.shape
    x = x.permute(0, 2, 3, 1).reshape(b, h // 2, 2, w // 2, 2, c)
    return x.permute(0, 1, 3, 2, 4, 5).reshape(b, h // 2, w // 2, 4 * c).permute(0, 3, 1, 2)


def depth_to_space(x: Tensor) -> Tensor:
    """[B, 4C, h, w] -> [B, C, 2h, 2w]; inverse of `space_to_depth`."""
    b, c4, h, w = x.shape
    x = x.permute(0, 2, 3, 1).reshape(b, h, w, 2, 2, c4 // 4)
    return x.permute(0, 1, 3, 2, 4, 5).reshape(b, 2 * h, 2 * w, c4 // 4).permute(0, 3, 1, 2)


class ResidualBlock(nn.Module):
    """x + conv1x1(activation(conv3x3(x))); the last layer starts at zero, so a block starts as identity.

    x: [B, C, h, w] -> [B, C, h, w]. Dense 3x3: depthwise is no faster on CPUs (research/training.md).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.spatial = conv(channels, channels, 3)
        self.mix = conv(channels, channels, 1)
        nn.init.zeros_(self.mix.weight)
        nn.init.zeros_(self.mix.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, h, w] -> [B, C, h, w]."""
        out: Tensor = self.mix(activation(self.spatial(x)))
        return out.add_(x) if out.dtype == x.dtype else out + x  # what is large costs more to allocate than to add


def residual_blocks(channels: int, count: int) -> nn.Sequential:
    """A chain of `count` residual blocks."""
    return nn.Sequential(*[ResidualBlock(channels) for _ in range(count)])


class QualityTable(nn.Module):
    """Per-channel values at the quality anchors, interpolated linearly between them.

    values: [anchors, C], natural log of a gain.
    """

    def __init__(self, channels: int, anchors: int) -> None:
        super().__init__()
        self.values = nn.Parameter(torch.zeros(anchors, channels))

    def forward(self, quality: Tensor) -> Tensor:
        """quality: [B], 0..1 -> [B, C, 1, 1]."""
        intervals = self.values.shape[0] - 1
        position = quality * intervals
        low = position.floor().clamp(0, intervals - 1).long()
        share = (position - low)[:, None]
        value = self.values[low] * (1 - share) + self.values[low + 1] * share
        return value[:, :, None, None]
