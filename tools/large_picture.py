#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Makes a large picture with natural content: photographs side by side, mirrored in turn, with a little noise.

    tools/large_picture.py 8160x6120 large.ppm [--pictures FOLDER]

Rows are written as they are made, so that no size needs more than a few megabytes of memory.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from refsw.io import read_image

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
NOISE = 1.5  # standard deviation in 8-bit steps: repeated content is not equal


def main(argv: list[str] | None = None) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("size", help="WIDTHxHEIGHT")
    parser.add_argument("output", type=Path, help="binary Netpbm")
    parser.add_argument("--pictures", type=Path, default=SAMPLES, help="folder of PNG files (default: samples)")
    options = parser.parse_args(argv)
    width, height = (int(part) for part in options.size.split("x"))
    photographs = [read_image(path).samples for path in sorted(options.pictures.glob("*.png"))]
    photographs = [p.astype(np.uint8) for p in photographs if p.shape[2] == 3]
    with options.output.open("wb") as file:
        file.write(f"P6\n{width} {height}\n255\n".encode())
        for rows in strips(photographs, width, height):
            file.write(rows.tobytes())
    return 0


def strips(photographs: list[NDArray[np.uint8]], width: int, height: int) -> Iterator[NDArray[np.uint8]]:
    """uint8 [h, width, 3]: rows of photographs, from the top down, `height` rows in all."""
    random = np.random.default_rng(1)
    row = 0
    side = min(p.shape[0] for p in photographs)
    for turn in range(-(-height // side)):
        parts, reached = list[NDArray[np.uint8]](), 0
        while reached < width:
            own = photographs[(turn + len(parts)) % len(photographs)][:side]
            parts.append(own[:: 1 if turn % 2 else -1, :: 1 if len(parts) % 2 else -1])
            reached += own.shape[1]
        strip = np.concatenate(parts, axis=1)[: min(side, height - row), :width]
        noisy = strip + random.normal(0, NOISE, strip.shape).astype(np.float32)
        yield noisy.round().clip(0, 255).astype(np.uint8)
        row += side


if __name__ == "__main__":
    raise SystemExit(main())
