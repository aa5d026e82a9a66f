#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""How well rate control meets its targets, and what that costs against an encode at fixed quality.

    tools/bench_rate.py --data ../shared/data/eval/kodak --bpp 0.12,0.25,0.5,0.75,1.0 --out out/rate.json

One row per target: pictures within the tolerance, greatest distance, pictures whose target lies outside the model's
range, and the ratio of processor seconds of the search to those of one encode at the quality that it found, mean and
greatest over the pictures. Exit code 1 where a target inside the range is missed or the mean ratio is over --most.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from refsw.config import load_config
from refsw.ctc.data import find_pictures
from refsw.decode.model import Model
from refsw.encode.picture import encode_picture, load_model
from refsw.encode.rate import Kind, Target
from refsw.io import read_image
from refsw.numerics import numerics
from refsw.types import Image


@dataclass(frozen=True)
class Row:
    """One picture at one target; error: relative for sizes, dB for fidelities; inside: the model reaches the target."""

    picture: str
    kind: Kind
    target: float
    reached: float
    error: float
    quality_index: int
    inside: bool
    seconds: float
    fixed_seconds: float

    @property
    def ratio(self) -> float:
        """Processor seconds of the search over those of one encode."""
        return self.seconds / self.fixed_seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints, writes; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--config", default="cfg/base.yaml")
    parser.add_argument("--images", type=int, metavar="N", help="only N pictures, spread evenly")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--most", type=float, default=2.5, help="greatest mean ratio of sizes (default: %(default)s)")
    for kind in ("bpp", "psnr", "msssim"):
        parser.add_argument(f"--{kind}", type=_floats, default=(), metavar="X,X,...")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    config = load_config(options.config)
    model = load_model(config)
    rows = list[Row]()
    with numerics(options.threads, "cpu"):
        for picture in find_pictures(options.data, options.images):
            image = read_image(picture)
            for kind in ("bpp", "psnr", "msssim"):
                for value in getattr(options, kind):
                    rows.append(measure(picture.stem, image, Target(kind, value), config, model))
            print(picture.name, file=sys.stderr, flush=True)
    failed = show(rows, config.rate.tolerance, config.rate.decibel_tolerance, options.most)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps([{**asdict(row), "ratio": row.ratio} for row in rows], indent=1) + "\n")
    return 1 if failed else 0


def measure(name: str, image: Image, target: Target, config, model: Model) -> Row:
    """Searches, and encodes again at what was found."""
    rate = target.kind in ("bpp", "bytes")
    top = (model.config.quality_anchors - 1) << 8
    begin = time.process_time()
    found = encode_picture(image, config, target=target, model=model, reconstruct=False)
    seconds, index = time.process_time() - begin, found.report.quality_index[0]
    begin = time.process_time()
    encode_picture(image, config, quality=100 * index / top, model=model, reconstruct=False)
    fixed = time.process_time() - begin
    if rate:
        reached = found.report.bits_per_pixel
        error = reached / target.value - 1
    else:
        reached = fidelity(image, found.data, target.kind, model)
        error = Target(target.kind, reached).decibels - target.decibels
    inside = not ((index == 0 and error > 0) or (index == top and error < 0))
    return Row(name, target.kind, target.value, reached, error, index, inside, seconds, fixed)


def fidelity(image: Image, data: bytes, kind: Kind, model: Model) -> float:
    """Of what a decoder shows."""
    from refsw.ctc.metrics import metric
    from refsw.decode.picture import decode_picture

    shown = decode_picture(data, model=model, keep=False).image
    return metric("psnr_rgb" if kind == "psnr" else kind).measure(image, shown)


def show(rows: Sequence[Row], tolerance: float, decibels: float, most: float) -> bool:
    """Prints the table; whether something failed."""
    print("| target | pictures | in range | met | greatest error | time ratio, mean | greatest |")
    print("|---|---|---|---|---|---|---|")
    failed = False
    for kind, value in dict.fromkeys((row.kind, row.target) for row in rows):
        own = [row for row in rows if (row.kind, row.target) == (kind, value)]
        inside = [row for row in own if row.inside]
        size = kind == "bpp"
        limit = tolerance if size else decibels
        met = [row for row in inside if abs(row.error) <= limit]
        worst = max((abs(row.error) for row in inside), default=0.0)
        mean = sum(row.ratio for row in own) / len(own)
        failed |= len(met) < len(inside) or (size and mean > most)
        print(f"| {kind} {value:g} | {len(own)} | {len(inside)} | {len(met)} | "
              f"{f'{100 * worst:.2f} %' if size else f'{worst:.3f} dB'} | {mean:.2f} | "
              f"{max(row.ratio for row in own):.2f} |")  # fmt: skip
    return failed


def _floats(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


if __name__ == "__main__":
    raise SystemExit(main())
