# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Float networks and calibration pictures to the integer networks of picture-exact decoding (9.8).

The float networks run through the same flow as the integers will, and leave behind the range of every tensor. A tensor
has one unit per channel; its largest magnitude seen, and at least QUIET of the loudest channel's, times HEADROOM, is
the largest 16-bit integer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from refsw.constants import EXACT_PLANE_BITS, GAIN_FRACTION_BITS, LATENT_FRACTION_BITS
from refsw.decode import fixed
from refsw.decode.weights import INPUT, OUTPUT
from refsw.exact.gain import LOG_LIMIT
from refsw.exact.layer import MAX_SHIFT
from refsw.nets.blocks import QualityTable, activation, depth_to_space
from refsw.nets.codec import CodecNetwork, ComponentNetwork
from refsw.nets.context import step_mask
from refsw.nets.rate import LOG_SCALE_STEP
from refsw.train.coded import code

HEADROOM = 4.0  # a clamped activation is a visible error, two lost bits of 15 are not
QUIET = 0.25  # a channel that calibration left quieter, against the loudest of its tensor, may be louder elsewhere
CONTRAST = 4.0  # of calibration pictures once more: photographs in crops seldom reach from black to white
LARGEST = 32767  # of weights and activations, both 16 bits
WHOLE, STEP = "whole", "step"  # units of z and symbols, and of latents in quantiser steps

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Seen:
    """A batch in float, float32 [B, C, h, w], and the units of its channels: one name for each joined part."""

    x: Tensor
    units: tuple[str, ...]


@dataclass(frozen=True)
class Use:
    """How a layer or gain is used: units of its input and of its output."""

    inputs: tuple[str, ...]
    output: str


