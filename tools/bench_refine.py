#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What refinement gains: BD-rate against the same configuration without it, and what it takes.

    tools/bench_refine.py --data ../shared/data/eval/kodak --images 3 --steps 150

For each picture: BD-rates in RGB PSNR and MS-SSIM over the qualities, mean change of the files, and processor seconds
and real seconds of a refined encode.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from refsw.config import load_config
from refsw.ctc.bdrate import Curve, bd_rate
from refsw.ctc.data import find_pictures, plain_image
from refsw.ctc.metrics import measure, ms_ssim_decibels
from refsw.encode.picture import encode_picture, load_model
from refsw.io import read_image
from refsw.numerics import numerics


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--config", default="cfg/base.yaml")
    parser.add_argument("--images", type=int, metavar="N", help="only N pictures, spread evenly")
    parser.add_argument("--qualities", default="20,35,50,65")
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--seconds", type=float, help="for each encode")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    plain = load_config(options.config)
    refined = replace(plain, refine=replace(plain.refine, iterations=options.steps, seconds=options.seconds))
    model, found = load_model(plain), []
    print("| picture | BD-rate, RGB PSNR | MS-SSIM | bytes | steps | processor seconds | seconds |")
    print("|---|---|---|---|---|---|---|")
    with numerics(options.threads, "cpu"):
        for path in find_pictures(options.data, options.images):
            image = plain_image(read_image(path))
            points: list[list[tuple[float, float, float]]] = [[], []]
            cost, steps = [], []
            for quality in (float(q) for q in options.qualities.split(",")):
                for config, into in zip((plain, refined), points, strict=True):
                    begin = time.process_time(), time.perf_counter()
                    encoded = encode_picture(image, config, quality=quality, model=model)
                    spent = time.process_time() - begin[0], time.perf_counter() - begin[1]
                    assert encoded.reconstruction is not None
                    values = measure(image, encoded.reconstruction)
                    into.append((encoded.report.bits_per_pixel, values.psnr, ms_ssim_decibels(values.msssim)))
                cost.append(spent)
                steps.append(encoded.report.refine_iterations)
            curves = [[Curve.from_points("", [(p[0], p[k]) for p in own]) for own in points] for k in (1, 2)]
            rates = [bd_rate(anchor, test, None) for anchor, test in curves]
            change = 100 * np.mean([b[0] / a[0] - 1 for a, b in zip(*points, strict=True)])
            found.append(rates)
            seconds = np.mean(cost, 0)
            print(f"| {path.stem} | {rates[0]:+.2f} % | {rates[1]:+.2f} % | {change:+.1f} % | {min(steps)} | "
                  f"{seconds[0]:.0f} | {seconds[1]:.0f} |", flush=True)  # fmt: skip
    print(f"| mean | {np.mean([f[0] for f in found]):+.2f} % | {np.mean([f[1] for f in found]):+.2f} % | | | | |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
