# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(D.1) Integer networks as data, and the proof that floating point computes them exactly.

    z ─ clamp ─┬─ conv ─ requantise ─ [depth to space] ─ clamp ─┬─ conv ─ ... ─ clamp ─ output
               └─ layer 0 ──────────────────────────────────────┘

Integers held in floating point are exact while every partial sum, in whatever order, stays below 2^24
(float32) or 2^53 (float64). `prove` bounds every partial sum from the weights and the clamps alone.
"""

from __future__ import annotations

from collections.abc import Mapping
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
BACKENDS = ("auto", "float32", "float64", "oracle")
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
        _check_range("output_range", self.output_range)

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


@dataclass(frozen=True, eq=False)
class IntegerNetwork:
    """(D.1) A named sequence of integer layers; construction proves the bounds or raises `ModelError`.

    name: what errors and reports call it, e.g. "base/primary.scale";
    input_range: (lo, hi), clamp of the input.
    """

    name: str
    input_range: Range
    layers: tuple[IntegerLayer, ...]

    def __post_init__(self) -> None:
        _check_range(f"network {self.name}: input_range", self.input_range)
        if not self.layers:
            raise ModelError(f"network {self.name}: no layers")
        for index in range(1, len(self.layers)):
            given, wanted = self.layers[index - 1].outputs, self.layers[index].inputs
            if given != wanted:
                raise ModelError(f"network {self.name}: layer {index} reads {wanted} channels, but is given {given}")
        prove(self)

    @property
    def inputs(self) -> int:
        """Channels of the input."""
        return self.layers[0].inputs

    @property
    def outputs(self) -> int:
        """Channels of the output."""
        return self.layers[-1].outputs

    @property
    def upsampling(self) -> int:
        """Output rows per input row: 2 per layer with depth to space."""
        return int(2 ** sum(layer.depth_to_space for layer in self.layers))

    def run(self, x: NDArray[Any], backend: str = "auto", device: str = "cpu") -> NDArray[np.int32]:
        """(D.3) Run the network; every back-end and device gives the same integers.

        x: integer [C, H, W] or [B, C, H, W], H and W >= 1, clamped to input_range.
        backend: "auto" (float32 where proven, else float64), "float32", "float64", "oracle" (slow, the definition).
        Returns int32 [..., outputs, upsampling H, upsampling W].
        Raises ModelError where "float32" is asked for and the proof does not hold.
        """
        if backend not in BACKENDS:
            raise ValueError(f"back-end {backend!r}: expected one of {', '.join(BACKENDS)}")
        if not np.issubdtype(x.dtype, np.integer) or x.ndim not in (3, 4) or 0 in x.shape:
            raise ValueError(f"network {self.name}: input of type {x.dtype} {list(x.shape)}: expected integers [B, C, H, W]")
        if x.shape[-3] != self.inputs:
            raise ValueError(f"network {self.name}: input with {x.shape[-3]} channels: expected {self.inputs}")
        clamped = np.clip(x, *_within(self.input_range, x.dtype)).astype(np.int64)
        batch = clamped if x.ndim == 4 else clamped[None]
        if backend == "oracle":
            from refsw.exact import oracle

            result = oracle.run(self, batch)
        else:
            from refsw.exact import torch_backend

            result = torch_backend.run(self, batch, self._precisions(backend), device)
        return result if x.ndim == 4 else result[0]

    def _precisions(self, backend: str) -> tuple[str, ...]:
        """Floating-point type of the convolution of each layer."""
        bounds = prove(self)
        if backend == "float32":
            for bound in bounds:
                if bound.precision != "float32":
                    raise ModelError(f"{bound.name}: bound {bound.accumulator} is not below 2^24: float32 is not exact")
        return tuple(bound.precision if backend == "auto" else backend for bound in bounds)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """(D.5) The network as named tensors for a model package; `from_tensors` is the inverse."""
        tensors: dict[str, NDArray[Any]] = {"input_range": np.array(self.input_range, np.int32)}
        for index, layer in enumerate(self.layers):
            tensors |= {
                f"layers.{index}.weight": layer.weight,
                f"layers.{index}.multiplier": layer.multiplier,
                f"layers.{index}.bias": layer.bias,
                f"layers.{index}.shift": layer.shift,
                f"layers.{index}.depth_to_space": np.array([layer.depth_to_space], np.uint8),
                f"layers.{index}.output_range": np.array(layer.output_range, np.int32),
            }
        return tensors

    @classmethod
    def from_tensors(cls, name: str, tensors: Mapping[str, NDArray[Any]]) -> IntegerNetwork:
        """(D.5) Build a network from the tensors of a model package.

        tensors: names as `tensors()` gives them, without prefix; nothing may be missing or left over.
        Raises ModelError that names the network, layer and tensor.
        """
        left = dict(tensors)
        input_range = _pair(name, "input_range", left)
        layers = []
        while f"layers.{len(layers)}.weight" in left:
            prefix = f"layers.{len(layers)}"
            shuffle = _take(name, f"{prefix}.depth_to_space", left)
            if shuffle.dtype != np.uint8 or shuffle.shape != (1,) or shuffle[0] > 1:
                raise ModelError(f"network {name}: {prefix}.depth_to_space: expected uint8 [1], 0 or 1")
            arrays = [_take(name, f"{prefix}.{field}", left) for field in ("weight", "multiplier", "bias", "shift")]
            output_range = _pair(name, f"{prefix}.output_range", left)
            try:
                layers.append(IntegerLayer(*arrays, bool(shuffle[0]), output_range))
            except ModelError as error:
                raise ModelError(f"network {name}, layer {len(layers)}: {error}") from None
        if left:
            raise ModelError(f"network {name}: tensor {min(left)} belongs to no layer")
        return cls(name, input_range, tuple(layers))


def prove(network: IntegerNetwork) -> tuple[LayerBound, ...]:
    """(D.4) Bound every partial sum of every layer; raises ModelError naming network, layer and bound.

    A padded sample is 0, so the range of an input is widened to hold 0; then every term w x has a minimum <= 0 and
    a maximum >= 0, and the sum of all maxima (minima) bounds every partial sum in any order and grouping.
    """
    bounds = []
    low, high = network.input_range
    for index, layer in enumerate(network.layers):
        name = f"network {network.name}, layer {index}"
        below, above = max(0, -low), max(0, high)
        wide = layer.weight.astype(np.int64).reshape(layer.weight.shape[0], -1)
        positive = np.maximum(wide, 0).sum(1).tolist()
        negative = np.maximum(-wide, 0).sum(1).tolist()
        accumulators = [max(p * above + n * below, p * below + n * above) for p, n in zip(positive, negative, strict=True)]
        offsets = zip(layer.multiplier.tolist(), layer.bias.tolist(), layer.shift.tolist(), strict=True)
        requantised = max(
            acc * multiplier + abs(bias) + (1 << shift >> 1)
            for acc, (multiplier, bias, shift) in zip(accumulators, offsets, strict=True)
        )
        accumulator = max(accumulators)
        for what, value in (("accumulator", accumulator), ("requantisation", requantised)):
            if value >= FLOAT64_LIMIT:
                raise ModelError(f"{name}: bound {value} of the {what} is not below 2^53: the weights are refused")
        precision = "float32" if accumulator < FLOAT32_LIMIT else "float64"
        bounds.append(LayerBound(name, accumulator, requantised, precision))
        low, high = layer.output_range
    return tuple(bounds)


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise ModelError(message)


def _check_range(what: str, given: Range) -> None:
    low, high = given
    _check(_INT32.min <= low <= high <= _INT32.max, f"{what} ({low}, {high}): expected lo <= hi inside int32")


def _freeze(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array


def _within(wanted: Range, dtype: np.dtype[Any]) -> Range:
    """The part of a range that a type can hold, so that clipping needs no conversion first."""
    info = np.iinfo(dtype)
    low, high = int(info.min), int(info.max)
    return min(max(wanted[0], low), high), max(min(wanted[1], high), low)


def _take(name: str, key: str, left: dict[str, NDArray[Any]]) -> NDArray[Any]:
    if key not in left:
        raise ModelError(f"network {name}: tensor {key} is missing")
    return left.pop(key)


def _pair(name: str, key: str, left: dict[str, NDArray[Any]]) -> Range:
    array = _take(name, key, left)
    if array.dtype != np.int32 or array.shape != (2,):
        raise ModelError(f"network {name}: {key}: expected int32 [2]")
    return int(array[0]), int(array[1])
