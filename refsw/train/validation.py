# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The loss on held-out pictures, as a codec would reach it."""

from __future__ import annotations

import numpy as np
import torch

from refsw.nets.codec import CodecNetwork
from refsw.train.data import Crops
from refsw.train.loss import rate_distortion, weighted_loss
from refsw.train.perceptual import ms_ssim
from refsw.train.recipe import VALIDATION_QUALITIES, Recipe
from refsw.train.rounding import Rounding
from refsw.train.state import held_out_pictures

CROPS, SIDE = 24, 256


@torch.no_grad()
def validate(
    network: CodecNetwork, crops: Crops, recipe: Recipe, device: str, rounding: Rounding
) -> dict[str, float]:  # fmt: skip
    """Held-out crops, rounded as training does: loss, at each quality bits per pixel, PSNR and MS-SSIM, both in dB."""
    network.eval()
    pictures = held_out_pictures(crops, CROPS, SIDE)
    out, losses = {}, []
    for q in VALIDATION_QUALITIES:
        bits, psnr, structural, loss = [], [], [], []
        for part in pictures.split(8):
            rgb, quality = part.to(device), torch.full((len(part),), q, device=device)
            result = rate_distortion(network, rgb, quality, recipe.point, rounding=rounding)
            bits.append(result.bits)
            psnr.append(10 * torch.log10(255**2 / result.mse))
            structural.append(-10 * torch.log10(1 - ms_ssim(result.reconstruction, rgb)))
            loss.append(weighted_loss(result, rgb, network.config.lagrangian(quality), recipe.ms_ssim))
        out[f"bpp@{q}"] = round(float(torch.cat(bits).mean()), 5)
        out[f"psnr@{q}"] = round(float(torch.cat(psnr).mean()), 4)
        out[f"ms_ssim@{q}"] = round(float(torch.cat(structural).mean()), 4)
        losses.append(float(torch.cat(loss).mean()))
    network.train()
    return {"validation": round(float(np.mean(losses)), 5), **out}
