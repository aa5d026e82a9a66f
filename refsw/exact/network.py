# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(D.1) Integer networks.

    z ─ clamp ─┬─ conv ─ requantise ─ [depth to space] ─ clamp ─┬─ conv ─ ... ─ clamp ─ output
               └─ layer 0 ──────────────────────────────────────┘
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.errors import ModelError
from refsw.exact.layer import IntegerLayer, LayerBound, Range, check_range, prove_layer

BACKENDS = ("auto", "float32", "float64", "oracle")


@dataclass(frozen=True, eq=False)
class IntegerNetwork:
    """(D.1) A named sequence of integer layers; construction proves the bounds or raises `ModelError`.

    name: what errors and reports call it, e.g. "base/primary.scale";
    input_range: (lo, hi), clamp of the input; bounds: what is proven of each layer.
    """

    name: str
    input_range: Range
    layers: tuple[IntegerLayer, ...]
    bounds: tuple[LayerBound, ...] = field(init=False)

    def __post_init__(self) -> None:
        check_range(f"network {self.name}: input_range", self.input_range)
        if not self.layers:
            raise ModelError(f"network {self.name}: no layers")
        for index in range(1, len(self.layers)):
            given, wanted = self.layers[index - 1].outputs, self.layers[index].inputs
            if given != wanted:
                raise ModelError(f"network {self.name}: layer {index} reads {wanted} channels, but is given {given}")
        object.__setattr__(self, "bounds", prove(self))

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

    @property
    def reach(self) -> int:
        """Input samples beyond an output sample's own that it depends on, at each side."""
        total, scale = 0.0, 1
        for layer in self.layers:
            total += (layer.kernel // 2) / scale
            scale *= 2 if layer.depth_to_space else 1
        return math.ceil(total)

    def run(self, x: NDArray[Any], backend: str = "auto", device: str = "cpu") -> NDArray[np.int32]:
        """(D.3) Run the network; every back-end and device gives the same integers.

        x: integer [C, H, W] or [B, C, H, W], H and W >= 1, clamped to input_range.
        backend: "auto" (float32 where proven, else float64), "float32", "float64", "oracle" (slow, the definition).
        Returns int32 [..., outputs, upsampling H, upsampling W].
        Raises ModelError where "float32" is asked for and the proof does not hold.
        """
        if backend not in BACKENDS:
            raise ValueError(f"back-end {backend!r}: expected one of {', '.join(BACKENDS)}")
        if x.dtype.kind not in "iu" or x.dtype == np.uint64 or x.ndim not in (3, 4) or 0 in x.shape:
            raise ValueError(f"network {self.name}: input {x.dtype} {list(x.shape)}: expected integers [B, C, H, W]")
        if x.shape[-3] != self.inputs:
            raise ValueError(f"network {self.name}: input with {x.shape[-3]} channels: expected {self.inputs}")
        clamped = np.clip(x.astype(np.int64), *self.input_range)
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
        if backend == "float32":
            for bound in self.bounds:
                if bound.precision != "float32":
                    raise ModelError(f"{bound.name}: bound {bound.accumulator} is not below 2^24: float32 is not exact")
        return tuple(bound.precision if backend == "auto" else backend for bound in self.bounds)

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
        layers: list[IntegerLayer] = []
        while f"layers.{len(layers)}.weight" in left:
            prefix = f"layers.{len(layers)}"
            shuffle = _take(name, f"{prefix}.depth_to_space", left)
            if shuffle.dtype != np.uint8 or shuffle.shape != (1,) or shuffle[0] > 1:
                raise ModelError(f"network {name}: {prefix}.depth_to_space: expected uint8 [1], 0 or 1")
            weight, multiplier, bias, shift = (
                _take(name, f"{prefix}.{part}", left) for part in ("weight", "multiplier", "bias", "shift")
            )
            output_range = _pair(name, f"{prefix}.output_range", left)
            try:
                layers.append(IntegerLayer(weight, multiplier, bias, shift, bool(shuffle[0]), output_range))
            except ModelError as error:
                raise ModelError(f"network {name}, layer {len(layers)}: {error}") from None
        if left:
            raise ModelError(f"network {name}: tensor {min(left)} belongs to no layer")
        return cls(name, input_range, tuple(layers))


def prove(network: IntegerNetwork) -> tuple[LayerBound, ...]:
    """(D.4) Bound every partial sum of every layer; raises ModelError naming network, layer and bound."""
    ranges = [network.input_range, *(layer.output_range for layer in network.layers)]
    return tuple(
        prove_layer(f"network {network.name}, layer {index}", layer, ranges[index])
        for index, layer in enumerate(network.layers)
    )


def _take(name: str, key: str, left: dict[str, NDArray[Any]]) -> NDArray[Any]:
    if key not in left:
        raise ModelError(f"network {name}: tensor {key} is missing")
    return left.pop(key)


def _pair(name: str, key: str, left: dict[str, NDArray[Any]]) -> Range:
    array = _take(name, key, left)
    if array.dtype != np.int32 or array.shape != (2,):
        raise ModelError(f"network {name}: {key}: expected int32 [2]")
    return int(array[0]), int(array[1])
