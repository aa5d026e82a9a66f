#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""One codestream, shown with more and more drawn detail (spec 9.10): how far from the source, how natural it looks.

    tools/bench_realism.py --data ../shared/data/eval/kodak --natural ../shared/data/train_crops.zip

Naturalness (docs/metrics.md): "natural", distance of the statistics of all pictures from those of --natural (NIQE);
"own", their Fréchet distance from those of the sources. Exit code 1 where, from one setting to the next, PSNR does not
fall or "own" does not.
"""

from __future__ import annotations

import argparse
import io
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

from refsw.config import load_config
from refsw.ctc.data import find_pictures, plain_image
from refsw.ctc.metrics import Pair, Reference, available, metric
from refsw.ctc.metrics.natural import features, frechet, statistics, unnaturalness
from refsw.ctc.metrics.planes import luma
from refsw.decode.picture import decode_picture
from refsw.encode.picture import encode_picture, load_model
from refsw.io import read_image
from refsw.numerics import numerics
from refsw.types import Image

METRICS = ("psnr_rgb", "msssim", "vif", "gmsd", "nlpd", "psnr_hvs_m", "ssimulacra2", "butteraugli")
NATURAL = 200  # pictures of which natural statistics are made


def natural_pictures(source: Path) -> Iterator[Image]:
    """Some pictures of a folder, or of a zip archive, spread evenly."""
    if source.is_dir():
        yield from (read_image(path) for path in find_pictures(source, None))
        return
    with zipfile.ZipFile(source) as archive:
        names = sorted(n for n in archive.namelist() if n.lower().endswith((".png", ".jpg")))
        for name in names[:: max(1, len(names) // NATURAL)]:
            yield Image(np.asarray(PillowImage.open(io.BytesIO(archive.read(name))).convert("RGB")))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--natural", type=Path, required=True, help="folder or zip of pictures that look natural")
    parser.add_argument("--config", default="cfg/base.yaml")
    parser.add_argument("--images", type=int, metavar="N", help="only N pictures, spread evenly")
    parser.add_argument("--qualities", default="15,30,50")
    parser.add_argument("--settings", default="0,0.3,0.6,1")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    config = load_config(options.config)
    model, can = load_model(config), [name for name in METRICS if name in available()]
    natural = statistics(np.concatenate([features(luma(i), sharp=True) for i in natural_pictures(options.natural)]))
    images = [plain_image(read_image(path)) for path in find_pictures(options.data, options.images)]
    sources = [Reference(image) for image in images]
    own = np.concatenate([features(s.luma) for s in sources])
    unit, source = own.std(0), statistics(own)
    print(f"sources: natural {unnaturalness(source, natural):.3f}; {len(images)} pictures, {len(own)} patches\n")
    print(f"| quality | bpp | realism | natural | own | {' | '.join(can)} |")
    print("|" + "---|" * (5 + len(can)))
    failed = False
    with numerics(options.threads, "cpu"):
        for quality in (float(q) for q in options.qualities.split(",")):
            coded = [encode_picture(i, config, quality=quality, model=model, reconstruct=False).data for i in images]
            bpp = np.mean([8 * len(c) / (i.width * i.height) for c, i in zip(coded, images, strict=True)])
            last = (np.inf, np.inf)
            for realism in (float(r) for r in options.settings.split(",")):
                shown = [decode_picture(c, model=model, keep=False, realism=realism).image for c in coded]
                pairs = [Pair(s.image, i, s) for s, i in zip(sources, shown, strict=True)]
                values = [np.mean([metric(name).of(pair) for pair in pairs]) for name in can]
                found = statistics(np.concatenate([features(luma(i)) for i in shown]))
                now = (float(values[0]), frechet(found, source, unit))
                failed |= not (now[0] < last[0] and now[1] < last[1])
                last = now
                print(f"| {quality:g} | {bpp:.3f} | {realism:g} | {unnaturalness(found, natural):.3f} | {now[1]:.3f} | "
                      f"{' | '.join(f'{v:.4f}' for v in values)} |", flush=True)  # fmt: skip
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
