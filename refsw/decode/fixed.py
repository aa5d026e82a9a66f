# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.8) Mean path and synthesis in integers: the same planes on every machine.

    z ─ HyperMean ─ gain ─ [fuse with latents of earlier components] ─ features ─┬─ context model ─ mean, y_hat
                                                                                 └─ synthesis ◄─ latent

Names of layers and gains are those of `refsw.nets`, so that a package's tensors can be found by them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from refsw.constants import LATENT_FRACTION_BITS, QUALITY_MAP_LOG_GAIN
from refsw.errors import ModelError
from refsw.exact.gain import GainTable
from refsw.exact.layer import IntegerLayer, Range
from refsw.exact.operations import Operations, ProvenLayer
from refsw.nets.config import ComponentConfig
from refsw.nets.order import ORDER, STEPS

T = TypeVar("T")
ACTIVATION_RANGE = (-32767, 32767)
HYPER_LATENT_RANGE = (-128, 127)
LATENT_LIMIT = (1 << 23) - 1
LATENT_RANGE = (-LATENT_LIMIT, LATENT_LIMIT)
MAPPED = {"gain": 1, "inverse_gain": -1}
"""(9.8.6) Gains that steps change, and in which direction."""
PLANE_RANGE = (-(1 << 30), 1 << 30)


class Flow(Protocol[T]):
    """What a mean path and a synthesis are made of; x is a tensor [C, h, w] or a batch of them."""

    def conv(self, name: str, x: T, like: T | None = None) -> T:
        """Convolution of that name, with depth to space where it has one; `like`: output in the unit of that tensor."""

    def leaky(self, x: T) -> T:
        """Leaky rectifier."""

    def add(self, x: T, y: T) -> T:
        """Sum of tensors of one unit."""

    def gain(self, name: str, x: T) -> T:
        """Gain of that name at the quality of the picture."""

    def join(self, parts: Sequence[T]) -> T:
        """Channels of all parts."""

    def crop(self, x: T, height: int, width: int) -> T:
        """The first rows and columns."""

    def mask(self, x: T, step: int) -> T:
        """x at the positions of a step of the context model, else 0."""

    def symbols(self, x: NDArray[np.int32]) -> T:
        """Whole quantiser steps in the unit of latents."""


def _block(flow: Flow[T], name: str, x: T) -> T:
    """(9.2) x + mix(leaky(spatial(x)))."""
    return flow.add(x, flow.conv(f"{name}.mix", flow.leaky(flow.conv(f"{name}.spatial", x)), like=x))


def _blocks(flow: Flow[T], name: str, count: int, x: T) -> T:
    for index in range(count):
        x = _block(flow, f"{name}.{index}", x)
    return x


def features(flow: Flow[T], own: ComponentConfig, z: T, condition: Sequence[T], height: int, width: int) -> T:
    """(9.8.1) Features of context and synthesis; condition: latents of earlier components."""
    x = z
    for index in range(4):
        x = flow.leaky(flow.conv(f"hyper_mean.layers.{index}", x))
    x = flow.crop(flow.gain("hyper_mean.gain", x), height, width)
    if condition:
        x = flow.add(x, flow.leaky(flow.conv("fuse.0", flow.join([x, *condition]), like=x)))
        x = _block(flow, "fuse.1", x)
    return x


