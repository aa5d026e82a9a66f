#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""How near adversarial latents come to the proven bounds of picture-exact decoding (D.4), layer by layer.

    tools/exact_bounds.py [--model base] [--point bop] [--quality 1024] [--side 3]

Inputs stand at their clamp limits, with the signs of the weights of one output channel, so that its products add up.
The int64 definition watches every accumulator; both torch back-ends must give its samples, else the exit code is 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from refsw.constants import HYPER_BLOCK
from refsw.decode.exact import exact_operations
from refsw.decode.fixed import (
    HYPER_LATENT_RANGE,
    LATENT_LIMIT,
    Fixed,
    FixedComponent,
    FixedFlow,
    features,
    latents,
    planes,
)
from refsw.decode.model import Model
from refsw.exact.layer import IntegerLayer
from refsw.exact.operations import NumpyOperations, Operations
from refsw.models import load_package

T = TypeVar("T")


@dataclass(frozen=True)
class Latents:
    """z int8 [C_z, s, s] and symbols int32 [C_y, 4 s, 4 s] of every component."""

    name: str
    z: tuple[NDArray[np.int8], ...]
    symbols: tuple[NDArray[np.int32], ...]


@dataclass
class Watching(NumpyOperations):
    """The definition, which remembers the largest accumulator of every layer."""

    seen: dict[int, int] = field(default_factory=dict)

    def accumulate(self, layer: IntegerLayer, x: NDArray[np.int64]) -> NDArray[np.int64]:
        """See NumpyOperations."""
        acc = super().accumulate(layer, x)
        self.seen[id(layer)] = max(self.seen.get(id(layer), 0), int(np.abs(acc).max()))
        return acc


def matched(layer: IntegerLayer, channels: int, side: int, limits: tuple[int, int]) -> NDArray[np.int64]:
    """[channels, side, side]: signs of the weights of the output channel with the largest sum, at the middle."""
    weight = layer.weight[:, :channels].astype(np.int64)
    kernel = weight[np.abs(weight).sum((1, 2, 3)).argmax()]
    reach, middle = layer.kernel // 2, side // 2
    out = np.full((channels, side, side), limits[1])
    rows = slice(middle - reach, middle + reach + 1)
    out[:, rows, rows] = np.where(kernel < 0, *limits)
    return out


def attacks(model: Model, point: str, side: int) -> Iterator[Latents]:
    """Latents at the clamp limits; side: samples of z on each side, 3 or more."""
    random, size = np.random.default_rng(0), HYPER_BLOCK * side
    shapes = [(c.hyper.z, c.channels) for c in model.config.components]
    any_z = tuple(random.choice(HYPER_LATENT_RANGE, (z, side, side)).astype(np.int8) for z, _ in shapes)
    whole = LATENT_LIMIT >> 8
    any_symbols = tuple(random.choice((-whole, whole), (y, size, size)).astype(np.int32) for _, y in shapes)
    yield Latents("random signs", any_z, any_symbols)
    fixed = model.fixed
    z = tuple(
        matched(own.layers["hyper_mean.layers.0"].layer, n, side, HYPER_LATENT_RANGE).astype(np.int8)
        for own, (n, _) in zip(fixed, shapes, strict=True)
    )
    yield Latents("z by the signs of hyper_mean.layers.0", z, any_symbols)
    for name in (f"synthesis.{point}.first", "context.adapt.0"):
        symbols = []
        for own, (_, y) in zip(fixed, shapes, strict=True):
            layer = own.layers[name].layer
            shifted = _latent_first(layer) if name.startswith("context") else layer
            symbols.append(matched(shifted, y, size, (-whole, whole)).astype(np.int32))
        yield Latents(f"symbols by the signs of {name}", any_z, tuple(symbols))


def _latent_first(layer: IntegerLayer) -> IntegerLayer:
    """The context model reads features first, then latents; here the other way round."""
    half = layer.weight.shape[1] // 2
    order = np.r_[half : layer.weight.shape[1], :half]
    return IntegerLayer(
        layer.weight[:, order], layer.multiplier, layer.bias, layer.shift, layer.depth_to_space, layer.output_range
    )


def decode(
    model: Model, given: Latents, point: str, quality: int, operations: Operations[T]
) -> list[NDArray[np.int32]]:
    """Patches of planes of every component, int32 [64 P, h, w]."""
    out: list[NDArray[np.int32]] = []
    paths: list[Fixed[T]] = []
    for index, (own, config) in enumerate(zip(model.fixed, model.config.components, strict=True)):
        flow: FixedFlow[T] = FixedFlow(operations, own, quality)
        size = given.symbols[index].shape[-2:]
        condition = [paths[i] for i in config.condition]
        seen = features(flow, config, flow.load(given.z[index], HYPER_LATENT_RANGE), condition, *size)
        _, latent = latents(flow, config, seen, given.symbols[index])
        paths.append(latent)
        out.append(operations.store(planes(flow, config, latent, seen, point).x))
    return out


def shares(fixed: tuple[FixedComponent, ...], watching: Watching) -> list[tuple[str, str, int, float]]:
    """Name, precision, bound and the reached share of it, of every layer that ran."""
    return [
        (proven.bound.name, proven.bound.precision, proven.bound.accumulator, seen / max(1, proven.bound.accumulator))
        for own in fixed
        for proven in own.layers.values()
        if (seen := watching.seen.get(id(proven.layer))) is not None
    ]


def main(argv: list[str] | None = None) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="base")
    parser.add_argument("--point", default="bop")
    parser.add_argument("--quality", type=int, default=1024, help="quality_index, 0..2048")
    parser.add_argument("--side", type=int, default=3, help="samples of z on each side")
    arguments = parser.parse_args(argv)
    model = Model.from_package(load_package(arguments.model))
    watching, wrong = Watching(), 0
    settings: dict[str, Any] = {"point": arguments.point, "quality": arguments.quality}
    for given in attacks(model, arguments.point, arguments.side):
        wanted = decode(model, given, operations=watching, **settings)
        for backend in ("auto", "float64"):
            operations, exact = exact_operations(backend)
            with exact:
                found = decode(model, given, operations=operations, **settings)
            equal = all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True))
            wrong += not equal
            print(f"{given.name}: {backend} {'equals' if equal else 'DIFFERS FROM'} the definition")
    table = sorted(shares(model.fixed, watching), key=lambda row: -row[3])
    for name, precision, bound, share in table:
        print(f"{share:6.1%} of {bound:>14d}  {precision}  {name}")
    print(f"largest share of a proven bound: {table[0][3]:.1%}, in {table[0][0]}")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
