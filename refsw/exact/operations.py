# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(D.7) Operations on integer tensors, from which picture-exact networks are put together.

One network, written over `Operations`, runs in every arithmetic: `NumpyOperations` is int64 and the definition,
`refsw.exact.torch_operations` holds the same integers in floating point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from refsw.exact.gain import GainTable
from refsw.exact.layer import IntegerLayer, LayerBound, Range, prove_layer

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class ProvenLayer:
    """An integer layer and what is proven of it for the range of its input."""

    layer: IntegerLayer
    bound: LayerBound

    @classmethod
    def prove(cls, name: str, layer: IntegerLayer, input_range: Range) -> ProvenLayer:
        """Raises ModelError where a bound of D.4 fails."""
        return cls(layer, prove_layer(name, layer, input_range))


class Operations(Protocol[T]):
    """Operations on tensors [C, h, w] of integers, or batches [..., C, h, w] of them."""

    def load(self, x: NDArray[Any]) -> T:
        """Integers of magnitude up to 2^31."""

    def store(self, x: T) -> NDArray[np.int32]:
        """Back to an array."""

    def shape(self, x: T) -> tuple[int, int, int]:
        """C, h, w."""

    def conv(self, proven: ProvenLayer, x: T) -> T:
        """(D.2) Convolution, requantisation, depth to space, clamp."""

    def leaky(self, x: T) -> T:
        """(D.7.1) x where x >= 0, else (x + 4) >> 3."""

    def add(self, x: T, y: T, span: Range) -> T:
        """(D.7.2) Clamped sum."""

    def gain(self, table: GainTable, x: T, quality_index: int, more: int = 0) -> T:
        """(D.6.2) (x mantissa + 2^(shift - 1)) >> shift of each channel, clamped; more: as of `GainTable.at`."""

    def mask(self, x: T, keep: NDArray[np.bool_]) -> T:
        """(D.7.3) x where keep [C, h, w], else 0."""

    def join(self, parts: Sequence[T]) -> T:
        """Channels of all parts, in order."""

    def cut(self, x: T, rows: slice, columns: slice) -> T:
        """A rectangle of every channel."""


class NumpyOperations:
    """The definition, in int64: sums of products below 2^63 by the bounds of D.4."""

    def load(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """See Operations."""
        return x.astype(np.int64)

    def store(self, x: NDArray[np.int64]) -> NDArray[np.int32]:
        """See Operations."""
        return x.astype(np.int32)

    def shape(self, x: NDArray[np.int64]) -> tuple[int, int, int]:
        """See Operations."""
        channels, rows, columns = x.shape[-3:]
        return channels, rows, columns

    def conv(self, proven: ProvenLayer, x: NDArray[np.int64]) -> NDArray[np.int64]:
        """See Operations."""
        layer = proven.layer
        steps = (layer.multiplier.astype(np.int64), layer.offset(), layer.shift.astype(np.int64))
        multiplier, offset, shift = (values[:, None, None] for values in steps)
        y = (self.accumulate(layer, x) * multiplier + offset) >> shift
        if layer.depth_to_space:
            *batch, c4, rows, columns = y.shape
            y = np.moveaxis(y.reshape(*batch, 2, 2, c4 // 4, rows, columns), (-5, -4), (-3, -1))
            y = y.reshape(*batch, c4 // 4, 2 * rows, 2 * columns)
        return y.clip(*layer.output_range)

    def accumulate(self, layer: IntegerLayer, x: NDArray[np.int64]) -> NDArray[np.int64]:
        """(D.2) Sums of products of the convolution, before the requantisation."""
        kernel, (rows, columns) = layer.kernel, x.shape[-2:]
        edge = kernel // 2
        padded = np.pad(x, ((0, 0),) * (x.ndim - 2) + ((edge, edge), (edge, edge)))
        weight = layer.weight.astype(np.int64)
        acc = np.zeros((*x.shape[:-3], len(weight), rows, columns), np.int64)
        for row in range(kernel):
            for column in range(kernel):
                seen = padded[..., row : row + rows, column : column + columns]
                acc += np.einsum("oi,...ihw->...ohw", weight[:, :, row, column], seen)
        return acc

    def leaky(self, x: NDArray[np.int64]) -> NDArray[np.int64]:
        """See Operations."""
        return np.where(x >= 0, x, (x + 4) >> 3)

    def add(self, x: NDArray[np.int64], y: NDArray[np.int64], span: Range) -> NDArray[np.int64]:
        """See Operations."""
        return (x + y).clip(*span)

    def gain(self, table: GainTable, x: NDArray[np.int64], quality_index: int, more: int = 0) -> NDArray[np.int64]:
        """See Operations."""
        mantissa, shift = (values[:, None, None] for values in table.at(quality_index, more))
        left, right = np.maximum(-shift, 0), np.maximum(shift, 0)
        return (((x * mantissa << left) + ((np.int64(1) << right) >> 1)) >> right).clip(*table.output_range)

    def mask(self, x: NDArray[np.int64], keep: NDArray[np.bool_]) -> NDArray[np.int64]:
        """See Operations."""
        return x * keep

    def join(self, parts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
        """See Operations."""
        return np.concatenate(parts, -3)

    def cut(self, x: NDArray[np.int64], rows: slice, columns: slice) -> NDArray[np.int64]:
        """See Operations."""
        return x[..., rows, columns]
