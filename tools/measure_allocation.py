#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Whether a model spends its bits where a metric wants them: how unlike the weights of symbols in its distortion are.

    tools/measure_allocation.py RUN [--model base] [--metric psnr|msssim] [--crops 24]

RUN is a folder of refsw-train, whose held-out crops are coded at the operating point BOP. The weight of a symbol is the
second derivative of the distortion over it. By high-rate theory no allocation is better than one of equal weights, and
a quantiser that follows weights of arithmetic mean A and geometric mean G saves log2(A / G) / 2 bits a symbol. Printed
for each quality and component, over symbols with scales above 0.6: how many a sample of the picture has, and such bits
for the means over channels, and for the means over places of weights relative to those of their channels.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from refsw.decode.model import Model
from refsw.errors import RefswError
from refsw.models import load_package
from refsw.nets.codec import CodecNetwork
from refsw.train import data
from refsw.train.coded import Coded, code
from refsw.train.colour import rgb_from_planes
from refsw.train.perceptual import ms_ssim

SIDE, POINT = 256, "bop"
QUALITIES = (0.25, 0.5, 0.85)
LEAST_SCALE, FEW, STEP, PROBES = 0.6, 12, 0.3, 6
"""Symbols with smaller scales are left out; so are places with fewer others; differences are of so many quantiser
steps; and so many of them are averaged."""


@dataclass(frozen=True)
class Weights:
    """Of one component, [B, C_y, h, w]. weight: in any unit; counted: which symbols count."""

    weight: Tensor
    counted: Tensor


def distortion(
    network: CodecNetwork, coded: Sequence[Coded], latents: Sequence[Tensor], rgb: Tensor, quality: Tensor, metric: str
) -> Tensor:
    """Sum over the pictures; latents: y_hat without gain of each component."""
    pairs = zip(coded, latents, strict=True)
    planes = [network.component(c.index).planes(y, c.features, quality, POINT) for c, y in pairs]
    shown = rgb_from_planes(torch.cat(planes, 1))
    return (1 - ms_ssim(shown, rgb)).sum() if metric == "msssim" else (shown - rgb).square().mean((1, 2, 3)).sum()


def weights(network: CodecNetwork, rgb: Tensor, position: float, metric: str, random: torch.Generator) -> list[Weights]:
    """Of all components: differences of the slopes on both sides, in random directions."""
    quality = torch.full((len(rgb),), position)
    with torch.no_grad():
        coded = list(code(network, rgb, quality))
        steps = [network.component(c.index).inverse_gain(quality).exp() for c in coded]
    found = [torch.zeros_like(c.latent) for c in coded]
    for _ in range(PROBES):
        signs = [2.0 * torch.randint(0, 2, c.latent.shape, generator=random) - 1 for c in coded]
        for side in (STEP, -STEP):
            latents = [
                (c.latent + side * sign * step).requires_grad_(True)
                for c, sign, step in zip(coded, signs, steps, strict=True)
            ]
            slopes = torch.autograd.grad(distortion(network, coded, latents, rgb, quality, metric), latents)
            for own, slope, sign, step in zip(found, slopes, signs, steps, strict=True):
                own += slope * sign * step / (2 * side * PROBES)
    out = []
    for c, weight in zip(coded, found, strict=True):
        with torch.no_grad():
            scale = network.component(c.index).log_scale(c.z, quality, *weight.shape[2:])
        out.append(Weights(weight, scale > math.log(LEAST_SCALE)))
    return out


def saved(weight: Tensor, share: Tensor) -> float:
    """Bits a symbol between equal weights and these, of which there are `share` each."""
    mean = (weight * share).sum() / share.sum()
    logarithm = (weight.clamp(min=0.01 * float(mean)).log2() * share).sum() / share.sum()
    return 0.5 * float(mean.log2() - logarithm)


def line(parts: Sequence[Weights], samples: int) -> str:
    """What is printed of one component; samples: of all pictures."""
    weight, counted = torch.cat([p.weight for p in parts]), torch.cat([p.counted for p in parts])
    number = counted.sum((0, 2, 3)).float()
    channel = (weight * counted).sum((0, 2, 3)) / number.clamp(min=1)
    used = number >= FEW * len(weight)
    kept = counted & used[:, None, None]
    share = kept.sum(1).float()
    place = (weight / channel.clamp(min=1e-12)[:, None, None] * kept).sum(1) / share.clamp(min=1)
    there = share >= FEW
    by_place = f"{saved(place[there], share[there]):.3f}" if there.any() else "unknown, too few"
    by_channel, density = saved(channel[used], number[used]), float(counted.sum()) / samples
    return f"{density:.4f} symbols a sample, bits by channel {by_channel:.3f}, by place {by_place}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--model", default="base")
    parser.add_argument("--metric", choices=("psnr", "msssim"), default="psnr")
    parser.add_argument("--crops", type=int, default=24)
    options = parser.parse_args(arguments)
    try:
        network = Model.from_package(load_package(options.model)).network
        crops = data.load(options.run / "data").validation[: options.crops, :SIDE, :SIDE]
    except RefswError as error:
        print(f"measure_allocation: {error}", file=sys.stderr)
        return error.exit_code
    rgb = data.unit_range(torch.from_numpy(crops).permute(0, 3, 1, 2), "cpu")
    random = torch.Generator().manual_seed(0)
    for position in QUALITIES:
        parts = [weights(network, part, position, options.metric, random) for part in rgb.split(8)]
        for index, own in enumerate(zip(*parts, strict=True)):
            print(f"quality {100 * position:3.0f}, component {index}: {line(own, rgb[:, 0].numel())}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
