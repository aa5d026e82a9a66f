# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Four-phase context model for the mean.

The latent's channels form four equal groups; the 2x2 positions form four phases. In step s, group g decodes
phase ORDER[g][s], so that after each step every position knows a quarter more of its channels, and every
channel a quarter more of its positions. All positions of a step are predicted in parallel.

    features [F] ─┬─ step 0: conv1x1 ────────────────────────────────── mean
                  └─ step s: conv1x1(features, y_hat so far) ─ block ─ conv1x1 ── mean
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from refsw.nets.blocks import activation, conv, full_precision, residual_blocks
from refsw.nets.order import ORDER, STEPS


def step_mask(step: int, channels: int, height: int, width: int, device: torch.device) -> Tensor:
    """float32 [1, C_y, h, w], 1 where the step decodes; channels must be a multiple of 4."""
    rows, columns = torch.arange(height, device=device), torch.arange(width, device=device)
    phase = 2 * (rows[:, None] % 2) + columns[None, :] % 2
    groups = [(phase == order[step]).float().expand(channels // 4, -1, -1) for order in ORDER]
    return torch.cat(groups)[None].contiguous(memory_format=torch.channels_last)


def step_masks(channels: int, height: int, width: int, device: torch.device) -> list[Tensor]:
    """The masks of all steps, which add up to one."""
    return [step_mask(step, channels, height, width, device) for step in range(STEPS)]


class ContextModel(nn.Module):
    """(9.3) Mean of the latent, in four steps."""

    def __init__(self, features: int, channels: int, width: int, blocks: int) -> None:
        super().__init__()
        self.first = conv(features, channels, 1)
        self.adapt = nn.ModuleList([conv(features + channels, width, 1) for _ in range(STEPS - 1)])
        self.trunk = residual_blocks(width, blocks)
        self.out = nn.ModuleList([conv(width, channels, 1) for _ in range(STEPS - 1)])

    def predict(self, step: int, features: Tensor, latent: Tensor) -> Tensor:
        """Mean without gain [B, C_y, h, w]; latent: y_hat decoded so far, without gain, zero elsewhere."""
        if step == 0:
            return full_precision(self.first, features)
        x = activation(self.adapt[step - 1](torch.cat([features, latent.to(features.dtype)], 1)))
        return full_precision(self.out[step - 1], self.trunk(x))

    def run(
        self, features: Tensor, log_gain: Tensor, inverse_log_gain: Tensor, residual: Callable[[Tensor, Tensor], Tensor]
    ) -> tuple[Tensor, Tensor]:
        """All steps. Returns mean and y_hat, float32 [B, C_y, h, w], in quantiser steps.

        residual(mean, mask) gives the quantised residual at the positions of the mask: computed by an encoder,
        looked up by a decoder.
        """
        batch, _, height, width = features.shape
        shape = (batch, log_gain.shape[1], height, width)
        mean = torch.zeros(shape, device=features.device).contiguous(memory_format=torch.channels_last)
        y_hat, gain, inverse = mean, log_gain.exp(), inverse_log_gain.exp()
        for step in range(STEPS):
            mask = step_mask(step, shape[1], height, width, features.device)
            now = (self.predict(step, features, y_hat * inverse) * gain).mul_(mask)
            mean = mean + now
            y_hat = y_hat + (residual(now, mask) * mask).add_(now)  # exact: all but one of the three are 0
        return mean, y_hat
