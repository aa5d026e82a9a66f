# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.3, 9.8.5, D.5) Networks of a component, built from the tensors of its package and checked against their bounds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count, takewhile

import numpy as np
from numpy.typing import NDArray

from conformance.independent.entropy import Row, make_row
from conformance.independent.errors import RejectedError, UnsupportedError
from conformance.independent.layers import LOG_GAIN_LIMIT, Gain, Layer, Range, Tensor, act, add, gain_at
from conformance.independent.package import Package

ARCHITECTURE = "patch8_context4"  # 7.4
SAMPLE: Range = (-32767, 32767)  # 9.8.1
LATENT: Range = (-(2**23 - 1), 2**23 - 1)
STEM: Range = (-(2**30), 2**30)
HYPER_LATENT: Range = (-128, 127)
Z_LIMIT = 31  # 8.2.1


@dataclass(frozen=True)
class Block:
    """(9.8.1) A residual block: x + mix(act(spatial(x)))."""

    spatial: Layer
    mix: Layer

    def __call__(self, x: Tensor) -> Tensor:
        """x: [C, H, W]; returns the same shape."""
        return add(x, self.mix(act(self.spatial(x))), SAMPLE)


@dataclass(frozen=True)
class IntegerNetwork:
    """(D.1) An input range and layers."""

    input_range: Range
    layers: tuple[Layer, ...]

    def __call__(self, x: Tensor) -> Tensor:
        """The output of the last layer."""
        x = np.clip(x, *self.input_range)
        for layer in self.layers:
            x = layer(x)
        return x


@dataclass(frozen=True)
class Synthesis:
    """(9.4, 9.8.4) One operating point of a component."""

    first: Layer
    coarse: tuple[Block, ...]
    split: Layer
    fine_gain: Gain
    fine: tuple[Block, ...]
    last: Layer
    skip: Layer | None
    stem: Layer


@dataclass(frozen=True)
class Networks:
    """All that decodes one component at one quality."""

    z_rows: tuple[Row, ...]
    z_total_bits: int
    quality: NDArray[np.int64]
    """(8.3.2) q, one for each channel."""
    scale: IntegerNetwork
    hyper_mean: tuple[Layer, ...]
    hyper_mean_gain: Gain
    fuse: tuple[Layer, Block] | None
    gain: Gain
    inverse_gain: Gain
    first: Layer
    adapt: tuple[Layer, ...]
    trunk: tuple[Block, ...]
    out: tuple[Layer, ...]
    synthesis: Synthesis


class Builder:
    """Takes layers and gains of one component out of a package."""

    def __init__(self, package: Package, component: str, quality_index: int) -> None:
        self.package = package
        self.component = component
        self.quality_index = quality_index

    def tensor(self, file: str, name: str) -> NDArray[np.int64]:
        """A tensor of the component in a file."""
        return self.package.tensor(f"{file}/{self.component}.{name}")

    def anchored(self, file: str, name: str) -> NDArray[np.int64]:
        """A tensor with one part for each quality anchor."""
        tensor = self.tensor(file, name)
        if len(tensor) != self.package.quality_anchors:
            raise RejectedError("8.1", f"{name} of model package {self.package.name} has {len(tensor)} anchors")
        return tensor

    def has(self, name: str) -> bool:
        """Whether the file `fixed` has the layer or block `name` of the component."""
        return any(key.startswith(f"fixed/{self.component}.{name}.") for key in self.package.tensors)

    def fixed(self, name: str, inputs: Range = SAMPLE, outputs: Range = SAMPLE, depth_to_space: bool = False) -> Layer:
        """(9.8.1, 9.8.5) A layer of the file `fixed`, multiplier 1."""
        weight, shift = self.tensor("fixed", f"{name}.weight"), self.tensor("fixed", f"{name}.shift")
        bias = self.tensor("fixed", f"{name}.bias")
        layer = Layer(weight, np.ones_like(bias), bias, shift, depth_to_space, outputs)
        layer.check(f"{self.component}.{name}", inputs)
        return layer

    def block(self, name: str) -> Block:
        """A residual block of the file `fixed`."""
        return Block(self.fixed(f"{name}.spatial"), self.fixed(f"{name}.mix"))

    def blocks(self, name: str) -> tuple[Block, ...]:
        """As many blocks `name`.0, .1, ... as there are."""
        numbers = takewhile(lambda n: self.has(f"{name}.{n}"), count())
        return tuple(self.block(f"{name}.{n}") for n in numbers)

    def gain(self, name: str, outputs: Range = SAMPLE) -> Gain:
        """(D.6) A gain of the file `fixed`."""
        log_gain = self.anchored("fixed", f"{name}.log_gain")
        if np.abs(log_gain).max() > LOG_GAIN_LIMIT:
            raise RejectedError("D.6", f"{self.component}.{name}.log_gain is out of range")
        return gain_at(log_gain, self.quality_index, outputs)

    def scale(self) -> IntegerNetwork:
        """(8.3.1, D.5) The scale network, of the file `integer`."""
        low, high = self.tensor("integer", "scale.input_range").tolist()
        inputs: Range = (low, high)
        network = IntegerNetwork(inputs, ())
        while self.package.has(f"integer/{self.component}.scale.layers.{len(network.layers)}.weight"):
            prefix = f"scale.layers.{len(network.layers)}."
            flag = self.tensor("integer", prefix + "depth_to_space").tolist()
            low, high = self.tensor("integer", prefix + "output_range").tolist()
            layer = Layer(
                self.tensor("integer", prefix + "weight"), self.tensor("integer", prefix + "multiplier"),
                self.tensor("integer", prefix + "bias"), self.tensor("integer", prefix + "shift"), flag == [1],
                (low, high),
            )  # fmt: skip
            layer.check(self.component + "." + prefix, inputs)
            network, inputs = IntegerNetwork(network.input_range, (*network.layers, layer)), layer.output_range
        return network

    def synthesis(self, point: str) -> Synthesis:
        """(9.8.4) The synthesis of an operating point."""
        at = f"synthesis.{point}"
        skip = self.fixed(f"{at}.skip", depth_to_space=True) if self.has(f"{at}.skip") else None
        return Synthesis(
            self.fixed(f"{at}.first"), self.blocks(f"{at}.coarse"), self.fixed(f"{at}.split", depth_to_space=True),
            self.gain(f"{at}.fine_gain"), self.blocks(f"{at}.fine"), self.fixed(f"{at}.last"),
            skip, self.fixed(f"{at}.stem", outputs=STEM),
        )  # fmt: skip


