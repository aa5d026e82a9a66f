# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(D.2) One integer layer as data, and the proof that floating point computes it exactly.

Integers held in floating point are exact while every partial sum, in whatever order, stays below 2^24
(float32) or 2^53 (float64). `prove_layer` bounds every partial sum from the weights and the clamps alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.errors import ModelError

FLOAT32_LIMIT = 2**24
FLOAT64_LIMIT = 2**53
MULTIPLIER_LIMIT = 2**16
MAX_SHIFT = 32
MAX_KERNEL = 15
_INT32 = np.iinfo(np.int32)

Range = tuple[int, int]


@dataclass(frozen=True, eq=False)
class IntegerLayer:
    """(D.2) One layer: convolution, requantisation, optional depth to space, clamp.

    weight:     int8 or int16 [O, I, k, k], k odd; w: Q(f_w), f_w per output channel and implied by multiplier;
    multiplier: int32 [O], 1..65535;
    bias:       int64 [O], Q(shift) of the output unit;
    shift:      int32 [O], 0..32;
    depth_to_space: O = 4C; output channel c at sub-position (i, j) is channel (2i + j)C + c;
    output_range: (lo, hi), clamp of the output, inside int32.

    x: integer, acc = sum(w x): integer below 2^53, v = (acc multiplier + bias + 2^(shift - 1)) >> shift: integer,
    rounded to the nearest, halves up; y = clamp(v, lo, hi): int32. With shift = 0 the rounding term is 0.
    """

    weight: NDArray[np.signedinteger[Any]]
    multiplier: NDArray[np.int32]
    bias: NDArray[np.int64]
    shift: NDArray[np.int32]
    depth_to_space: bool
    output_range: Range

    def __post_init__(self) -> None:
        wanted = {"multiplier": np.int32, "bias": np.int64, "shift": np.int32}
        weight = np.array(self.weight, order="C")
        if weight.dtype not in (np.int8, np.int16):
            raise ModelError(f"weight of type {weight.dtype}: expected int8 or int16")
        if weight.ndim != 4 or 0 in weight.shape or weight.shape[2] != weight.shape[3]:
            raise ModelError(f"weight of shape {weight.shape}: expected [O, I, k, k]")
        if weight.shape[2] % 2 == 0 or weight.shape[2] > MAX_KERNEL:
            raise ModelError(f"kernel of size {weight.shape[2]}: expected an odd size up to {MAX_KERNEL}")
        object.__setattr__(self, "weight", _freeze(weight))
        for field, dtype in wanted.items():
            array = np.array(getattr(self, field), order="C")
            if array.dtype != dtype or array.shape != weight.shape[:1]:
                raise ModelError(
                    f"{field} of type {array.dtype} {list(array.shape)}: "
                    f"expected {np.dtype(dtype)} [{weight.shape[0]}], one value per output channel"
                )
            object.__setattr__(self, field, _freeze(array))
        _check(int(self.multiplier.min()) >= 1 and int(self.multiplier.max()) < MULTIPLIER_LIMIT,
               "multiplier outside 1..65535")
        _check(int(self.shift.min()) >= 0 and int(self.shift.max()) <= MAX_SHIFT, f"shift outside 0..{MAX_SHIFT}")
        _check(not self.depth_to_space or weight.shape[0] % 4 == 0,
               f"{weight.shape[0]} channels cannot go from depth to space: expected a multiple of 4")
        check_range("output_range", self.output_range)

    @property
    def inputs(self) -> int:
        """Channels that the layer reads."""
        return int(self.weight.shape[1])

    @property
    def outputs(self) -> int:
        """Channels that the layer yields, after depth to space."""
        return int(self.weight.shape[0]) // (4 if self.depth_to_space else 1)

    @property
    def kernel(self) -> int:
        """Side k of the kernel; the input is padded with k // 2 zeros on every side."""
        return int(self.weight.shape[2])

    def offset(self) -> NDArray[np.int64]:
        """Int64 [O]: bias plus the rounding term 2^(shift - 1), added in one step."""
        half = (np.int64(1) << self.shift.astype(np.int64)) >> 1
        return self.bias + half


@dataclass(frozen=True)
class LayerBound:
    """(D.4) What is proven of one layer.

    accumulator: bound of |partial sum of w x|; requantised: bound of every intermediate of the requantisation;
    precision: "float32" where accumulator < 2^24, else "float64": what the back-end "auto" takes.
    """

    name: str
    accumulator: int
    requantised: int
    precision: str

    def __str__(self) -> str:
        share = self.accumulator / (FLOAT32_LIMIT if self.precision == "float32" else FLOAT64_LIMIT)
        limit = "2^24" if self.precision == "float32" else "2^53"
        return (
            f"{self.name}: {self.precision}, |accumulator| <= {self.accumulator} ({share:.3f} of {limit}), "
            f"|requantisation| <= {self.requantised} ({self.requantised / FLOAT64_LIMIT:.2e} of 2^53)"
        )


def prove_layer(name: str, layer: IntegerLayer, input_range: Range) -> LayerBound:
    """(D.4) Bound every partial sum of a layer; raises ModelError naming it and the bound that fails.

    A padded sample is 0, so the input's range is widened to hold 0; then every term w x has a minimum <= 0 and
    a maximum >= 0, and the sum of all maxima (minima) bounds every partial sum in any order and grouping.
    """
    below, above = max(0, -input_range[0]), max(0, input_range[1])
    wide = layer.weight.astype(np.int64).reshape(layer.weight.shape[0], -1)
    positive = np.maximum(wide, 0).sum(1).tolist()
    negative = np.maximum(-wide, 0).sum(1).tolist()
    accumulator = requantised = 0
    steps = zip(layer.multiplier.tolist(), layer.bias.tolist(), layer.shift.tolist(), strict=True)
    for p, n, (multiplier, bias, shift) in zip(positive, negative, steps, strict=True):
        bound = max(p * above + n * below, p * below + n * above)
        accumulator = max(accumulator, bound)
        requantised = max(requantised, bound * multiplier + abs(bias) + (1 << shift >> 1))
    for what, value in (("accumulator", accumulator), ("requantisation", requantised)):
        if value >= FLOAT64_LIMIT:
            raise ModelError(f"{name}: bound {value} of the {what} is not below 2^53: the weights are refused")
    return LayerBound(name, accumulator, requantised, "float32" if accumulator < FLOAT32_LIMIT else "float64")


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise ModelError(message)


def check_range(what: str, given: Range) -> None:
    """Raise ModelError unless lo <= hi, both inside int32."""
    low, high = given
    _check(_INT32.min <= low <= high <= _INT32.max, f"{what} ({low}, {high}): expected lo <= hi inside int32")


def _freeze(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array
