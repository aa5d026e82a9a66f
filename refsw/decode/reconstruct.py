# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9) Symbols to latents to planes: the tolerant part of the decoder."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from refsw.colour import plane_range
from refsw.constants import QUALITY_ANCHOR_BITS
from refsw.decode.model import Model
from refsw.syntax.headers import PictureHeader
from refsw.types import ComponentLatents, ComponentSymbols, Int, Planes


@dataclass(frozen=True)
class Reconstruction:
    """Planes, the latents they come from, and the seconds of each stage."""

    planes: Planes
    latents: tuple[ComponentLatents, ...]
    stages: tuple[tuple[str, float], ...]


def quality_position(quality_index: int, anchors: int) -> Tensor:
    """quality_index 0..2048 -> position 0..1 on the quality axis, float32 [1]."""
    return torch.tensor([quality_index / ((anchors - 1) << QUALITY_ANCHOR_BITS)])


def to_tensor(array: Int, device: str) -> Tensor:
    """Integers [C, h, w] -> float32 [1, C, h, w], channels last, so that every caller runs the same kernels."""
    tensor = torch.from_numpy(array.astype(np.float32))[None].to(device)
    return tensor.contiguous(memory_format=torch.channels_last)


def _round_planes(planes: Tensor, header: PictureHeader) -> Planes:
    """(9.4.3) Float planes -0.5..0.5 -> integer planes, rounded to nearest, clipped and cropped to the coded size."""
    top = plane_range(header.bit_depth)
    rounded = ((planes + 0.5) * top).round_().clamp_(0, top)
    cropped = rounded[0, :, : header.coded_height, : header.coded_width]
    return Planes(np.ascontiguousarray(cropped.to(torch.int32).cpu().numpy()), header.bit_depth)


@torch.inference_mode()
def reconstruct(
    model: Model, header: PictureHeader, symbols: tuple[ComponentSymbols, ...], device: str = "cpu"
) -> Reconstruction:
    """(9.1) Mean path and synthesis of every component, in decoding order."""
    network = model.network.to(device)
    decoded: list[Tensor] = []
    planes: list[Tensor] = []
    latents = []
    mean_seconds = synthesis_seconds = 0.0
    for index, own in enumerate(symbols):
        begin = time.perf_counter()
        net = network.component(index)
        quality = quality_position(header.components[index].quality_index, model.config.quality_anchors).to(device)
        residual = to_tensor(own.symbols, device)
        condition = [decoded[i] for i in net.config.condition]
        features = net.features(to_tensor(own.z, device), quality, condition, *header.latent_size)
        gain, inverse = net.gain(quality), net.inverse_gain(quality)
        mean, y_hat = net.context.run(features, gain, inverse, lambda _mean, _mask, r=residual: r)
        decoded.append(y_hat * inverse.exp())
        middle = time.perf_counter()
        planes.append(net.planes(decoded[index], features, quality))
        latents.append(ComponentLatents(mean[0].cpu().numpy(), y_hat[0].cpu().numpy()))
        mean_seconds += middle - begin
        synthesis_seconds += time.perf_counter() - middle
    stages = (("mean path", mean_seconds), ("synthesis", synthesis_seconds))
    return Reconstruction(_round_planes(torch.cat(planes, 1), header), tuple(latents), stages)
