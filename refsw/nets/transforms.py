# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Analysis and synthesis transforms of one component.

planes [P, H, W]
  └ stem: fixed transform of 8x8 patches (KLT, half-whitened)        [64 P, H/8, W/8]
      └ conv3x3 ─ blocks x n_fine ─ gain(q) ─ space_to_depth ─ conv1x1   [C_coarse, H/16, W/16]
          └ blocks x n_coarse ─ conv3x3 ─ gain(q)                    y   [C_y, H/16, W/16]

synthesis is the mirror image, with the hyper-decoder's features beside y_hat at its input. A structure may have a
skip beside all of that: space_to_depth ─ conv1x1 from the stem to y, conv1x1 ─ depth_to_space from y_hat to the stem.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from refsw.nets.blocks import QualityTable, conv, depth_to_space, full_precision, residual_blocks, space_to_depth
from refsw.nets.config import TransformConfig

PATCH = 8


class Stem(nn.Module):
    """Fixed linear transform between planes and features of 8x8 patches.

    forward_matrix: [64 P, 64 P], features from samples; inverse_matrix: its inverse. Both are data, not trained.
    Sample order inside a patch: plane, row, column.
    """

    forward_matrix: Tensor
    inverse_matrix: Tensor

    def __init__(self, planes: int) -> None:
        super().__init__()
        size = planes * PATCH * PATCH
        self.register_buffer("forward_matrix", torch.eye(size))
        self.register_buffer("inverse_matrix", torch.eye(size))

    def analyse(self, planes: Tensor) -> Tensor:
        """[B, P, H, W], range -0.5..0.5 -> [B, 64 P, H/8, W/8]."""
        return F.conv2d(F.pixel_unshuffle(planes, PATCH), self.forward_matrix[:, :, None, None])

    def synthesise(self, features: Tensor) -> Tensor:
        """[B, 64 P, h, w] -> [B, P, 8h, 8w], range -0.5..0.5."""
        return F.pixel_shuffle(F.conv2d(features, self.inverse_matrix[:, :, None, None]), PATCH)


def _skip(inputs: int, outputs: int) -> nn.Conv2d:
    """A linear path, which starts at zero, drawing no random number: a structure that gains it starts as without."""
    layer = nn.utils.skip_init(nn.Conv2d, inputs, outputs, 1)
    assert isinstance(layer, nn.Conv2d) and layer.bias is not None
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


class Analysis(nn.Module):
    """(informative) Planes to latent; `condition` are features of planes of an earlier component."""

    def __init__(self, features: int, condition: int, channels: int, anchors: int, config: TransformConfig) -> None:
        super().__init__()
        self.first = conv(features + condition, config.fine, 3)
        self.fine = residual_blocks(config.fine, config.fine_blocks)
        self.fine_gain = QualityTable(config.fine, anchors)
        self.merge = conv(4 * config.fine, config.coarse, 1)
        self.coarse = residual_blocks(config.coarse, config.coarse_blocks)
        self.last = conv(config.coarse, channels, 3)
        self.skip = _skip(4 * (features + condition), channels) if config.skip else None

    def forward(self, features: Tensor, quality: Tensor) -> Tensor:
        """features: [B, F, H/8, W/8] with H, W multiples of 16; quality: [B] -> y before gain [B, C_y, H/16, W/16]."""
        x = self.fine(full_precision(self.first, features)) * self.fine_gain(quality).exp()
        y = full_precision(self.last, self.coarse(full_precision(self.merge, space_to_depth(x))))
        return y if self.skip is None else y + full_precision(self.skip, space_to_depth(features))


class Synthesis(nn.Module):
    """(9.4) Latents to features of the stem."""

    def __init__(self, channels: int, hyper: int, features: int, anchors: int, config: TransformConfig) -> None:
        super().__init__()
        self.channels = channels
        self.first = conv(channels + hyper, config.coarse, 1)
        self.coarse = residual_blocks(config.coarse, config.coarse_blocks)
        self.split = conv(config.coarse, 4 * config.fine, 1)
        self.fine_gain = QualityTable(config.fine, anchors)
        self.fine = residual_blocks(config.fine, config.fine_blocks)
        self.last = conv(config.fine, features, 3)
        self.skip = _skip(channels, 4 * features) if config.skip else None

    def forward(self, latents: Tensor, quality: Tensor) -> Tensor:
        """latents: [B, C_y + F, H/16, W/16], y_hat without gain first; quality: [B] -> [B, 64 P, H/8, W/8]."""
        x = depth_to_space(full_precision(self.split, self.coarse(full_precision(self.first, latents))))
        out = full_precision(self.last, self.fine(x * self.fine_gain(quality).exp()))
        return (
            out if self.skip is None else out + depth_to_space(full_precision(self.skip, latents[:, : self.channels]))
        )
