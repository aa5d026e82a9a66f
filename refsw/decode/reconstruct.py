# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9) Symbols to latents to planes, window by window: the tolerant part of the decoder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from refsw.colour import plane_range
from refsw.constants import LATENT_BLOCK, LATENT_FRACTION_BITS, QUALITY_ANCHOR_BITS
from refsw.decode.clock import Clock
from refsw.decode.model import Model
from refsw.decode.realism import COMPONENT, detail
from refsw.decode.tools import Shift
from refsw.decode.windows import Block, Box, PlanesPart, Window, luma_box, picture_box, plan
from refsw.nets.codec import ComponentNetwork
from refsw.nets.halo import halo
from refsw.nets.rate import LOG_SCALE_STEP
from refsw.syntax.headers import PictureHeader
from refsw.types import CodedTensors, ComponentLatents, Int

Residual = Callable[[Tensor, Tensor], Tensor]
"""(mean, mask of a step) -> quantised residual where the mask is 1: looked up by a decoder, computed by an encoder."""


@dataclass(frozen=True)
class MeanPath:
    """What the mean path of one component yields on a crop, float32.

    features: [1, F, h, w]; mean, y_hat: [1, C_y, h, w] in quantiser steps; unscaled: y_hat without gain.
    """

    features: Tensor
    mean: Tensor
    y_hat: Tensor
    unscaled: Tensor

    def lean(self) -> MeanPath:
        """What synthesis and later components need; mean and y_hat are empty."""
        nothing = torch.empty(0)
        return replace(self, mean=nothing, y_hat=nothing)

    def cut(self, box: Box) -> ComponentLatents:
        """Mean and y_hat of a rectangle of the crop, in quantiser steps."""
        rows, columns = box.slices
        mean, y_hat = (x[0, :, rows, columns].cpu().numpy() for x in (self.mean, self.y_hat))
        return ComponentLatents(mean, y_hat)


def quality_position(quality_index: int, anchors: int) -> Tensor:
    """quality_index 0..2048 -> position 0..1 on the quality axis, float32 [1]."""
    return torch.tensor([quality_index / ((anchors - 1) << QUALITY_ANCHOR_BITS)])


def to_tensor(array: Int, device: str) -> Tensor:
    """Integers [C, h, w] -> float32 [1, C, h, w], channels last, so that every caller runs the same kernels."""
    tensor = torch.from_numpy(array.astype(np.float32))[None].to(device)
    return tensor.contiguous(memory_format=torch.channels_last)


def log_gain_map(steps: NDArray[np.int8], device: str) -> Tensor:
    """(8.8.3) Steps [h, w] or [C_y, h, w] -> natural logarithm of their gain, float32 [1, 1 or C_y, h, w]."""
    shape = (1, -1, *steps.shape[-2:])
    return torch.from_numpy((steps.astype(np.float32) * LOG_SCALE_STEP).reshape(shape)).to(device)


def mean_path(
    net: ComponentNetwork,
    z: Tensor,
    quality: Tensor,
    earlier: list[MeanPath],
    size: tuple[int, int],
    residual: Residual,
    log_map: Tensor | None = None,
) -> MeanPath:
    """(9.2, 9.3) One component on a crop that begins at a sample of z; encoder and decoder run the same.

    z: float32 [1, C_z, ceil(h/4), ceil(w/4)]; earlier: all components before this one; size: (h, w);
    log_map: float32 [1, 1 or C_y, h, w], natural logarithm of the gain of quality map and variance scaling.
    """
    condition = [earlier[i].unscaled for i in net.config.condition]
    features = net.features(z, quality, condition, *size)
    gain, inverse = net.gain(quality), net.inverse_gain(quality)
    if log_map is not None:
        gain, inverse = gain + log_map, inverse - log_map
    mean, y_hat = net.context.run(features, gain, inverse, residual)
    return MeanPath(features, mean, y_hat, y_hat * inverse.exp())


def round_planes(planes: Tensor, bit_depth: int) -> NDArray[np.int32]:
    """(9.4.3) Float planes [1, P, H, W], -0.5..0.5 -> integer planes [P, H, W], rounded to nearest and clipped."""
    top = plane_range(bit_depth)
    rounded = ((planes[0] + 0.5) * top).round_().clamp_(0, top)
    return np.ascontiguousarray(rounded.to(torch.int32).cpu().numpy())


