#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What a quality map moves: PSNR inside and outside a rectangle at equal file size, with the map and without.

    tools/bench_interest.py --data ../shared/data/eval/kodak --images 8 --bpp 0.4

The rectangle is the middle of the picture, half as wide and half as high. Exit code 1 where the PSNR inside rises by
less than --least on a picture, or sizes differ by more than 2 %.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from refsw.config import load_config
from refsw.ctc.data import find_pictures
from refsw.ctc.metrics import decibels
from refsw.decode.picture import decode_picture
from refsw.encode.picture import encode_picture, load_model
from refsw.encode.quality_map import rectangle_weights, steps_of
from refsw.io import read_image
from refsw.numerics import numerics
from refsw.syntax.geometry import Region


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--config", default="cfg/base.yaml")
    parser.add_argument("--images", type=int, metavar="N", help="only N pictures, spread evenly")
    parser.add_argument("--bpp", type=float, default=0.4)
    parser.add_argument("--strength", type=float, default=12)
    parser.add_argument("--least", type=float, default=2.0, help="dB (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    config = load_config(options.config)
    model = load_model(config)
    failed = False
    print("| picture | bytes | bytes with map | inside, dB | with map | outside, dB | with map |")
    print("|---|---|---|---|---|---|---|")
    with numerics(options.threads, "cpu"):
        for picture in find_pictures(options.data, options.images):
            image = read_image(picture)
            height, width = image.height, image.width
            own = Region(height // 4, width // 4, 3 * height // 4, 3 * width // 4)
            inside = np.zeros((height, width), np.bool_)
            inside[own.top : own.bottom, own.left : own.right] = True
            steps = steps_of(rectangle_weights(height, width, [own]), options.strength)
            sizes, found = [], []
            for wanted in (None, steps):
                data = encode_picture(
                    image, config, bpp=options.bpp, model=model, reconstruct=False, steps=wanted
                ).data
                shown = decode_picture(data, model=model, keep=False).image
                error = (shown.samples.astype(np.float64) - image.samples) ** 2
                peak = 2**image.bit_depth - 1
                sizes.append(len(data))
                found.append([decibels(float(error[where].mean()), peak) for where in (inside, ~inside)])
            (before, around), (after, around_after) = found
            failed |= after - before < options.least or abs(sizes[1] / sizes[0] - 1) > 0.02
            print(f"| {picture.stem} | {sizes[0]} | {sizes[1]} | {before:.2f} | {after:.2f} ({after - before:+.2f}) | "
                  f"{around:.2f} | {around_after:.2f} ({around_after - around:+.2f}) |", flush=True)  # fmt: skip
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
