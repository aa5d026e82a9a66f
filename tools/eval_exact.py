#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What picture-exact decoding costs against the float networks: BD-rate in RGB PSNR and time of the networks.

    tools/eval_exact.py --data KODAK [--config base] [--set KEY=VALUE]
        [--qualities 10 40 70 100] [--threads 2] [--out exact.json]

Every codestream is decoded by both in this process, one right after the other; the time of a decode is the smaller of
two, over mean path and synthesis.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from refsw.config import load_config
from refsw.ctc.bdrate import Curve, bd_rate
from refsw.decode.picture import Decoded, decode_picture
from refsw.encode.picture import encode_picture, load_model
from refsw.io import read_image, write_bytes
from refsw.numerics import numerics

NETWORKS = ("mean path", "synthesis")


def seconds(decoded: Decoded) -> tuple[float, float]:
    """Of the networks, and of everything but loading."""
    stages = dict(decoded.report.stages)
    return sum(stages[s] for s in NETWORKS), sum(v for k, v in stages.items() if k != "load model")


def main(argv: list[str] | None = None) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of pictures")
    parser.add_argument("--config", default="base", help="its first operating point is decoded (default: %(default)s)")
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    parser.add_argument("--qualities", type=float, nargs="+", default=[10, 40, 70, 100])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path)
    own = parser.parse_args(argv)
    config = load_config(own.config, own.overrides)
    model = load_model(config)
    files = sorted(own.data.glob("*.png"))
    bits = np.zeros((len(files), len(own.qualities)))
    psnr = np.zeros((2, *bits.shape))
    spent = np.zeros((2, 2))
    largest, differing, samples = 0, 0, 0
    with numerics(own.threads, "cpu"):
        for row, file in enumerate(files):
            image = read_image(file)
            for column, quality in enumerate(own.qualities):
                encoded = encode_picture(image, config, quality=quality, model=model, reconstruct=False)
                bits[row, column] = encoded.report.bits_per_pixel
                shown = []
                for which, exact in enumerate((None, "auto")):
                    runs = [decode_picture(encoded.data, model=model, exact=exact, keep=False) for _ in range(2)]
                    shown.append(runs[0].image.samples.astype(np.int64))
                    spent[which] += np.min([seconds(run) for run in runs], axis=0)
                    error = np.mean((shown[which] - image.samples) ** 2)
                    psnr[which, row, column] = 10 * np.log10(255**2 / error)
                difference = np.abs(shown[0] - shown[1])
                largest, differing = max(largest, int(difference.max())), differing + int((difference > 0).sum())
                samples += difference.size
            print(f"[{row + 1}/{len(files)}] {file.name}", flush=True)
    rate, means = bits.mean(0).tolist(), psnr.mean(1).tolist()
    curves = [Curve.from_points(n, zip(rate, m, strict=True)) for n, m in zip(("float", "exact"), means, strict=True)]
    result = {
        "pictures": len(files), "operating_point": config.operating_points[0],
        "bd_rate_percent": bd_rate(*curves),
        "psnr_float": means[0], "psnr_exact": means[1], "bits_per_pixel": rate,
        "largest_difference": largest, "share_of_samples_that_differ": differing / samples,
        "networks_time_ratio": spent[1, 0] / spent[0, 0], "decode_time_ratio": spent[1, 1] / spent[0, 1],
        "threads": own.threads,
    }  # fmt: skip
    text = json.dumps(result, indent=1)
    print(text)
    if own.out:
        write_bytes(own.out, text.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
