#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Processor seconds of every metric on one picture, against a JPEG of it: with its reference new, and prepared.

    OMP_NUM_THREADS=1 tools/bench_metrics.py PICTURE.png
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from refsw.ctc.anchors import anchor
from refsw.ctc.codec import Format
from refsw.ctc.metrics import JPEG_AI_SEVEN, Pair, Reference, available, metric
from refsw.io import read_image

QUALITY = 30


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints a line for each metric, and the sum of JPEG AI's seven."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path, help="8 bits, RGB")
    parser.add_argument("--rounds", type=int, default=3, help="the fastest counts (default: %(default)s)")
    options = parser.parse_args(arguments)
    image = read_image(options.picture)
    decoded = anchor("jpeg").decode(anchor("jpeg").encode(image, QUALITY).data, Format(image.channels, 8)).image
    print(f"{options.picture.name}, {image.width} x {image.height}; seconds with a new and with a prepared reference")
    sums = [0.0, 0.0]
    for name in available():
        prepared = Reference(image)
        value, _ = seconds(name, Pair(image, decoded, prepared))
        new = min(seconds(name, Pair(image, decoded))[1] for _ in range(options.rounds))
        known = min(seconds(name, Pair(image, decoded, prepared))[1] for _ in range(options.rounds))
        print(f"{name:<14}{value:>14.9f}{new:>8.3f}{known:>8.3f}")
        if name in JPEG_AI_SEVEN:
            sums = [sums[0] + new, sums[1] + known]
    print(f"{'the seven':<28}{sums[0]:>8.3f}{sums[1]:>8.3f}")


def seconds(name: str, pair: Pair) -> tuple[float, float]:
    """Value and processor seconds, of this process and of programs that it starts."""
    begin = sum(os.times()[:4])
    value = metric(name).of(pair)
    return value, sum(os.times()[:4]) - begin


if __name__ == "__main__":
    main()
