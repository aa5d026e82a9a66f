# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Rate and distortion of a batch, with the gradients that training needs.

Rate gradient: noise relaxation overstates the rate of sparse residuals, straight-through rounding gives values
near zero no gradient. Both are used: the value and the gradient of the scale come from the rounded residual, the
gradient of latent and mean from the noisy one (research/training.md, point 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from refsw.constants import QUALITY_MAP_LIMIT
from refsw.encode.distortion import MS_SSIM_SCALE
from refsw.nets.codec import CodecNetwork
from refsw.nets.rate import LOG_SCALE_STEP, probability_bits, residual_bits
from refsw.train.colour import planes_from_rgb, rgb_from_planes
from refsw.train.perceptual import ms_ssim
from refsw.train.rounding import NEAREST, Rounding, rounded

LAMBDA_OF_UNIT_WEIGHT = 0.009
"""The loss of a picture is weighted by (lambda / this)^-0.5, so that no end of the range rules the gradient."""


def through(x: Tensor, least: Tensor | None = None) -> Tensor:
    """Round, with the gradient of the identity; least: see `refsw.train.rounding`."""
    return x + (rounded(x, least) - x).detach()


def stepped(local: Tensor) -> Tensor:
    """(8.10) Natural log of the gain of local steps, which are whole, with the gradient of the identity."""
    return through((local / LOG_SCALE_STEP).clamp(-QUALITY_MAP_LIMIT, QUALITY_MAP_LIMIT)) * LOG_SCALE_STEP


@dataclass(frozen=True)
class RateDistortion:
    """Per picture of a batch: bits per pixel of symbols and hyper-latents of each component, MSE per colour."""

    y_bits: tuple[Tensor, ...]
    z_bits: tuple[Tensor, ...]
    mse: Tensor
    reconstruction: Tensor

    @property
    def bits(self) -> Tensor:
        """Total bits per pixel [B]."""
        return torch.stack([*self.y_bits, *self.z_bits]).sum(0)


def rate_distortion(
    network: CodecNetwork, rgb: Tensor, quality: Tensor, point: str, bf16: bool = False, rounding: Rounding = NEAREST
) -> RateDistortion:
    """Code a batch with real rounding and reconstruct it at an operating point.

    rgb: float32 [B, 3, H, W], range 0..1, H and W multiples of 64; quality: [B], 0..1. mse in squared 8-bit steps.
    """
    pixels = rgb.shape[2] * rgb.shape[3]
    y_bits, z_bits, planes, decoded = [], [], [], []
    device = rgb.device.type
    with torch.autocast(device, torch.bfloat16, enabled=bf16):
        stem = network.stem_features(planes_from_rgb(rgb, network.config.colour_transform_idc))
        for index, own in enumerate(network.config.components):
            net = network.component(index)
            y = net.latent(torch.cat([stem[index], *(stem[i] for i in own.condition)], 1), quality)
            height, width = y.shape[2:]
            z = net.hyper_analysis(y).float()
            z_noisy = z + torch.rand_like(z) - 0.5 if network.training else z.round()
            z_bits.append(probability_bits(net.hyper_prior.probability(z_noisy, quality)).sum((1, 2, 3)) / pixels)
            z_hat = through(z)
            log_scale, local = net.hyper_scale.with_steps(z_hat, quality)
            log_scale = log_scale[:, :, :height, :width]
            features = net.features(z_hat, quality, [decoded[i] for i in own.condition], height, width)
            gain, inverse = net.gain(quality), net.inverse_gain(quality)
            finer = rounding.finer(index, log_scale)
            if local is not None:
                steps = stepped(local[:, :, :height, :width])
                finer = steps if finer is None else steps + finer
            if finer is not None:
                gain, inverse, log_scale, y = gain + finer, inverse - finer, log_scale + finer, y * finer.exp()
            least = rounding.thresholds(log_scale)
            mean, y_hat = net.context.run(
                features, gain, inverse, lambda mean, mask, y=y, least=least: through(y * mask - mean, least)
            )
            bits = residual_bits(rounded((y - mean).detach(), least), log_scale)
            if network.training:
                residual = y - mean
                noisy = residual_bits(residual + torch.rand_like(residual) - 0.5, log_scale.detach())
                bits = bits + (noisy - noisy.detach())
            y_bits.append(bits.sum((1, 2, 3)) / pixels)
            decoded.append(y_hat * inverse.exp())
            planes.append(net.planes(decoded[index], features, quality, point))
    out = rgb_from_planes(torch.cat(planes, 1).float(), network.config.colour_transform_idc)
    return RateDistortion(tuple(y_bits), tuple(z_bits), (out - rgb).square().mean((1, 2, 3)) * 255**2, out)


def distortion_of(ms_ssim_share: float, shown: Tensor, rgb: Tensor) -> Tensor:
    """What a recipe's loss weighs by lambda, of each picture of a batch in squared 8-bit steps: float32 [B]."""
    squared = (shown - rgb).square().mean((1, 2, 3)) * 255**2
    if not ms_ssim_share:
        return squared
    return (1 - ms_ssim_share) * squared + ms_ssim_share * MS_SSIM_SCALE * (1 - ms_ssim(shown, rgb))


def weighted_loss(result: RateDistortion, rgb: Tensor, lagrangian: Tensor, ms_ssim_share: float) -> Tensor:
    """Rate plus lambda times distortion of each picture of a batch, weighted over lambda: float32 [B]."""
    distortion = distortion_of(ms_ssim_share, result.reconstruction, rgb)
    return (lagrangian / LAMBDA_OF_UNIT_WEIGHT) ** -0.5 * (result.bits + lagrangian * distortion)
