#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Makes docs/models/failures.webp: what the shipped models do worst, and prints rate and PSNR of each part.

    tools/model_pictures.py --data ../shared/data/eval [-c cfg/base.yaml -c cfg/visual.yaml] [--out docs/models]

Rows: a face, grass, a diagram and a terminal, each at a low rate. Columns: source, each configuration, and AVIF
(Pillow's default) at the size of the first configuration's file or the next smaller. A window of the picture is coded,
a part of it is shown at twice its size. The WebP file is near-lossless.
"""

from __future__ import annotations

import argparse
import sys
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from doc_pictures import ROOT, Samples, side_by_side, write

from refsw.config import load_config
from refsw.ctc.anchors import anchor
from refsw.ctc.codec import Format
from refsw.ctc.metrics import decibels
from refsw.decode.picture import decode_picture
from refsw.encode.picture import encode_picture, load_model
from refsw.errors import RefswError
from refsw.io import read_image
from refsw.numerics import numerics
from refsw.types import Image

CODED, SHOWN, ENLARGED = 512, 160, 2
LOSSY = "avif-default"


@dataclass(frozen=True)
class Case:
    """A picture of the evaluation sets; left, top: of the coded window; x, y: of what is shown, in the window."""

    name: str
    bpp: float
    left: int
    top: int
    x: int
    y: int


CASES = (
    Case("kodak/04", 0.10, 0, 130, 175, 200),
    Case("gb82/grass-lossless", 0.30, 32, 32, 150, 200),
    Case("gb82_sc/graph", 0.12, 0, 0, 0, 0),
    Case("gb82_sc/terminal", 0.12, 800, 150, 40, 60),
)


def window(path: Path, case: Case) -> Image:
    """What is coded of a case."""
    samples = read_image(path).samples[..., :3]
    return Image(np.ascontiguousarray(samples[case.top : case.top + CODED, case.left : case.left + CODED]))


def in_avif(image: Image, size: int) -> tuple[bytes, Samples]:
    """The largest AVIF file of at most `size` bytes, or the smallest there is."""
    codec = anchor(LOSSY)
    fitting = bisect_right(range(1, 101), size, key=lambda quality: len(codec.encode(image, quality).data))
    data = codec.encode(image, fitting).data
    return data, codec.decode(data, Format(3, 8)).image.samples


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes them; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of kodak, gb82 and gb82_sc")
    parser.add_argument("-c", "--config", action="append", help="configuration of a column (cfg/base.yaml)")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "models")
    options = parser.parse_args(arguments)
    try:
        rows = []
        with numerics(1, "cpu"):
            configs = [load_config(name) for name in options.config or ["cfg/base.yaml"]]
            models = [load_model(config) for config in configs]
            for case in CASES:
                image = window(options.data / f"{case.name}.png", case)
                files = [encode_picture(image, config, bpp=case.bpp, model=model, reconstruct=False).data
                         for config, model in zip(configs, models, strict=True)]  # fmt: skip
                shown = [decode_picture(data, model=model, keep=False).image.samples
                         for data, model in zip(files, models, strict=True)]  # fmt: skip
                other, samples = in_avif(image, len(files[0]))
                for name, data, found in zip([*(c.name for c in configs), LOSSY], [*files, other], [*shown, samples],
                                             strict=True):  # fmt: skip
                    psnr = decibels(float(((found.astype(float) - image.samples) ** 2).mean()), 255)
                    bpp = 8 * len(data) / image.width / image.height
                    print(f"{case.name:<22}{name:<14}{bpp:.3f} bpp{psnr:8.2f} dB")
                cut = (slice(case.y, case.y + SHOWN), slice(case.x, case.x + SHOWN))
                parts = [one[cut].repeat(ENLARGED, 0).repeat(ENLARGED, 1) for one in (image.samples, *shown, samples)]
                rows.append(side_by_side(parts, 1))
        options.out.mkdir(parents=True, exist_ok=True)
        write(options.out / "failures.webp", side_by_side(rows, 0))
    except RefswError as error:
        print(f"model_pictures: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
