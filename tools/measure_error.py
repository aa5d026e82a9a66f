#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Where bits and error of a model are: by component, by plane, and how much of the error is not the quantiser's.

    tools/measure_error.py RUN [--model base] [--crops 32]

RUN is a folder of refsw-train, whose held-out crops are coded at the operating point BOP. For each quality: bits per
pixel of y and z of each component, and for Y, Cb and Cr the MSE in squared 8-bit steps, with rounding / without. What
is left without rounding is lost in the transforms. "KLT" is what a linear transform of as many channels would lose:
the energy of the last principal axes of 16x16 patches of the training crops, per sample of the component's planes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from refsw.decode.model import Model
from refsw.errors import RefswError
from refsw.models import load_package
from refsw.nets.codec import CodecNetwork
from refsw.nets.config import ComponentConfig
from refsw.train import data
from refsw.train.colour import planes_from_rgb
from refsw.train.loss import rate_distortion
from refsw.train.recipe import VALIDATION_QUALITIES
from refsw.train.regression import rows
from refsw.train.start import principal_axes

SIDE, POINT = 256, "bop"


@torch.no_grad()
def unrounded(network: CodecNetwork, planes: Tensor, quality: Tensor) -> Tensor:
    """Planes [B, P, H, W] through analysis and synthesis, with z rounded and y as it is."""
    stem, latents, out = network.stem_features(planes), list[Tensor](), []
    for index, own in enumerate(network.config.components):
        net = network.component(index)
        y = net.latent(torch.cat([stem[index], *(stem[i] for i in own.condition)], 1), quality)
        features = net.features(
            net.hyper_analysis(y).round(), quality, [latents[i] for i in own.condition], *y.shape[2:]
        )
        latents.append(y * net.inverse_gain(quality).exp())
        out.append(net.planes(latents[index], features, quality, POINT))
    return torch.cat(out, 1)


def klt_error(own: ComponentConfig, training: Tensor, held_out: Tensor) -> float:
    """MSE in squared 8-bit steps of the linear transform of 16x16 patches with as many axes as there are channels."""
    first, second = (rows(F.pixel_unshuffle(p[:, list(own.planes)], 16)).float() * 255 for p in (training, held_out))
    mean = first.mean(0)
    axes, _ = principal_axes(first - mean)
    return float(((second - mean) @ axes.t())[:, own.channels :].square().sum(1).mean()) / second.shape[1]


def pictures(crops: NDArray[np.uint8]) -> Tensor:
    """Crops uint8 [N, h, w, 3] -> float32 [N, 3, SIDE, SIDE], 0..1."""
    return data.unit_range(torch.from_numpy(crops[:, :SIDE, :SIDE].copy()).permute(0, 3, 1, 2), "cpu")


@torch.no_grad()
def measure(network: CodecNetwork, crops: data.Crops, count: int) -> None:
    """Prints one line for each quality, and the errors of the KLT."""
    spread = np.linspace(0, len(crops.validation) - 1, min(count, len(crops.validation))).astype(int)
    rgb = pictures(crops.validation[spread])
    idc = network.config.colour_transform_idc
    planes = planes_from_rgb(rgb, idc)
    for quality in VALIDATION_QUALITIES:
        bits, errors = [], []
        for part, own in zip(rgb.split(8), planes.split(8), strict=True):
            at = torch.full((len(part),), quality)
            result = rate_distortion(network, part, at, POINT)
            bits.append(torch.stack([x for pair in zip(result.y_bits, result.z_bits, strict=True) for x in pair], 1))
            found = (planes_from_rgb(result.reconstruction, idc), unrounded(network, own, at))
            errors.append(torch.stack([(x - own).square().mean((2, 3)) * 65025 for x in found], 1))
        mean_bits, (coded, whole) = torch.cat(bits).mean(0).tolist(), torch.cat(errors).mean(0).tolist()
        parts = "  ".join(f"y {y:.3f} z {z:.4f}" for y, z in zip(mean_bits[::2], mean_bits[1::2], strict=True))
        text = "  ".join(f"{n} {a:.2f} / {b:.2f}" for n, a, b in zip(("Y", "Cb", "Cr"), coded, whole, strict=True))
        print(f"quality {round(100 * quality):3d}  {sum(mean_bits):.3f} bpp: {parts}  MSE {text}", flush=True)
    every = max(1, len(crops.training_index) // 400)
    training = planes_from_rgb(pictures(crops.training[crops.training_index[::every]]), idc)
    for own in network.config.components:
        print(f"KLT of {own.channels} channels, planes {own.planes}: {klt_error(own, training, planes):.2f}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--model", default="base", help="name or folder of a model package")
    parser.add_argument("--crops", type=int, default=32)
    own = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        measure(Model.from_package(load_package(own.model)).network, data.load(own.run / "data"), own.crops)
    except RefswError as error:
        print(f"measure_error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
