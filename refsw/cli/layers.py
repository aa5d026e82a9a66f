# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What `refsw-probe --model` prints: every integer layer of a package, what is proven of it, and how it will run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from refsw.decode.model import Model
from refsw.exact.layer import FLOAT32_LIMIT, FLOAT64_LIMIT, IntegerLayer, LayerBound
from refsw.models import load_package


@dataclass(frozen=True)
class LayerReport:
    """One integer layer. accumulator: bound of its partial sums; arithmetic: of its convolution."""

    network: str
    name: str
    inputs: int
    outputs: int
    kernel: int
    weight_bits: int
    shifts: tuple[int, int]
    output_range: tuple[int, int]
    accumulator: int
    requantised: int
    arithmetic: str


@dataclass(frozen=True)
class ModelReport:
    """A model package and its integer layers, in the order of the package."""

    label: str
    digest: str
    operating_points: tuple[str, ...]
    layers: tuple[LayerReport, ...]

    def lines(self) -> list[str]:
        """As a table."""
        out = [
            f"{self.label}, digest {self.digest}, operating points {', '.join(self.operating_points)}",
            f"{'layer':<44} {'weights':>16}  {'bits':>4}  {'shift':>6}  {'|sum| <=':>14}  arithmetic",
        ]
        for own in self.layers:
            limit, power = (FLOAT32_LIMIT, 24) if own.arithmetic == "float32" else (FLOAT64_LIMIT, 53)
            weights = f"{own.outputs}x{own.inputs}x{own.kernel}x{own.kernel}"
            shifts = "..".join(str(s) for s in sorted(set(own.shifts)))
            out.append(
                f"{own.network + '.' + own.name:<44} {weights:>16}  {own.weight_bits:>4}  {shifts:>6}  "
                f"{own.accumulator:>14}  {own.arithmetic}, {own.accumulator / limit:.1e} of 2^{power}"
            )
        return out


def _report(network: str, name: str, layer: IntegerLayer, bound: LayerBound) -> LayerReport:
    return LayerReport(
        network, name, layer.inputs, len(layer.weight), layer.kernel, 8 * layer.weight.itemsize,
        (int(layer.shift.min()), int(layer.shift.max())), layer.output_range, bound.accumulator, bound.requantised,
        bound.precision,
    )  # fmt: skip


def _layers(model: Model) -> Iterator[LayerReport]:
    exact = model.fixed if "fixed" in model.package.tensors else ()
    for index, own in enumerate(model.package.description.components):
        scale = model.scales[index].network
        for number, (layer, bound) in enumerate(zip(scale.layers, scale.bounds, strict=True)):
            yield _report(own.name, f"hyper_scale.layers.{number}", layer, bound)
        if exact:
            for name, proven in exact[index].layers.items():
                yield _report(own.name, name, proven.layer, proven.bound)


def model_report(name_or_path: str) -> ModelReport:
    """Report of an installed model. Raises ModelError."""
    model = Model.from_package(load_package(name_or_path))
    return ModelReport(model.package.label, model.package.digest, model.operating_points, tuple(_layers(model)))
