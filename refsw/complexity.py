# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(Annex B) Multiply-accumulates, parameters and memory of the decoding process, from a model's structure alone.

The rules stand in spec/text/counting.md. The latent grid is taken as exact multiples, that is, a large picture. The
context model runs all four steps on the whole grid, and is counted so. A test holds the convolutions equal to what the
networks execute.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from refsw.constants import HYPER_BLOCK, LATENT_BLOCK
from refsw.nets.config import CodecConfig, ComponentConfig, TransformConfig
from refsw.spec import Profile
from refsw.tools.tool import Cost

BYTES_PER_VALUE = 4
PLANE_COPIES = 2  # as the networks give them, and put together
REGION_BYTES_PER_SAMPLE = 9  # scale_index and symbols of 4 bytes each, skip_mask
PATCH = LATENT_BLOCK // 2
STEPS = 4


@dataclass(frozen=True)
class Layer:
    """A convolution; block: luma samples per output position, horizontally; runs: how often it is executed.

    held: channels that are kept beside its input and output, the input of a residual block.
    """

    stage: str
    inputs: int
    outputs: int
    kernel: int
    block: int
    runs: int = 1
    bias: bool = True
    held: int = 0

    @property
    def values(self) -> float:
        """(B.7) Values held while it runs, per luma sample."""
        return (self.inputs + self.outputs + self.held) / self.block**2

    @property
    def macs(self) -> float:
        """Multiply-accumulates per luma sample."""
        return self.runs * self.inputs * self.outputs * self.kernel**2 / self.block**2

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return self.inputs * self.outputs * self.kernel**2 + (self.outputs if self.bias else 0)


@dataclass(frozen=True)
class Elementwise:
    """(B.3) One operation per value without weights of its own: activation, gain, requantisation, clamp, rounding.

    parameters: a table that it reads, such as gains per channel and anchor.
    """

    stage: str
    channels: int
    block: int
    runs: int = 1
    parameters: int = 0

    @property
    def macs(self) -> float:
        """Operations per luma sample."""
        return self.runs * self.channels / self.block**2


Work = Layer | Elementwise


def _blocks(stage: str, channels: int, count: int, block: int, runs: int = 1) -> Iterator[Work]:
    for _ in range(count):
        yield Layer(stage, channels, channels, 3, block, runs)
        yield Elementwise(stage, channels, block, runs)
        yield Layer(stage, channels, channels, 1, block, runs, held=channels)


def _synthesis(channels: int, hyper: int, planes: int, own: TransformConfig, anchors: int) -> Iterator[Work]:
    features = planes * PATCH**2
    yield Layer("synthesis", channels + hyper, own.coarse, 1, LATENT_BLOCK)
    yield from _blocks("synthesis", own.coarse, own.coarse_blocks, LATENT_BLOCK)
    yield Layer("synthesis", own.coarse, 4 * own.fine, 1, LATENT_BLOCK)
    yield Elementwise("synthesis", own.fine, PATCH, parameters=own.fine * anchors)
    yield from _blocks("synthesis", own.fine, own.fine_blocks, PATCH)
    yield Layer("synthesis", own.fine, features, 3, PATCH)
    if own.skip:
        yield Layer("synthesis", channels, 4 * features, 1, LATENT_BLOCK, held=4 * features)
    yield Layer("synthesis", features, features, 1, PATCH, bias=False)
    yield Elementwise("planes and colour", planes, 1, runs=3)  # scale, round, clip


