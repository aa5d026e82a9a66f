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
NARROWER, WIDER = 5, 3  # as refsw.entropy.gaussian has them
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


def residual_bits(residual: Tensor, log_scale: Tensor) -> Tensor:
    """(8.4.3) Bits of the unit bin around each residual, as the entropy coder's table rows have it between rows too.

    The scale is held between those of the first and the last row: the coder has no others.
    """
    above = LowerBound.apply(log_scale - LOG_SCALE_MINIMUM, 0.0).clamp(max=LOG_SCALE_MAXIMUM - LOG_SCALE_MINIMUM)
    narrower = above - (above / 2).clamp(max=NARROWER * LOG_SCALE_STEP)
    wider = above + (above / 4).clamp(max=WIDER * LOG_SCALE_STEP)
    distance, inside = residual.abs(), torch.zeros_like(residual)
    for own in (narrower, above, wider):
        inverse = torch.exp(-own) * (math.sqrt(0.5) / SCALE_MINIMUM)
        inside = inside + torch.erfc((distance - 0.5) * inverse) - torch.erfc((distance + 0.5) * inverse)
    return probability_bits(inside / 6)
