# SPDX-License-Identifier: BSD-3-Clause-Clear
"""One definition of the rate, for training and for the encoder's estimate."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

SCALE_MINIMUM, SCALE_MAXIMUM, SCALE_ROWS = 0.11, 64.0, 64
LOG_SCALE_MINIMUM = math.log(SCALE_MINIMUM)
LOG_SCALE_MAXIMUM = math.log(SCALE_MAXIMUM)
LOG_SCALE_STEP = (LOG_SCALE_MAXIMUM - LOG_SCALE_MINIMUM) / (SCALE_ROWS - 1)
PROBABILITY_MINIMUM = 2.0**-16


class LowerBound(torch.autograd.Function):
    """max(x, bound), whose gradient still pulls x up from below the bound."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, bound: float) -> Tensor:
        """Clamp from below."""
        ctx.save_for_backward(x)
        ctx.bound = bound
        return x.clamp(min=bound)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """Pass the gradient where x is in range or would move up."""
        (x,) = ctx.saved_tensors
        (gradient,) = gradients
        return gradient * ((x >= ctx.bound) | (gradient < 0)), None


def probability_bits(probability: Tensor) -> Tensor:
    """Code length, bounded from above as by the escape symbol of a table."""
    return -torch.log2(LowerBound.apply(probability, PROBABILITY_MINIMUM))


def gaussian_bits(residual: Tensor, log_scale: Tensor) -> Tensor:
    """Bits of the unit bin around each residual under a zero-mean Gaussian.

    Its scale is held between those of the first and the last table row: the coder has no others.
    """
    log_scale = LOG_SCALE_MINIMUM + LowerBound.apply(log_scale - LOG_SCALE_MINIMUM, 0.0)
    log_scale = log_scale.clamp(max=LOG_SCALE_MAXIMUM)
    inverse = torch.exp(-log_scale) * math.sqrt(0.5)
    distance = residual.abs()
    inside = torch.erfc((distance - 0.5) * inverse) - torch.erfc((distance + 0.5) * inverse)
    return probability_bits(0.5 * inside)
