# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(D.7) Operations on integers held in float64, exact by the bounds of D.4 and D.6.3; use within `exact_numerics`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from refsw.exact.gain import GainTable
from refsw.exact.layer import Range
from refsw.exact.operations import ProvenLayer
from refsw.exact.torch_backend import convolve


@dataclass(frozen=True, eq=False)
class _Prepared:
    """Weights of a layer as the back-end uses them: taps [k, k, O, I]; the others float64 [O, 1, 1]."""

    taps: Tensor
    multiplier: Tensor | None
    offset: Tensor
    step: Tensor | None


class TorchOperations:
    """Integers in float64; a convolution runs in float32 where its bound allows, or always in float64.

    Converted weights are kept, so one object serves every window of a picture.
    """

    def __init__(self, device: str = "cpu", precision: str = "auto") -> None:
        self.device, self.precision = device, precision
        self._prepared: dict[ProvenLayer, _Prepared] = {}

    def load(self, x: NDArray[Any]) -> Tensor:
        """See Operations."""
        return torch.from_numpy(np.ascontiguousarray(x)).to(self.device, torch.float64)

    def store(self, x: Tensor) -> NDArray[np.int32]:
        """See Operations."""
        return x.to("cpu", torch.int32).contiguous().numpy()

    def shape(self, x: Tensor) -> tuple[int, int, int]:
        """See Operations."""
        channels, rows, columns = x.shape[-3:]
        return channels, rows, columns

    def conv(self, proven: ProvenLayer, x: Tensor) -> Tensor:
        """See Operations."""
        own = self._prepare(proven)
        y = convolve(own.taps, x.to(own.taps.dtype)).double()
        if own.multiplier is not None:
            y.mul_(own.multiplier)
        y.add_(own.offset)
        if own.step is not None:
            y.mul_(own.step)
        y.floor_()
        if proven.layer.depth_to_space:
            *batch, c4, h, w = y.shape
            y = y.reshape(*batch, 2, 2, c4 // 4, h, w).movedim((-5, -4), (-3, -1))
            y = y.reshape(*batch, c4 // 4, 2 * h, 2 * w)
        return y.clamp_(*proven.layer.output_range)

    def leaky(self, x: Tensor) -> Tensor:
        """See Operations."""
        return torch.maximum(x, torch.add(0.5, x, alpha=0.125).floor_())

    def add(self, x: Tensor, y: Tensor, span: Range) -> Tensor:
        """See Operations."""
        return (x + y).clamp_(*span)

    def gain(self, table: GainTable, x: Tensor, quality_index: int, more: int = 0) -> Tensor:
        """See Operations."""
        mantissa, shift = table.at(quality_index, more)
        factor = self._column(np.ldexp(mantissa.astype(np.float64), -shift))
        return (x * factor).add_(0.5).floor_().clamp_(*table.output_range)

    def mask(self, x: Tensor, keep: NDArray[np.bool_]) -> Tensor:
        """See Operations."""
        return x * torch.from_numpy(keep).to(self.device)

    def join(self, parts: Sequence[Tensor]) -> Tensor:
        """See Operations."""
        return torch.cat(list(parts), -3)

    def cut(self, x: Tensor, rows: slice, columns: slice) -> Tensor:
        """See Operations."""
        return x[..., rows, columns]

    def _prepare(self, proven: ProvenLayer) -> _Prepared:
        if proven not in self._prepared:
            layer = proven.layer
            taps = torch.from_numpy(np.array(layer.weight.transpose(2, 3, 0, 1), np.float64, order="C")).to(self.device)
            offset, step = self._column(layer.offset().astype(np.float64)), self._column(np.ldexp(1.0, -layer.shift))
            if self.precision == "auto" and proven.bound.precision == "float32":
                made = _Prepared(taps.float(), self._column(layer.multiplier.astype(np.float64)), offset, step)
            elif (layer.multiplier == 1).all():  # a power of two may as well be in the weights: no bit is lost
                made = _Prepared(taps * step[:, :, 0], None, offset * step, None)
            else:
                made = _Prepared(taps, self._column(layer.multiplier.astype(np.float64)), offset, step)
            self._prepared[proven] = made
        return self._prepared[proven]

    def _column(self, values: NDArray[np.float64]) -> Tensor:
        return torch.from_numpy(values).to(self.device)[:, None, None]