def between_anchors(table: NDArray[np.int64], quality_index: int) -> NDArray[np.int64]:
    """(8.2.2, 8.3.2) What stands between two quality anchors. table: [anchors, ...]."""
    i = min(quality_index >> 8, len(table) - 2)
    f = quality_index - 256 * i
    value: NDArray[np.int64] = (table[i] * (256 - f) + table[i + 1] * f + 128) >> 8
    return value


def z_table(frequencies: NDArray[np.int64], quality_index: int) -> tuple[tuple[Row, ...], int]:
    """(8.2.1, 8.2.2) Rows of z, one for each channel, and T. frequencies: [anchors, C_z, 64]."""
    total_bits = int(frequencies[0, 0].sum()).bit_length() - 1
    bad = frequencies.min() < 1 or (frequencies.sum(2) != 1 << total_bits).any() or total_bits > 15
    if frequencies.shape[2] != 2 * Z_LIMIT + 2 or bad:
        raise RejectedError("8.4.2.1", "the frequencies of z in the model package are no table")
    sums = between_anchors(frequencies.cumsum(2), quality_index)
    rows = np.diff(sums, axis=1, prepend=0).tolist()
    return tuple(make_row(-Z_LIMIT, row) for row in rows), total_bits


def build(package: Package, component: int, quality_index: int, point: str) -> Networks:
    """Networks of a component at a quality and an operating point.

    Raises RejectedError where the package breaks a bound, UnsupportedError where it has no picture-exact networks.
    """
    entry = package.components[component]
    if entry.architecture != ARCHITECTURE:
        raise UnsupportedError("7.4", f"model package {package.name} has architecture {entry.architecture}")
    if package.quality_anchors < 2 or quality_index > 256 * (package.quality_anchors - 1):
        raise UnsupportedError("7.2", f"quality_index {quality_index} is over the anchors of model {package.name}")
    builder = Builder(package, entry.name, quality_index)
    if not builder.has("context.first"):
        raise UnsupportedError("9.8.5", f"model package {package.name} has no picture-exact networks")
    rows, total_bits = z_table(builder.anchored("integer", "z_frequencies"), quality_index)
    quality, scale = between_anchors(builder.anchored("integer", "quality"), quality_index), builder.scale()
    if not scale.layers or len(scale.layers[-1].bias) - len(quality) not in (0, 1):
        raise RejectedError("8.10.1", f"{entry.name} of model package {package.name}: outputs of the scale network")
    hyper = tuple(
        builder.fixed(f"hyper_mean.layers.{n}", SAMPLE if n else HYPER_LATENT, depth_to_space=n in (0, 2))
        for n in range(4)
    )
    return Networks(
        z_rows=rows,
        z_total_bits=total_bits,
        quality=quality,
        scale=scale,
        hyper_mean=hyper,
        hyper_mean_gain=builder.gain("hyper_mean.gain"),
        fuse=(builder.fixed("fuse.0"), builder.block("fuse.1")) if entry.conditioned_on else None,
        gain=builder.gain("gain", LATENT),
        inverse_gain=builder.gain("inverse_gain"),
        first=builder.fixed("context.first"),
        adapt=tuple(builder.fixed(f"context.adapt.{n}") for n in range(3)),
        trunk=builder.blocks("context.trunk"),
        out=tuple(builder.fixed(f"context.out.{n}") for n in range(3)),
        synthesis=builder.synthesis(point),
    )
