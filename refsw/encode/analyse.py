# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Planes to symbols at a given quality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from refsw.colour import plane_range
from refsw.constants import LATENT_BLOCK, Z_LIMIT
from refsw.decode.model import Model
from refsw.decode.parse import skip_mask
from refsw.decode.reconstruct import quality_position, to_tensor
from refsw.nets.codec import ComponentNetwork
from refsw.nets.hyper import pad_to_multiple
from refsw.nets.rate import gaussian_bits, probability_bits
from refsw.syntax.headers import ComponentHeader
from refsw.types import ComponentSymbols, Planes


@dataclass(frozen=True)
class PreparedPlanes:
    """What does not depend on the quality: stem features of each component, padded to whole blocks.

    features: float32 [1, 64 P_c, H/8, W/8] each; size: (h, w) of the latent grid.
    """

    features: tuple[Tensor, ...]
    size: tuple[int, int]


@dataclass(frozen=True)
class Analysed:
    """Symbols of all components, and the network's own estimate of their bits (float, as in training)."""

    symbols: tuple[ComponentSymbols, ...]
    estimated_bits: float


@torch.inference_mode()
def prepare(model: Model, planes: Planes, device: str = "cpu") -> PreparedPlanes:
    """Pad by repetition of the last row and column to multiples of 16, centre, and apply the stems."""
    samples = torch.from_numpy(planes.samples.astype(np.float32))[None].to(device) / plane_range(planes.bit_depth) - 0.5
    samples = pad_to_multiple(samples, LATENT_BLOCK)
    network = model.network.to(device)
    count = 1 if len(planes.samples) == 1 else len(model.config.components)
    features = tuple(
        network.component(i).stem.analyse(samples[:, list(model.config.components[i].planes)]) for i in range(count)
    )
    return PreparedPlanes(features, (samples.shape[2] // LATENT_BLOCK, samples.shape[3] // LATENT_BLOCK))


def _estimate(net: ComponentNetwork, z: Tensor, residual: Tensor, quality: Tensor) -> float:
    """Bits of z and residual under the float priors that training minimises."""
    z_bits = probability_bits(net.hyper_prior.probability(z, quality)).sum()
    log_scale = net.log_scale(z, quality, *residual.shape[2:])
    return float(z_bits + gaussian_bits(residual, log_scale).sum())


@torch.inference_mode()
def analyse(
    model: Model, prepared: PreparedPlanes, headers: tuple[ComponentHeader, ...], device: str = "cpu"
) -> Analysed:
    """Latents, hyper-latents and quantised residuals of every component, in decoding order."""
    network = model.network.to(device)
    decoded: list[Tensor] = []
    out, bits = [], 0.0
    for index, header in enumerate(headers):
        net = network.component(index)
        condition = net.config.condition
        quality = quality_position(header.quality_index, model.config.quality_anchors).to(device)
        y = net.latent(torch.cat([prepared.features[i] for i in (index, *condition)], 1), quality)
        z = net.hyper_analysis(y).round().clamp(-Z_LIMIT, Z_LIMIT)[0].to(torch.int8).cpu().numpy()
        scale_index = model.scales[index].scale_index(z, header.quality_index, *prepared.size)
        mask = skip_mask(scale_index, header)
        coded = to_tensor(~mask, device)
        z_hat = to_tensor(z, device)
        features = net.features(z_hat, quality, [decoded[i] for i in condition], *prepared.size)
        gain, inverse = net.gain(quality), net.inverse_gain(quality)

        def residual(mean: Tensor, step: Tensor, y: Tensor = y, coded: Tensor = coded) -> Tensor:
            return torch.round(y * step - mean) * coded

        mean, y_hat = net.context.run(features, gain, inverse, residual)
        values = torch.round(y_hat - mean)
        decoded.append(y_hat * inverse.exp())
        bits += _estimate(net, z_hat, values, quality)
        symbols = values[0].to(torch.int32).cpu().numpy()
        out.append(ComponentSymbols(z, scale_index, mask, np.ascontiguousarray(symbols)))
    return Analysed(tuple(out), bits)