def step_mask(step: int, channels: int, height: int, width: int) -> NDArray[np.bool_]:
    """(9.3) Positions of a step of the context model: bool [C_y, h, w]."""
    phase = 2 * (np.arange(height)[:, None] % 2) + np.arange(width)[None] % 2
    groups = [np.broadcast_to(phase == order[step], (channels // 4, height, width)) for order in ORDER]
    return np.concatenate(groups)


def latents(flow: Flow[T], own: ComponentConfig, given: T, symbols: NDArray[np.int32]) -> tuple[T, T]:
    """(9.8.3) y_hat in quantiser steps and the latent without gain, from features and symbols [C_y, h, w]."""
    residual = flow.symbols(symbols)
    first = flow.conv("context.first", given)
    y_hat = flow.mask(flow.add(flow.gain("gain", first), residual), 0)
    trunk: T | None = None  # its weights serve every step, so its input has one unit
    for step in range(1, STEPS):
        seen = flow.join([given, flow.gain("inverse_gain", y_hat)])
        trunk = flow.conv(f"context.adapt.{step - 1}", seen, like=trunk)
        x = _blocks(flow, "context.trunk", own.context_blocks, flow.leaky(trunk))
        x = flow.conv(f"context.out.{step - 1}", x, like=first)
        y_hat = flow.add(y_hat, flow.mask(flow.add(flow.gain("gain", x), residual), step))
    return y_hat, flow.gain("inverse_gain", y_hat)


def planes(flow: Flow[T], own: ComponentConfig, latent: T, given: T, point: str) -> T:
    """(9.8.3) Samples of 8x8 patches, [64 P, H/8, W/8], from latent and features, at an operating point."""
    name, config = f"synthesis.{point}", own.synthesis_at(point)
    x = flow.conv(f"{name}.first", flow.join([latent, given]))
    x = flow.conv(f"{name}.split", _blocks(flow, f"{name}.coarse", config.coarse_blocks, x))
    x = _blocks(flow, f"{name}.fine", config.fine_blocks, flow.gain(f"{name}.fine_gain", x))
    x = flow.conv(f"{name}.last", x)
    if config.skip:
        x = flow.add(x, flow.conv(f"{name}.skip", latent, like=x))
    return flow.conv(f"{name}.stem", x)


@dataclass(frozen=True)
class Fixed(Generic[T]):
    """Integers, and the range that holds them."""

    x: T
    span: Range


class FixedFlow(Generic[T]):
    """Flow of one component in integers, at one quality."""

    def __init__(
        self, operations: Operations[T], own: FixedComponent, quality_index: int,
        steps: NDArray[np.int8] | None = None,
    ) -> None:  # fmt: skip
        self.operations, self.own, self.quality_index, self.steps = operations, own, quality_index, steps

    def with_steps(self, steps: NDArray[np.int8] | None) -> FixedFlow[T]:
        """The same flow on a crop with these steps, [h, w] or [C_y, h, w]."""
        return FixedFlow(self.operations, self.own, self.quality_index, steps)

    def load(self, x: NDArray[Any], span: Range) -> Fixed[T]:
        """Integers [C, h, w], clamped."""
        return Fixed(self.operations.load(x.clip(*span)), span)

    def conv(self, name: str, x: Fixed[T], like: Fixed[T] | None = None) -> Fixed[T]:
        """See Flow."""
        proven = self.own.layer(name)
        return Fixed(self.operations.conv(proven, x.x), proven.layer.output_range)

    def leaky(self, x: Fixed[T]) -> Fixed[T]:
        """See Flow."""
        return Fixed(self.operations.leaky(x.x), x.span)

    def add(self, x: Fixed[T], y: Fixed[T]) -> Fixed[T]:
        """See Flow."""
        return Fixed(self.operations.add(x.x, y.x, x.span), x.span)

    def gain(self, name: str, x: Fixed[T]) -> Fixed[T]:
        """See Flow."""
        table = self.own.gain(name)
        sign = MAPPED.get(name)
        if self.steps is None or sign is None:
            return Fixed(self.operations.gain(table, x.x, self.quality_index), table.output_range)
        total: T | None = None
        shape = (*self.steps.shape[:-3], *self.operations.shape(x.x))
        for step in np.unique(self.steps).tolist():
            own = self.operations.gain(table, x.x, self.quality_index, sign * step * QUALITY_MAP_LOG_GAIN)
            own = self.operations.mask(own, np.broadcast_to(self.steps == step, shape).copy())
            total = own if total is None else self.operations.add(total, own, table.output_range)
        assert total is not None
        return Fixed(total, table.output_range)

    def join(self, parts: Sequence[Fixed[T]]) -> Fixed[T]:
        """See Flow."""
        return Fixed(self.operations.join([p.x for p in parts]), ACTIVATION_RANGE)

    def crop(self, x: Fixed[T], height: int, width: int) -> Fixed[T]:
        """See Flow."""
        return self.cut(x, slice(0, height), slice(0, width))

    def cut(self, x: Fixed[T], rows: slice, columns: slice) -> Fixed[T]:
        """A rectangle of every channel."""
        return Fixed(self.operations.cut(x.x, rows, columns), x.span)

    def mask(self, x: Fixed[T], step: int) -> Fixed[T]:
        """See Flow."""
        return Fixed(self.operations.mask(x.x, step_mask(step, *self.operations.shape(x.x))), x.span)

    def symbols(self, x: NDArray[np.int32]) -> Fixed[T]:
        """See Flow."""
        whole = LATENT_LIMIT >> LATENT_FRACTION_BITS
        return self.load(x.clip(-whole, whole) << LATENT_FRACTION_BITS, LATENT_RANGE)


@dataclass(frozen=True, eq=False)
class FixedComponent:
    """(9.8.4) Layers and gains of one component by name; construction by `from_tensors` proves all bounds."""

    layers: Mapping[str, ProvenLayer]
    gains: Mapping[str, GainTable]

    def layer(self, name: str) -> ProvenLayer:
        """Layer of that name. Raises ModelError where the package lacks what its structure lists."""
        if name not in self.layers:
            raise ModelError(f"layer {name} is missing in fixed.safetensors")
        return self.layers[name]

    def gain(self, name: str) -> GainTable:
        """Gain of that name. Raises ModelError."""
        if name not in self.gains:
            raise ModelError(f"gain {name} is missing in fixed.safetensors")
        return self.gains[name]

    @classmethod
    def from_tensors(cls, name: str, tensors: Mapping[str, NDArray[Any]]) -> FixedComponent:
        """Tensors X.weight, X.bias, X.shift of every layer X and Y.log_gain of every gain Y. Raises ModelError."""
        layers, gains = {}, {}
        for key in tensors:
            own, _, part = key.rpartition(".")
            try:
                if part == "weight":
                    weight, bias, shift = (tensors[f"{own}.{p}"] for p in ("weight", "bias", "shift"))
                    one = np.ones(len(weight), np.int32)
                    layer = IntegerLayer(weight, one, bias, shift, shuffles(own), layer_range(own))
                    given = HYPER_LATENT_RANGE if own == "hyper_mean.layers.0" else ACTIVATION_RANGE
                    layers[own] = ProvenLayer.prove(f"{name}.{own}", layer, given)
                elif part == "log_gain":
                    gains[own] = GainTable(tensors[key], LATENT_RANGE if own == "gain" else ACTIVATION_RANGE)
            except KeyError as error:
                raise ModelError(f"{name}: tensor {error} is missing") from None
            except ModelError as error:
                raise ModelError(f"{name}.{own}: {error}") from None
        return cls(layers, gains)


def shuffles(layer: str) -> bool:
    """(9.8.4) Whether depth to space follows a layer."""
    return layer in ("hyper_mean.layers.0", "hyper_mean.layers.2") or layer.endswith((".split", ".skip"))


def layer_range(layer: str) -> Range:
    """(9.8.4) Clamp of a layer's output: 16 bits, planes have more."""
    return PLANE_RANGE if layer.endswith(".stem") else ACTIVATION_RANGE
