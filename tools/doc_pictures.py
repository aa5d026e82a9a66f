#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Makes the pictures of docs/user from samples/ (CC0): docs/user/pictures/*.webp, and prints what they show.

    tools/doc_pictures.py [--out docs/user/pictures]

realism.webp: rows of source, and one codestream at realism 0, 0.5 and 1. interest.webp: source, quality map (bright is
finer), and two files of equal size, without the map and with it. The WebP files are near-lossless, so that what is seen
is this codec's doing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from refsw.config import load_config
from refsw.constants import LATENT_BLOCK
from refsw.ctc.metrics import decibels
from refsw.decode.picture import decode_picture
from refsw.encode.picture import encode_picture, load_model
from refsw.encode.quality_map import rectangle_weights, steps_of
from refsw.io import read_image
from refsw.numerics import numerics
from refsw.syntax.geometry import Region

Samples = NDArray[np.uint8]
ROOT = Path(__file__).resolve().parents[1]
SETTINGS = (0.0, 0.5, 1.0)
DETAIL = (("dog", 45.0, 100, 20), ("guitar", 30.0, 60, 20))
"""Sample, quality, and left and top of the crop of each row of realism.webp."""
SIDE = 224
GAP = 4
INTEREST, STRENGTH, BPP = ("dog", Region(40, 130, 200, 270)), 14.0, 0.25
QUALITY = 93


def side_by_side(parts: Sequence[Samples], axis: int) -> Samples:
    """Pictures beside or below each other, with white between them."""
    shape = list(parts[0].shape)
    shape[axis] = GAP
    white = np.full(shape, 255, np.uint8)
    found = [p for part in parts for p in (white, part)][1:]
    return np.concatenate(found, axis)


def write(path: Path, samples: Samples) -> None:
    """As WebP."""
    PillowImage.fromarray(samples).save(path, quality=QUALITY, method=6)
    print(f"{path}: {samples.shape[1]} x {samples.shape[0]}, {path.stat().st_size} bytes")


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes them; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "user" / "pictures")
    parser.add_argument("--config", default="cfg/base.yaml")
    options = parser.parse_args(arguments)
    config, out = load_config(options.config), options.out
    model = load_model(config)
    out.mkdir(parents=True, exist_ok=True)
    with numerics(1, "cpu"):
        rows = []
        for name, quality, left, top in DETAIL:
            image = read_image(ROOT / "samples" / f"{name}.png")
            data = encode_picture(image, config, quality=quality, model=model, reconstruct=False).data
            shown = [decode_picture(data, model=model, keep=False, realism=r).image.samples for r in SETTINGS]
            found = [decibels(float(((s.astype(float) - image.samples) ** 2).mean()), 255) for s in shown]
            print(f"{name}: {8 * len(data) / image.width / image.height:.3f} bpp, "
                  f"PSNR {', '.join(f'{v:.2f}' for v in found)} dB")  # fmt: skip
            cut = (slice(top, top + SIDE), slice(left, left + SIDE))
            rows.append(side_by_side([one[cut] for one in (image.samples, *shown)], 1))
        write(out / "realism.webp", side_by_side(rows, 0))
        name, region = INTEREST
        image = read_image(ROOT / "samples" / f"{name}.png")
        steps = steps_of(rectangle_weights(image.height, image.width, [region]), STRENGTH)
        inside = np.zeros((image.height, image.width), bool)
        inside[region.top : region.bottom, region.left : region.right] = True
        parts = []
        for wanted in (None, steps):
            data = encode_picture(image, config, bpp=BPP, model=model, reconstruct=False, steps=wanted).data
            parts.append(decode_picture(data, model=model, keep=False).image.samples)
            error = ((parts[-1].astype(float) - image.samples) ** 2).mean(2)
            print(f"{name}, {'without' if wanted is None else 'with'} map: {len(data)} bytes, PSNR inside "
                  f"{decibels(float(error[inside].mean()), 255):.2f}, outside "
                  f"{decibels(float(error[~inside].mean()), 255):.2f} dB")  # fmt: skip
        grey = np.kron(steps.astype(int) * 8 + 128, np.ones((LATENT_BLOCK, LATENT_BLOCK), int)).clip(0, 255)
        drawn = np.repeat(grey[: image.height, : image.width, None], 3, 2).astype(np.uint8)
        upper, lower = side_by_side([image.samples, drawn], 1), side_by_side(parts, 1)
        write(out / "interest.webp", side_by_side([upper, lower], 0))
    return 0


if __name__ == "__main__":
    sys.exit(main())
