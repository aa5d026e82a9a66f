# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) What the integers of picture-exact decoding cost, layer by layer: both networks side by side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from refsw.constants import QUALITY_ANCHOR_BITS
from refsw.decode import fixed
from refsw.decode.fixed import Fixed, FixedComponent, FixedFlow
from refsw.exact.torch_backend import exact_numerics
from refsw.exact.torch_operations import TorchOperations
from refsw.io.files import write_bytes
from refsw.nets.codec import CodecNetwork
from refsw.train.coded import code
from refsw.train.fixed import WHOLE, Calibrated, FloatFlow, Seen


@dataclass(frozen=True)
class LayerReport:
    """One layer. largest: of its float output; used: part of the range of integers that float outputs, or sums with
    them, take in the channel that takes most, where more than 1 is clamped.

    step: float value of one integer step, smallest and largest channel; shift: least and greatest of its channels;
    accumulator: proven bound (D.4); error: RMS of integer less float output over RMS of the float output, with the
    errors of all layers before.
    """

    component: int
    layer: str
    largest: float
    used: float
    step: tuple[float, float]
    shift: tuple[int, int]
    accumulator: int
    arithmetic: str
    error: float


@dataclass(frozen=True)
class Pair:
    """A tensor in both arithmetics, [B, C, h, w]."""

    near: Seen
    exact: Fixed[Tensor]


@dataclass
class _Error:
    difference: float = 0.0
    signal: float = 0.0
    largest: float = 0.0


@dataclass
class PairFlow:
    """`fixed.Flow` that runs both and notes how far apart the outputs of every layer are.

    used: of each unit, the largest float value over the largest that its integers hold.
    """

    near: FloatFlow
    exact: FixedFlow[Tensor]
    units: dict[str, NDArray[np.float64]]
    errors: dict[str, _Error] = field(default_factory=dict)
    used: dict[str, float] = field(default_factory=dict)

    def conv(self, name: str, x: Pair, like: Pair | None = None) -> Pair:
        """See fixed.Flow."""
        near = self.near.conv(name, x.near, like.near if like else None)
        exact = self.exact.conv(name, x.exact)
        unit = self._unit(near)
        error = self.errors.setdefault(name, _Error())
        error.difference += float((exact.x * unit - near.x).square().sum())
        error.signal += float(near.x.double().square().sum())
        error.largest = max(error.largest, float(near.x.abs().max()))
        return self._note(near, exact)

    def _note(self, near: Seen, exact: Fixed[Tensor]) -> Pair:
        name = near.units[0]
        largest = float((near.x / self._unit(near)).abs().max())
        self.used[name] = max(self.used.get(name, 0.0), largest / exact.span[1])
        return Pair(near, exact)

    def _unit(self, near: Seen) -> Tensor:
        return torch.from_numpy(np.array(self.units[near.units[0]]))[:, None, None]

    def leaky(self, x: Pair) -> Pair:
        """See fixed.Flow."""
        return Pair(self.near.leaky(x.near), self.exact.leaky(x.exact))

    def add(self, x: Pair, y: Pair) -> Pair:
        """See fixed.Flow."""
        return self._note(self.near.add(x.near, y.near), self.exact.add(x.exact, y.exact))

    def gain(self, name: str, x: Pair) -> Pair:
        """See fixed.Flow."""
        return Pair(self.near.gain(name, x.near), self.exact.gain(name, x.exact))

    def join(self, parts: Sequence[Pair]) -> Pair:
        """See fixed.Flow."""
        return Pair(self.near.join([p.near for p in parts]), self.exact.join([p.exact for p in parts]))

    def crop(self, x: Pair, height: int, width: int) -> Pair:
        """See fixed.Flow."""
        return Pair(self.near.crop(x.near, height, width), self.exact.crop(x.exact, height, width))

    def mask(self, x: Pair, step: int) -> Pair:
        """See fixed.Flow."""
        return Pair(self.near.mask(x.near, step), self.exact.mask(x.exact, step))

    def symbols(self, x: NDArray[np.int32]) -> Pair:
        """See fixed.Flow."""
        return Pair(self.near.symbols(x), self.exact.symbols(x))


@torch.no_grad()
def layer_reports(
    network: CodecNetwork, calibrated: Sequence[Calibrated], pictures: Tensor, quality: float = 0.5
) -> list[LayerReport]:
    """Every layer over pictures float32 [N, 3, H, W], 0..1, all at one quality position."""
    index = round(quality * ((network.config.quality_anchors - 1) << QUALITY_ANCHOR_BITS))
    position = torch.full((len(pictures),), quality)
    latents: list[Pair] = []
    out: list[LayerReport] = []
    with exact_numerics("cpu"):
        for coded in code(network, pictures, position):
            own, given = network.config.components[coded.index], calibrated[coded.index]
            proven = FixedComponent.from_tensors(f"component {coded.index}", given.tensors)
            exact: FixedFlow[Tensor] = FixedFlow(TorchOperations(), proven, index, coded.steps.numpy().astype(np.int8))
            near = FloatFlow(network.component(coded.index), position, coded.steps)
            flow = PairFlow(near, exact, given.units)
            z = Pair(Seen(coded.z, (WHOLE,)), exact.load(coded.z.numpy().astype(np.int64), fixed.HYPER_LATENT_RANGE))
            symbols, condition = coded.symbols.numpy().astype(np.int32), [latents[i] for i in own.condition]
            features = fixed.features(flow, own, z, condition, *symbols.shape[2:])
            _, latent = fixed.latents(flow, own, features, symbols)
            latents.append(Pair(Seen(latent.near.x, (f"component {coded.index}",)), latent.exact))
            for synthesis in own.synthesis:
                fixed.planes(flow, own, latent, features, synthesis.point)
            out += [_report(coded.index, name, given, proven, flow) for name in flow.errors]
    return out


def _report(component: int, name: str, given: Calibrated, proven: FixedComponent, flow: PairFlow) -> LayerReport:
    output, error, layer = given.flow.layers[name].output, flow.errors[name], proven.layers[name]
    unit = given.units[output]
    return LayerReport(
        component, name, error.largest, flow.used[output], (float(unit.min()), float(unit.max())),
        (int(layer.layer.shift.min()), int(layer.layer.shift.max())), layer.bound.accumulator, layer.bound.precision,
        (error.difference / max(error.signal, 1e-30)) ** 0.5,
    )  # fmt: skip


def write_report(path: Path, reports: Sequence[LayerReport]) -> None:
    """JSON, one object a layer."""
    rows: list[dict[str, Any]] = [asdict(report) for report in reports]
    write_bytes(path, ("[\n " + ",\n ".join(json.dumps(row) for row in rows) + "\n]\n").encode())
