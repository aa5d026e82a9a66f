#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What modes of variance scaling gain: BD-rate of files against the same configuration without it, and what they take.

    tools/bench_scaling.py --data ../shared/data/eval/kodak --pictures 04,07,13,19,22 --modes usual,on --no-filters

For each picture and mode: BD-rates in RGB PSNR and RGB MS-SSIM over the qualities, processor seconds of an encode as a
multiple of those without, and the steps that were chosen.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from refsw import syntax
from refsw.config import load_config
from refsw.ctc.bdrate import Curve, bd_rate
from refsw.ctc.data import find_pictures, plain_image
from refsw.ctc.metrics import measure, ms_ssim_decibels
from refsw.encode.picture import encode_picture, load_model
from refsw.io import read_image
from refsw.numerics import numerics
from refsw.syntax.scaling import scaling_of
from refsw.tools.tool import OFF
from refsw.tools.toolbox import OWN
from refsw.tools.variance_scaling.tool import VARIANCE_SCALING


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--config", default="cfg/base.yaml")
    parser.add_argument("--pictures", help="names without suffix, with commas between; others are left out")
    parser.add_argument("--qualities", default="20,40,60,80")
    parser.add_argument("--modes", default="on")
    parser.add_argument("--no-filters", action="store_true", help="no other coding tool")
    parser.add_argument("--refine", type=int, default=0, metavar="N", help="steps of refinement")
    options = parser.parse_args(arguments)
    own = load_config(options.config)
    own = replace(own, refine=replace(own.refine, iterations=options.refine, seconds=None))
    kept = {tool.name: OFF for tool in OWN} if options.no_filters else dict(own.tools)
    modes = ["off", *options.modes.split(",")]
    configs = [replace(own, tools=tuple((kept | {VARIANCE_SCALING.name: mode}).items())) for mode in modes]
    names = None if options.pictures is None else options.pictures.split(",")
    model, found = load_model(own), list[list[tuple[float, ...]]]()
    print("| picture | mode | BD-rate, RGB PSNR | RGB MS-SSIM | encode | steps |")
    print("|---|---|---|---|---|---|")
    with numerics(1, "cpu"):
        for path in find_pictures(options.data):
            if names is not None and path.stem not in names:
                continue
            image = plain_image(read_image(path))
            curves = list[list[tuple[float, float, float]]]()
            seconds, chosen = list[float](), list[str]()
            for config in configs:
                points, spent, steps = list[tuple[float, float, float]](), 0.0, list[str]()
                for quality in map(float, options.qualities.split(",")):
                    begin = time.process_time()
                    encoded = encode_picture(image, config, quality=quality, model=model)
                    spent += time.process_time() - begin
                    assert encoded.reconstruction is not None
                    values, payload = measure(image, encoded.reconstruction), scaling_of(syntax.read(encoded.data))
                    bpp = encoded.report.bits_per_pixel
                    points.append((bpp, values.psnr, ms_ssim_decibels(values.msssim)))
                    steps.append("-" if payload is None else " ".join(map(str, payload.band_step)))
                curves.append(points)
                seconds.append(spent)
                chosen.append("; ".join(steps))
            rows = list[tuple[float, ...]]()
            for mode, points, spent, said in list(zip(modes, curves, seconds, chosen, strict=True))[1:]:
                both = [[Curve.from_points("", [(p[0], p[k]) for p in c]) for c in (curves[0], points)] for k in (1, 2)]
                rows.append((*(bd_rate(anchor, test, None) for anchor, test in both), spent / seconds[0]))
                psnr, msssim, ratio = rows[-1]
                row = (path.stem, mode, f"{psnr:+.2f} %", f"{msssim:+.2f} %", f"{ratio:.2f} x", said)
                print(f"| {' | '.join(row)} |", flush=True)
            found.append(rows)
    for index, mode in enumerate(modes[1:]):
        psnr, msssim, ratio = np.mean([rows[index] for rows in found], 0)
        print(f"| mean | {mode} | {psnr:+.2f} % | {msssim:+.2f} % | {ratio:.2f} x | |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
