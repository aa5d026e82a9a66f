# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(Annex B) Multiply-accumulates and parameters of the decoding process, from a model's structure alone.

Counting rules: one multiply-accumulate is 1; a convolution counts its weights once per output position, padding
included; work per sample without weights (activations, gains, masks, rounding) is not counted; the latent grid is
taken as exact multiples, that is, a large picture. The context model runs all four steps on the whole grid, and is
counted so. A test holds the sums equal to what the networks execute.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from refsw.constants import HYPER_BLOCK, LATENT_BLOCK
from refsw.nets.config import CodecConfig, ComponentConfig, TransformConfig

PATCH = LATENT_BLOCK // 2
STEPS = 4


@dataclass(frozen=True)
class Layer:
    """A convolution; block: luma samples per output position, horizontally; runs: how often it is executed."""

    stage: str
    inputs: int
    outputs: int
    kernel: int
    block: int
    runs: int = 1
    bias: bool = True

    @property
    def macs(self) -> float:
        """Multiply-accumulates per luma sample."""
        return self.runs * self.inputs * self.outputs * self.kernel**2 / self.block**2

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return self.inputs * self.outputs * self.kernel**2 + (self.outputs if self.bias else 0)


def _blocks(stage: str, channels: int, count: int, block: int, runs: int = 1) -> Iterator[Layer]:
    for _ in range(count):
        yield Layer(stage, channels, channels, 3, block, runs)
        yield Layer(stage, channels, channels, 1, block, runs)


def _synthesis(inputs: int, planes: int, own: TransformConfig) -> Iterator[Layer]:
    features = planes * PATCH**2
    yield Layer("synthesis", inputs, own.coarse, 1, LATENT_BLOCK)
    yield from _blocks("synthesis", own.coarse, own.coarse_blocks, LATENT_BLOCK)
    yield Layer("synthesis", own.coarse, 4 * own.fine, 1, LATENT_BLOCK)
    yield from _blocks("synthesis", own.fine, own.fine_blocks, PATCH)
    yield Layer("synthesis", own.fine, features, 3, PATCH)
    yield Layer("synthesis", features, features, 1, PATCH, bias=False)


def component_layers(config: CodecConfig, index: int) -> tuple[Layer, ...]:
    """Convolutions that decode component `index`, in order of execution."""
    own: ComponentConfig = config.components[index]
    hyper, channels = own.hyper, own.channels
    condition = sum(config.components[i].channels for i in own.condition)
    coarse, middle = HYPER_BLOCK * LATENT_BLOCK, HYPER_BLOCK * LATENT_BLOCK // 2
    features = hyper.features
    layers = [
        Layer("scale path", hyper.z, 4 * hyper.scale, 3, coarse),
        Layer("scale path", hyper.scale, 4 * hyper.scale, 3, middle),
        Layer("scale path", hyper.scale, channels, 3, LATENT_BLOCK),
        Layer("mean path", hyper.z, 4 * hyper.mean, 1, coarse),
        Layer("mean path", hyper.mean, hyper.mean, 3, middle),
        Layer("mean path", hyper.mean, 4 * hyper.mean, 1, middle),
        Layer("mean path", hyper.mean, features, 3, LATENT_BLOCK),
    ]
    if condition:
        layers.append(Layer("mean path", features + condition, features, 1, LATENT_BLOCK))
        layers.extend(_blocks("mean path", features, 1, LATENT_BLOCK))
    layers.append(Layer("context", features, channels, 1, LATENT_BLOCK))
    for _ in range(STEPS - 1):
        layers.append(Layer("context", features + channels, own.context, 1, LATENT_BLOCK))
        layers.append(Layer("context", own.context, channels, 1, LATENT_BLOCK))
    layers.extend(_blocks("context", own.context, own.context_blocks, LATENT_BLOCK, STEPS - 1))
    layers.extend(_synthesis(channels + features, len(own.planes), own.synthesis))
    return tuple(layers)


@dataclass(frozen=True)
class Complexity:
    """Of a decoder: kMAC per luma sample by stage, their sum, and parameters of all its convolutions."""

    stages: tuple[tuple[str, float], ...]
    parameters: int

    @property
    def kmac_per_sample(self) -> float:
        """Sum of all stages."""
        return sum(k for _, k in self.stages)


def decoder_complexity(config: CodecConfig, components: int | None = None) -> Complexity:
    """(B.2) Complexity of decoding the first `components` components, or all."""
    sums: dict[str, float] = {}
    parameters = 0
    for index in range(len(config.components) if components is None else components):
        for layer in component_layers(config, index):
            sums[layer.stage] = sums.get(layer.stage, 0.0) + layer.macs / 1000
            parameters += layer.parameters
    return Complexity(tuple(sums.items()), parameters)
