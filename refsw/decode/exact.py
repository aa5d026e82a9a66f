# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.8) Picture-exact reconstruction, window by window: every machine obtains the same planes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from refsw.colour import plane_range
from refsw.constants import EXACT_PLANE_BITS, LATENT_BLOCK, LATENT_FRACTION_BITS
from refsw.decode.clock import Clock
from refsw.decode.fixed import HYPER_LATENT_RANGE, LATENT_RANGE, Fixed, FixedFlow, features, latents, planes
from refsw.decode.model import Model
from refsw.decode.tools import Shift
from refsw.decode.windows import Block, Box, PlanesPart, Window, luma_box, picture_box, plan
from refsw.errors import UsageError
from refsw.exact.operations import NumpyOperations, Operations
from refsw.nets.halo import halo
from refsw.syntax.headers import PictureHeader
from refsw.types import CodedTensors, ComponentLatents

T = TypeVar("T")
PATCH = LATENT_BLOCK // 2
BACKENDS = ("auto", "float64", "oracle")
DIVISOR = 2
"""Windows and tiles of half the side keep numbers of 8 bytes within the memory of B.6; they change no sample."""


@dataclass(frozen=True)
class ExactPath(Generic[T]):
    """(9.8.2) What the mean path of one component yields on a crop, in integers.

    y_hat in 1/256 quantiser steps; latent: y_hat without gain.
    """

    features: Fixed[T]
    y_hat: NDArray[np.int32]
    latent: Fixed[T]
    symbols: NDArray[np.int32]

    def cut(self, box: Box) -> ComponentLatents:
        """Mean and y_hat of a rectangle of the crop, in quantiser steps."""
        rows, columns = box.slices
        y_hat = np.ldexp(self.y_hat[:, rows, columns].astype(np.float32), -LATENT_FRACTION_BITS)
        return ComponentLatents(y_hat - self.symbols[:, rows, columns], y_hat)


def integer_planes(patches: NDArray[np.int32], bit_depth: int) -> NDArray[np.int32]:
    """(9.8.3) Patches [64 P, h, w], -0.5..0.5 in 1/2^20, to planes [P, 8h, 8w], rounded to nearest and clipped."""
    channels, height, width = patches.shape
    top = plane_range(bit_depth)
    half = 1 << (EXACT_PLANE_BITS - 1)
    scaled = ((patches.astype(np.int64) + half) * top + half) >> EXACT_PLANE_BITS
    order = scaled.clip(0, top).astype(np.int32).reshape(-1, PATCH, PATCH, height, width).transpose(0, 3, 1, 4, 2)
    return order.reshape(channels // PATCH**2, PATCH * height, PATCH * width)


class ExactReconstructor(Generic[T]):
    """Runs the integer networks of a model over windows, as `Reconstructor` does the float ones."""

    def __init__(
        self, model: Model, header: PictureHeader, tensors: tuple[CodedTensors, ...], point: str,
        operations: Operations[T], shift: Shift | None = None,
    ) -> None:  # fmt: skip
        self.shift = shift
        self.model, self.header, self.tensors, self.point = model, header, tensors, point
        self.halo, self.clock = halo(model.config, len(tensors)), Clock()
        self.flows = [
            FixedFlow(operations, own, component.quality_index)
            for own, component in zip(model.fixed, header.components, strict=False)
        ]

    def windows(self, wanted: Box | None = None, margin: int = 0) -> Iterator[Window]:
        """(9.6) Windows of the picture, or of the part that is wanted; margin: of post-filters, latent samples."""
        return plan(self.header, wanted or picture_box(self.header), self.halo, DIVISOR, margin)

    def latents(self, window: Window, keep: bool = False) -> list[ExactPath[T]]:
        """(9.8.2, 9.8.3) Mean path of every component on the crop of a window; y_hat is stored with `keep`."""
        begin, paths, shifted = self.clock.now(), list[ExactPath[T]](), list[Fixed[T]]()
        (rows, columns), (z_rows, z_columns) = window.crop.slices, window.crop.hyper.slices
        size = (window.crop.height, window.crop.width)
        for index, own in enumerate(self.tensors):
            flow, config = self.flows[index], self.model.config.components[index]
            flow = flow.with_steps(None if own.steps is None else own.steps[..., rows, columns])
            z = flow.load(own.z[:, z_rows, z_columns], HYPER_LATENT_RANGE)
            given = features(flow, config, z, [paths[i].latent for i in config.condition], *size)
            symbols = own.symbols[:, rows, columns].astype(np.int32)
            y_hat, latent = latents(flow, config, given, symbols)
            if self.shift is not None:  # (9.3.1) of what synthesis sees
                assert own.rows is not None
                by = flow.load(self.shift(index, own.rows[:, rows, columns], symbols), LATENT_RANGE)
                shifted.append(flow.gain("inverse_gain", flow.add(y_hat, by)))
            kept = flow.operations.store(y_hat.x) if keep else np.zeros((0, 0, 0), np.int32)
            paths.append(ExactPath(given, kept, latent, symbols if keep else kept))
        self.clock.add("mean path", begin)
        return [replace(p, latent=x) for p, x in zip(paths, shifted, strict=True)] if shifted else paths

    def planes(self, window: Window, block: Block, paths: list[ExactPath[T]]) -> Iterator[PlanesPart]:
        """(9.8.3) Synthesis of a block of a window, tile by tile; parts are cut to the coded picture."""
        for area, seen in block.tiles:
            begin, parts = self.clock.now(), []
            (rows, columns), kept = seen.inside(window.crop).slices, luma_box(area.inside(seen))
            for index, path in enumerate(paths):
                flow, config = self.flows[index], self.model.config.components[index]
                latent, given = (flow.cut(x, rows, columns) for x in (path.latent, path.features))
                patches = flow.operations.store(planes(flow, config, latent, given, self.point).x)
                parts.append(integer_planes(patches, self.header.bit_depth)[:, kept.slices[0], kept.slices[1]])
            top, left = LATENT_BLOCK * area.top, LATENT_BLOCK * area.left
            height, width = self.header.coded_height - top, self.header.coded_width - left
            samples = np.ascontiguousarray(np.concatenate(parts)[:, :height, :width])
            self.clock.add("synthesis", begin)
            yield PlanesPart(top, left, samples)


def exact_operations(backend: str, device: str = "cpu") -> tuple[Operations[Any], AbstractContextManager[None]]:
    """Operations of a back-end, and the context in which they are exact.

    backend: "auto" and "float64" (loads torch), "oracle" (int64, the definition). Raises UsageError.
    """
    if backend not in BACKENDS:
        raise UsageError(f"back-end {backend!r}: expected one of {', '.join(BACKENDS)}")
    if backend == "oracle":
        return NumpyOperations(), nullcontext()
    from refsw.exact.torch_backend import exact_numerics
    from refsw.exact.torch_operations import TorchOperations

    return TorchOperations(device, backend), exact_numerics(device)
