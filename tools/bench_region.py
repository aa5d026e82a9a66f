#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What random access saves: decoding a part of a large picture of independent regions against decoding all of it.

    tools/bench_region.py 8160x6120 [--side 1024] [--least 15]

Processor seconds of decoding in this process, on one thread, weights loaded before; the whole program with its start is
what `tools/bench_scale.py` measures. Parts: one that is a region, and one that touches four. Exit code 1 where a part
that is a region is not --least times faster than the whole, or a sample differs by more than 1 step of 255.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

import large_picture  # noqa: E402

from refsw.config import load_config  # noqa: E402
from refsw.decode.picture import decode_picture  # noqa: E402
from refsw.decode.select import Selection  # noqa: E402
from refsw.encode.picture import encode_picture, load_model  # noqa: E402
from refsw.io import read_image  # noqa: E402
from refsw.numerics import numerics  # noqa: E402
from refsw.syntax.geometry import Region  # noqa: E402


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", metavar="WIDTHxHEIGHT")
    parser.add_argument("--side", type=int, default=1024, help="of regions and parts (default: %(default)s)")
    parser.add_argument("--least", type=float, default=15, help="(default: %(default)s)")
    parser.add_argument("--quality", type=float, default=30)
    options = parser.parse_args(arguments)
    side = options.side
    config = load_config("base", [f"regions.side={side}", "regions.independent=true"])
    model = load_model(config)
    with tempfile.TemporaryDirectory() as folder, numerics(1, "cpu"):
        source = Path(folder) / "in.ppm"
        large_picture.main([options.size, str(source)])
        data = encode_picture(read_image(source), config, quality=options.quality, model=model, reconstruct=False).data
        width, height = map(int, options.size.split("x"))
        column, row = (width // 2 // side * side, height // 2 // side * side)
        corners = ((row, column), (row - side // 2, column - side // 2))
        parts = [Region(top, left, top + side, left + side) for top, left in corners]
        # what a process makes once is not what is measured
        decode_picture(data, model=model, selection=Selection(area=parts[0]), keep=False)
        shown, times = [], []
        for part in (*parts, None):
            begin = time.process_time()
            shown.append(decode_picture(data, model=model, selection=Selection(area=part), keep=False).image.samples)
            times.append(time.process_time() - begin)
    good = True
    print(f"whole {times[-1]:.2f} s, {len(data)} bytes")
    for number, (part, samples, seconds) in enumerate(zip(parts, shown[:-1], times[:-1], strict=True)):
        own = shown[-1][part.top : part.top + side, part.left : part.left + side]
        difference = int(np.abs(own.astype(int) - samples).max())
        ratio = times[-1] / seconds
        place = f"{side}x{side} at {part.left},{part.top}"
        print(f"{place}: {seconds:.2f} s, {ratio:.1f} x faster, largest difference {difference}")
        good &= difference <= 1 and (number > 0 or ratio >= options.least)
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
