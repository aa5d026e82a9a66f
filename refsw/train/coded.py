# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Pictures as a frozen codec codes them: what calibration, reports and the start of a synthesis are fitted on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from refsw.nets.codec import CodecNetwork
from refsw.nets.rate import LOG_SCALE_STEP
from refsw.train.colour import planes_from_rgb


@dataclass(frozen=True)
class Coded:
    """A component of a batch. z [B, C_z, ...], symbols [B, C_y, h, w] and local steps [B, 1, h, w]: whole numbers;

    latent: y_hat without gain [B, C_y, h, w]; features [B, F, h, w] of the hyper-decoder; stem [B, 64 P, 2h, 2w]: what
    a synthesis should give.
    """

    index: int
    z: Tensor
    symbols: Tensor
    steps: Tensor
    latent: Tensor
    features: Tensor
    stem: Tensor


def code(network: CodecNetwork, rgb: Tensor, quality: Tensor) -> Iterator[Coded]:
    """Components of pictures rgb float32 [B, 3, H, W], 0..1, sides multiples of 64, at quality positions [B]."""
    stem = network.stem_features(planes_from_rgb(rgb, network.config.colour_transform_idc))
    latents: list[Tensor] = []
    for index, own in enumerate(network.config.components):
        net = network.component(index)
        y = net.latent(torch.cat([stem[index], *(stem[i] for i in own.condition)], 1), quality)
        z = net.hyper_analysis(y).round()
        features = net.features(z, quality, [latents[i] for i in own.condition], *y.shape[2:])
        steps = net.local_steps(z, *y.shape[2:])
        finer = steps * LOG_SCALE_STEP
        inverse = net.inverse_gain(quality) - finer
        y = y * finer.exp()

        def residual(mean: Tensor, mask: Tensor, y: Tensor = y) -> Tensor:
            return torch.round(y * mask - mean)

        mean, y_hat = net.context.run(features, net.gain(quality) + finer, inverse, residual)
        latents.append(y_hat * inverse.exp())
        yield Coded(index, z, (y_hat - mean).round(), steps, latents[index], features, stem[index])
