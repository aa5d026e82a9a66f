# SPDX-License-Identifier: BSD-3-Clause-Clear
"""How residuals are rounded in training: to the nearest integers, or as an encoder with its usual tools rounds them.

Both decisions follow from the scale of a sample alone, so each is a table over the logarithm of the scale.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from refsw.nets.rate import LOG_SCALE_MINIMUM, LOG_SCALE_STEP, SCALE_ROWS, residual_bits

PARTS = 4
"""Entries of a table for each row of the table of scales."""


@dataclass(frozen=True)
class Rounding:
    """log_gain: of the steps of variance scaling (8.9), float32 [components, entries]; None: there are none.

    least: magnitude from which a residual is not coded as 0, float32 [entries]; None: that is always 1/2.
    """

    log_gain: Tensor | None = None
    least: Tensor | None = None

    def finer(self, component: int, log_scale: Tensor) -> Tensor | None:
        """Natural logarithm of the gain of each sample's step, as log_scale [B, C_y, h, w]; None: all are 0."""
        return None if self.log_gain is None else _looked_up(self.log_gain[component], log_scale)

    def thresholds(self, log_scale: Tensor) -> Tensor | None:
        """Least magnitude of each sample that is not 0, as log_scale, which is that with steps."""
        return None if self.least is None else _looked_up(self.least, log_scale)


NEAREST = Rounding()


def rounding(variance_scaling: bool, zeroing: float, components: int) -> Rounding:
    """The usual steps of variance scaling, and zeroing as `coding.zeroing` of an encoder's configuration."""
    log_gain = None
    if variance_scaling:
        from refsw.syntax.scaling import limits
        from refsw.tools.variance_scaling.tool import usual

        steps, band = usual(components), torch.bucketize(_rows(), torch.tensor(limits()), right=True)
        log_gain = torch.stack([torch.tensor(steps.of(i))[band] for i in range(components)]) * LOG_SCALE_STEP
    least = None
    if zeroing:
        log_scale = LOG_SCALE_MINIMUM + LOG_SCALE_STEP * _rows()
        zero, one = (residual_bits(torch.full_like(log_scale, symbol), log_scale) for symbol in (0, 1))
        least = (0.5 + (one - zero) / (2 * zeroing)).clamp(min=0.5)
    return Rounding(log_gain, least)


def rounded(residual: Tensor, least: Tensor | None) -> Tensor:
    """Symbols of residuals; least: see `Rounding.thresholds`."""
    symbols = torch.round(residual)
    return symbols if least is None else symbols * (residual.abs() >= least)


def _rows() -> Tensor:
    """Row of the table of scales in the middle of each entry, a fraction."""
    return (torch.arange(PARTS * SCALE_ROWS) + 0.5) / PARTS


def _looked_up(table: Tensor, log_scale: Tensor) -> Tensor:
    entry = ((log_scale.detach() - LOG_SCALE_MINIMUM) * (PARTS / LOG_SCALE_STEP)).clamp(0, len(table) - 1)
    return table.to(log_scale.device)[entry.long()]