class FloatFlow:
    """`fixed.Flow` in float, which notes how everything is used and how large it becomes.

    quality: positions [B]; steps: of each place (8.10), [B, 1, h, w].
    """

    def __init__(self, net: ComponentNetwork, quality: Tensor, steps: Tensor) -> None:
        self.net, self.quality, self.steps = net, quality, steps
        self.layers: dict[str, Use] = {}
        self.gains: dict[str, Use] = {}
        self.maxima: dict[str, Tensor] = {}

    def weights(self, name: str) -> tuple[Tensor, Tensor]:
        """Weight [O, I, k, k] and bias [O] of a layer."""
        if name.endswith(".stem"):
            matrix = self.net.stem.inverse_matrix[:, :, None, None]
            return matrix, torch.zeros(len(matrix))
        layer = self.net.get_submodule(name)
        assert isinstance(layer, nn.Conv2d) and layer.bias is not None
        return layer.weight, layer.bias

    def table(self, name: str) -> QualityTable:
        """Table of a gain."""
        table = self.net.get_submodule(name)
        assert isinstance(table, QualityTable)
        return table

    def _note(self, x: Tensor, unit: str) -> Seen:
        largest = x.abs().amax((0, 2, 3))
        self.maxima[unit] = torch.maximum(self.maxima[unit], largest) if unit in self.maxima else largest
        return Seen(x, (unit,))

    def conv(self, name: str, x: Seen, like: Seen | None = None) -> Seen:
        """See fixed.Flow."""
        weight, bias = self.weights(name)
        out = nn.functional.conv2d(x.x, weight, bias, padding=weight.shape[2] // 2)
        unit = like.units[0] if like else name
        use = self.layers.setdefault(name, Use(x.units, unit))
        assert use == Use(x.units, unit), name  # integers have one unit, whichever step they serve
        return self._note(depth_to_space(out) if fixed.shuffles(name) else out, unit)

    def leaky(self, x: Seen) -> Seen:
        """See fixed.Flow."""
        return Seen(activation(x.x.clone()), x.units)

    def add(self, x: Seen, y: Seen) -> Seen:
        """See fixed.Flow."""
        assert x.units == y.units
        return self._note(x.x + y.x, x.units[0])

    def gain(self, name: str, x: Seen) -> Seen:
        """See fixed.Flow."""
        unit = STEP if name == "gain" else name
        use = self.gains.setdefault(name, Use(x.units, unit))
        assert use.inputs == x.units, name
        log_gain = self.table(name)(self.quality)
        if name in fixed.MAPPED:
            log_gain = log_gain + fixed.MAPPED[name] * LOG_SCALE_STEP * self.steps
        return self._note(x.x * log_gain.exp(), unit)

    def join(self, parts: Sequence[Seen]) -> Seen:
        """See fixed.Flow."""
        return Seen(torch.cat([p.x for p in parts], 1), tuple(u for p in parts for u in p.units))

    def crop(self, x: Seen, height: int, width: int) -> Seen:
        """See fixed.Flow."""
        return Seen(x.x[:, :, :height, :width], x.units)

    def mask(self, x: Seen, step: int) -> Seen:
        """See fixed.Flow."""
        return Seen(x.x * step_mask(step, *x.x.shape[1:], x.x.device), x.units)

    def symbols(self, x: Any) -> Seen:
        """See fixed.Flow; x: [B, C, h, w]."""
        return Seen(torch.as_tensor(x).float(), (STEP,))


def _merge(flows: Sequence[FloatFlow]) -> FloatFlow:
    """What several flows of one component noted, together."""
    first = flows[0]
    for other in flows[1:]:
        for unit, largest in other.maxima.items():
            first.maxima[unit] = torch.maximum(first.maxima[unit], largest)
    return first


def extremes(side: int) -> Tensor:
    """Pictures at the ends of the sample range: float32 [8, 3, side, side], 0 or 1."""
    rows, columns = torch.arange(side)[:, None], torch.arange(side)[None]
    checks = ((rows // 16 + columns // 16) % 2).float()
    flat = [torch.tensor([r, g, b]).float()[:, None, None].expand(3, side, side)
            for r, g, b in ((0, 0, 0), (1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1))]  # fmt: skip
    colours = torch.stack([checks, 1 - checks, checks.t().roll(16, 0)])
    return torch.stack([*flat, checks.expand(3, side, side), colours, 1 - colours])


@torch.no_grad()
def observe(network: CodecNetwork, pictures: Tensor, batch: int = 8) -> list[FloatFlow]:
    """Run every synthesis over pictures, float32 [N, 3, H, W], 0..1.

    Each at the top quality and at another, and with CONTRAST at a third; then the extremes.
    """
    strong = ((pictures - 0.5) * CONTRAST + 0.5).clamp(0, 1)
    every = torch.cat([pictures, pictures, strong, extremes(pictures.shape[2]), extremes(pictures.shape[2])])
    count = len(pictures)
    all_over, half = torch.linspace(0, 1, count), torch.linspace(0, 1, 8)
    qualities = torch.cat([all_over, torch.ones(count), all_over.flip(0), half, torch.ones(8)])
    seen: list[list[FloatFlow]] = [[] for _ in network.config.components]
    for rgb, quality in zip(every.split(batch), qualities.split(batch), strict=True):
        latents: list[Seen] = []
        for coded in code(network, rgb, quality):
            own = network.config.components[coded.index]
            flow = FloatFlow(network.component(coded.index), quality, coded.steps)
            size, condition = coded.symbols.shape[2:], [latents[i] for i in own.condition]
            features = fixed.features(flow, own, Seen(coded.z, (WHOLE,)), condition, *size)
            _, latent = fixed.latents(flow, own, features, cast(Any, coded.symbols))
            latents.append(Seen(latent.x, (f"component {coded.index}",)))
            for synthesis in own.synthesis:
                fixed.planes(flow, own, latent, features, synthesis.point)
            seen[coded.index].append(flow)
    return [_merge(flows) for flows in seen]


def _units(flow: FloatFlow, others: dict[str, Array]) -> dict[str, Array]:
    """Float value of one integer step of every channel of every tensor."""
    largest = {u: m.double().numpy() for u, m in flow.maxima.items()}
    units = {u: HEADROOM * np.maximum(m, max(QUIET * m.max(), 1e-6)) / LARGEST for u, m in largest.items()}
    units[WHOLE], units[STEP] = np.ones(1), np.full(1, 2.0**-LATENT_FRACTION_BITS)
    units |= {name: np.full(1, 2.0**-EXACT_PLANE_BITS) for name in flow.layers if name.endswith(".stem")}
    return units | others


def _fixed_layer(weight: Array, bias: Array, given: Array, out: Array) -> dict[str, NDArray[Any]]:
    """Integers of a convolution: weight int16 [O, I, k, k], bias int64 [O], shift int32 [O]; units [I] and [O]."""
    scaled = weight * given[None, :, None, None] / out[:, None, None, None]
    largest = np.maximum(np.abs(scaled).max((1, 2, 3)), 2.0**-40)
    shift = np.array([min(MAX_SHIFT, max(0, math.floor(math.log2(LARGEST / v)))) for v in largest], np.int32)
    integer = np.rint(np.ldexp(scaled, shift[:, None, None, None])).clip(-LARGEST, LARGEST)
    return {
        "weight": integer.astype(np.int16),
        "bias": np.rint(np.ldexp(bias / out, shift)).astype(np.int64),
        "shift": shift,
    }


@dataclass(frozen=True)
class Calibrated:
    """(9.8.4) The integer networks of a component. units: float value of one step of each channel of each tensor.

    layers: the same for each layer, as X.input_unit [I] and X.output_unit [O], float32.
    """

    flow: FloatFlow
    units: dict[str, Array]
    tensors: dict[str, NDArray[Any]]
    layers: dict[str, NDArray[Any]]


def calibrate(network: CodecNetwork, pictures: Tensor) -> list[Calibrated]:
    """Integer networks of every component, from calibration pictures float32 [N, 3, H, W], 0..1."""
    flows = observe(network, pictures)
    latents = {f"component {i}": _units(flow, {})["inverse_gain"] for i, flow in enumerate(flows)}
    out = []
    for flow in flows:
        units, own, layers = _units(flow, latents), dict[str, NDArray[Any]](), dict[str, NDArray[Any]]()
        for name, use in flow.layers.items():
            weight, bias = (t.detach().double().numpy() for t in flow.weights(name))
            channels = len(weight) // (4 if fixed.shuffles(name) else 1)
            given = np.concatenate([units[u] for u in use.inputs])
            given = np.broadcast_to(given, (weight.shape[1],)) if len(given) == 1 else given
            unit = np.tile(np.broadcast_to(units[use.output], (channels,)), len(weight) // channels)
            own |= {f"{name}.{part}": array for part, array in _fixed_layer(weight, bias, given, unit).items()}
            layers |= {name + INPUT: given.astype(np.float32), name + OUTPUT: unit.astype(np.float32)}
        for name, use in flow.gains.items():
            ratio = np.log2(units[use.inputs[0]] / units[use.output])
            log_gain = (flow.table(name).values.detach().double().numpy() / math.log(2) + ratio) * 2**GAIN_FRACTION_BITS
            own[f"{name}.log_gain"] = np.rint(log_gain).clip(-LOG_LIMIT, LOG_LIMIT).astype(np.int32)
        out.append(Calibrated(flow, units, own, layers))
    return out
