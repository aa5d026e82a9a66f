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
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from refsw.decode.model import Model
from refsw.errors import RefswError
from refsw.models import load_package
from refsw.train import data
from refsw.train.allocation import Weights, joined, saved, weights
from refsw.train.perceptual import ms_ssim

SIDE, POINT = 256, "bop"
QUALITIES = (0.25, 0.5, 0.85)
FEW = 12
"""Places with fewer symbols are left out."""


def squared_error(shown: Tensor, rgb: Tensor) -> Tensor:
    """Of each picture, [B]."""
    return (shown - rgb).square().mean((1, 2, 3))


METRICS = {"psnr": squared_error, "msssim": lambda shown, rgb: 1 - ms_ssim(shown, rgb)}


def line(parts: Sequence[Weights], samples: int) -> str:
    """What is printed of one component; samples: of all pictures."""
    own = joined(parts)
    number = own.counted.sum((0, 2, 3)).float()
    channel, used = own.by_channel(), number >= FEW * len(own.weight)
    place, share = own.by_place(FEW)
    there = share >= FEW
    by_place = f"{saved(place[there], share[there]):.3f}" if there.any() else "unknown, too few"
    by_channel, density = saved(channel[used], number[used]), float(own.counted.sum()) / samples
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
        parts = [weights(network, part, position, POINT, METRICS[options.metric], random) for part in rgb.split(8)]
        for index, own in enumerate(zip(*parts, strict=True)):
            print(f"quality {100 * position:3.0f}, component {index}: {line(own, rgb[:, 0].numel())}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