def component_work(config: CodecConfig, index: int, point: str) -> tuple[Work, ...]:
    """What decodes component `index` at an operating point, in order of execution. Raises ModelError."""
    own: ComponentConfig = config.components[index]
    hyper, channels, anchors = own.hyper, own.channels, config.quality_anchors
    condition = sum(config.components[i].channels for i in own.condition)
    coarse, middle, latent = HYPER_BLOCK * LATENT_BLOCK, HYPER_BLOCK * LATENT_BLOCK // 2, LATENT_BLOCK
    features = hyper.features
    scale = (
        Layer("scale path", hyper.z, 4 * hyper.scale, 3, coarse),
        Layer("scale path", hyper.scale, 4 * hyper.scale, 3, middle),
        Layer("scale path", hyper.scale, channels + own.local_steps, 3, latent),
    )
    mean = (
        Layer("mean path", hyper.z, 4 * hyper.mean, 1, coarse),
        Layer("mean path", hyper.mean, hyper.mean, 3, middle),
        Layer("mean path", hyper.mean, 4 * hyper.mean, 1, middle),
        Layer("mean path", hyper.mean, features, 3, latent),
    )
    work: list[Work] = []
    for layer in scale:  # requantisation and clamp
        work += [layer, Elementwise("scale path", layer.outputs, layer.block, runs=2, parameters=2 * layer.outputs)]
    work.append(Elementwise("scale path", channels, latent, parameters=channels * anchors))
    for layer in mean:
        work += [layer, Elementwise("mean path", layer.outputs, layer.block)]
    work.append(Elementwise("mean path", features, latent, parameters=features * anchors))
    if condition:
        work.append(Layer("mean path", features + condition, features, 1, latent))
        work.append(Elementwise("mean path", features, latent))
        work.extend(_blocks("mean path", features, 1, latent))
    work.append(Layer("context", features, channels, 1, latent))
    for _ in range(STEPS - 1):
        work.append(Layer("context", features + channels, own.context, 1, latent))
        work.append(Elementwise("context", own.context, latent))
        work.append(Layer("context", own.context, channels, 1, latent))
    for block in _blocks("context", own.context, own.context_blocks, latent):  # one set of weights, run in each step
        work.append(replace(block, runs=STEPS - 1))
    # gain and mask of the mean in each step, inverse gain of y_hat before each step and after the last
    work.append(Elementwise("context", channels, latent, runs=3 * STEPS, parameters=2 * channels * anchors))
    work.extend(_synthesis(channels, features, len(own.planes), own.synthesis_at(point), anchors))
    return tuple(work)


@dataclass(frozen=True)
class Complexity:
    """(B.1, B.5, B.7) Of a decoder: kMAC per luma sample by stage, parameters, and bytes per luma sample."""

    stages: tuple[tuple[str, float], ...]
    parameters: int
    window_bytes: float
    tile_bytes: float
    region_bytes: float

    @property
    def kmac_per_sample(self) -> float:
        """Sum of all stages."""
        return sum(k for _, k in self.stages)

    def with_tools(self, tools: Iterable[ToolCost]) -> Complexity:
        """With coding tools: their MAC and parameters are added; what one holds while it runs counts as a tile's."""
        own = tuple(tools)
        return replace(
            self, stages=(*self.stages, *((f"tool {one.name}", one.cost.macs / 1000) for one in own)),
            parameters=self.parameters + sum(one.cost.parameters for one in own),
            tile_bytes=max([self.tile_bytes, *(float(one.cost.bytes_per_sample) for one in own)]),
        )  # fmt: skip

    def excess(self, profile: Profile) -> str:
        """(A.1) What is over a budget of the profile, and by how much; "" where nothing is."""
        budgets = (
            ("kMAC per sample", self.kmac_per_sample, profile.max_kmac_per_sample),
            ("parameters", self.parameters, profile.max_parameters),
            ("bytes per sample of a window", self.window_bytes, profile.window_bytes_per_sample),
            ("bytes per sample of a tile", self.tile_bytes, profile.tile_bytes_per_sample),
            ("bytes per sample of a region", self.region_bytes, profile.region_bytes_per_sample),
        )
        return ", ".join(
            f"{_number(found)} {what}, {_number(found - limit)} over the {limit} of profile {profile.name}"
            for what, found, limit in budgets
            if found > limit
        )


@dataclass(frozen=True)
class ToolCost:
    """(B.4) A coding tool and its greatest cost."""

    name: str
    cost: Cost


def decoder_complexity(config: CodecConfig, point: str, components: int | None = None) -> Complexity:
    """(B.4) Complexity of decoding the first `components` components, or all. Raises ModelError."""
    count = len(config.components) if components is None else components
    own = config.components[:count]
    sums: dict[str, float] = {}
    parameters, window, tile = 0, 0.0, 0.0
    for index in range(count):
        for work in component_work(config, index, point):
            sums[work.stage] = sums.get(work.stage, 0.0) + work.macs / 1000
            parameters += work.parameters
            if isinstance(work, Layer) and work.stage in ("mean path", "context"):
                window = max(window, work.values)
            elif isinstance(work, Layer) and work.stage == "synthesis":
                tile = max(tile, work.values)
    planes = sum(len(component.planes) for component in own)
    if planes == 3:
        sums["planes and colour"] += (9 + 3) / 1000  # 3x3 matrix and clip
    kept = sum(component.channels + component.hyper.features for component in own) / LATENT_BLOCK**2
    most = max(component.channels for component in own)
    return Complexity(
        tuple(sums.items()), parameters, BYTES_PER_VALUE * (kept + window),
        BYTES_PER_VALUE * (PLANE_COPIES * planes + tile), REGION_BYTES_PER_SAMPLE * most / LATENT_BLOCK**2,
    )  # fmt: skip


def _number(value: float) -> str:
    """In full where it is whole; otherwise so that what is just over a limit does not look like it."""
    return str(round(value)) if value == round(value) else f"{value:.4g}"