class Reconstructor:
    """Runs the networks of a model over windows; nothing that is of the picture's size is held here.

    realism: 0..1, strength of the detail that is drawn (9.10); shift: of latent tools (9.3.1); both need the tensors'
    table rows.
    """

    def __init__(
        self, model: Model, header: PictureHeader, tensors: tuple[CodedTensors, ...], point: str, device: str,
        realism: float = 0.0, shift: Shift | None = None,
    ) -> None:  # fmt: skip
        self.shift = shift
        self.model, self.header, self.tensors, self.point, self.device = model, header, tensors, point, device
        self.realism = realism
        self.network = model.network.to(device)
        self.halo = halo(model.config, len(tensors))
        self.clock = Clock()

    def windows(self, wanted: Box | None = None, margin: int = 0) -> Iterator[Window]:
        """(9.6) Windows of the picture, or of the part that is wanted; margin: of post-filters, latent samples."""
        return plan(self.header, wanted or picture_box(self.header), self.halo, margin=margin)

    @torch.inference_mode()
    def latents(self, window: Window, keep: bool = False) -> list[MeanPath]:
        """(9.2, 9.3) Mean path of every component on the crop of a window.

        keep: whether mean and y_hat are wanted, which synthesis does not need; otherwise they are empty.
        """
        begin = self.clock.now()
        paths: list[MeanPath] = []
        (rows, columns), (z_rows, z_columns) = window.crop.slices, window.crop.hyper.slices
        for index, own in enumerate(self.tensors):
            symbols = to_tensor(own.symbols[:, rows, columns], self.device)
            z = to_tensor(own.z[:, z_rows, z_columns], self.device)
            size = (window.crop.height, window.crop.width)

            def residual(_mean: Tensor, _mask: Tensor, symbols: Tensor = symbols) -> Tensor:
                return symbols

            log_map = None if own.steps is None else log_gain_map(own.steps[..., rows, columns], self.device)
            path = mean_path(self.network.component(index), z, self._quality(index), paths, size, residual, log_map)
            paths.append(path if keep else path.lean())
        if self.shift is not None:  # after all components: those that look at others see what was coded
            paths = [self._shifted(window, index, path, self.shift) for index, path in enumerate(paths)]
        if self.realism > 0:
            paths[COMPONENT] = self._detailed(window, paths[COMPONENT])
        self.clock.add("mean path", begin)
        return paths

    def _detailed(self, window: Window, path: MeanPath) -> MeanPath:
        """(9.10) With detail in what synthesis sees."""
        own, (rows, columns) = self.tensors[COMPONENT], window.crop.slices
        assert own.rows is not None
        drawn = torch.from_numpy(detail(
            own.rows[:, rows, columns], own.symbols[:, rows, columns], window.crop.top, window.crop.left, self.realism
        ))[None].to(self.device)  # fmt: skip
        return self._moved(window, COMPONENT, path, drawn)

    def _shifted(self, window: Window, index: int, path: MeanPath, shift: Shift) -> MeanPath:
        """(9.3.1) With the shift of latent tools in what synthesis sees."""
        own, (rows, columns) = self.tensors[index], window.crop.slices
        assert own.rows is not None
        by = shift(index, own.rows[:, rows, columns], own.symbols[:, rows, columns].astype(np.int32))
        steps = np.ldexp(by.astype(np.float32), -LATENT_FRACTION_BITS)
        return self._moved(window, index, path, torch.from_numpy(steps)[None].to(self.device))

    def _moved(self, window: Window, index: int, path: MeanPath, by: Tensor) -> MeanPath:
        """With y_hat moved by float32 [1, C_y, h, w] in what synthesis sees."""
        steps = self.tensors[index].steps
        inverse = self.network.component(index).inverse_gain(self._quality(index))
        if steps is not None:
            inverse = inverse - log_gain_map(steps[..., *window.crop.slices], self.device)
        return replace(path, unscaled=path.unscaled + by * inverse.exp())

    @torch.inference_mode()
    def planes(self, window: Window, block: Block, paths: list[MeanPath]) -> Iterator[PlanesPart]:
        """(9.4) Synthesis of a block of a window, tile by tile; parts are cut to the coded picture."""
        for area, seen in block.tiles:
            begin = self.clock.now()
            (rows, columns), kept = seen.inside(window.crop).slices, area.inside(seen)
            parts = []
            for index, path in enumerate(paths):
                latents, features = path.unscaled[:, :, rows, columns], path.features[:, :, rows, columns]
                own = self.network.component(index).planes(latents, features, self._quality(index), self.point)
                parts.append(own[:, :, luma_box(kept).slices[0], luma_box(kept).slices[1]])
            top, left = LATENT_BLOCK * area.top, LATENT_BLOCK * area.left
            height, width = self.header.coded_height - top, self.header.coded_width - left
            samples = round_planes(torch.cat(parts, 1)[:, :, :height, :width], self.header.bit_depth)
            self.clock.add("synthesis", begin)
            yield PlanesPart(top, left, samples)

    def _quality(self, index: int) -> Tensor:
        quality_index = self.header.components[index].quality_index
        return quality_position(quality_index, self.model.config.quality_anchors).to(self.device)
