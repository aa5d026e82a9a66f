#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Lossless coding against PNG, WebP and JPEG XL, all encoded in this run; every file is decoded and compared.

    tools/eval_lossless.py --data KODAK [--screen FOLDER] [--made] [--quality Q] [--jobs N] [--out lossless.json]

PNG: Pillow's optimised one, level 9 where samples have 16 bits. WebP: lossless, method 4, quality 100; 8 bits only.
JPEG XL: libjxl in imagecodecs, lossless, effort 7. --screen: pictures are cut to 768 x 512 at their upper left.
--made: noise and 16-bit pictures, made here, always the same. Times are processor seconds of one thread.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from refsw.config import load_config
from refsw.decode.model import Model
from refsw.decode.picture import decode_picture
from refsw.encode.lossless_layer import BASE_QUALITY
from refsw.encode.picture import encode_picture, load_model
from refsw.numerics import numerics
from refsw.types import Image

Samples = NDArray[np.uint8] | NDArray[np.uint16]
CODECS = ("refsw", "png", "webp", "jxl")


@dataclass(frozen=True)
class Result:
    """Bits per pixel of each codec (0 where it cannot), and processor seconds of ours."""

    group: str
    name: str
    pixels: int
    bpp: dict[str, float]
    base_bpp: float
    encode: float
    decode: float
    layer_decode: float


def made() -> dict[str, Samples]:
    """Pictures that no folder is needed for."""
    random = np.random.default_rng(2026)
    rows, columns = np.mgrid[0:384, 0:512]
    waves = [np.sin(rows / (9 + 5 * c) + np.cos(columns / (23 + 7 * c))) + columns / 400 for c in range(3)]
    smooth = (np.stack(waves, 2) + 1.2) / 3.8
    grain = random.normal(0, 1, smooth.shape)
    return {
        "uniform noise, 8 bits": random.integers(0, 256, (384, 512, 3)).astype(np.uint8),
        "normal noise, 8 bits": (128 + 20 * grain).clip(0, 255).round().astype(np.uint8),
        "smooth, grain of 40 steps, 16 bits": (65535 * smooth + 40 * grain).clip(0, 65535).round().astype(np.uint16),
        "smooth, grain of 900 steps, 16 bits": (65535 * smooth + 900 * grain).clip(0, 65535).round().astype(np.uint16),
        "smooth, no grain, 16 bits, grey": (65535 * smooth[..., :1]).round().astype(np.uint16),
        "uniform noise, 16 bits, grey": random.integers(0, 65536, (384, 512, 1)).astype(np.uint16),
    }


def anchors(samples: Samples) -> dict[str, float]:
    """Bits per pixel of the others; 0 where a codec does not hold these samples."""
    plain = samples[..., 0] if samples.shape[2] == 1 else samples
    pixels, files = plain.shape[0] * plain.shape[1], dict[str, bytes]()
    if samples.dtype == np.uint8:
        for name, options in (("png", {"optimize": True}), ("webp", {"lossless": True, "quality": 100, "method": 4})):
            file = io.BytesIO()
            Pillow.fromarray(plain).save(file, name, **options)
            files[name] = file.getvalue()
            shown = np.asarray(Pillow.open(io.BytesIO(files[name])).convert("L" if plain.ndim == 2 else "RGB"))
            assert np.array_equal(shown, plain), name
    else:
        files["png"] = imagecodecs.png_encode(plain, level=9)
    files["jxl"] = imagecodecs.jpegxl_encode(np.ascontiguousarray(plain), lossless=True, effort=7, numthreads=1)
    assert np.array_equal(imagecodecs.jpegxl_decode(files["jxl"]).reshape(plain.shape), plain)
    return {name: 8 * len(files.get(name, b"")) / pixels for name in CODECS[1:]}


@cache
def _model() -> Model:
    return load_model(load_config("base", ["profile=high"]))


def measure(group: str, name: str, samples: Samples, quality: float) -> Result:
    """One picture. Raises AssertionError where a sample does not come back."""
    image, config = Image(samples, 8 if samples.dtype == np.uint8 else 16), load_config("base", ["profile=high"])
    with numerics(1, "cpu"):
        model = _model()
        begin = time.process_time()
        encoded = encode_picture(image, config, quality=quality, model=model, lossless=True, reconstruct=False)
        middle = time.process_time()
        decoded = decode_picture(encoded.data, model=model, keep=False)
        end = time.process_time()
    assert np.array_equal(decoded.image.samples, image.samples), name
    own = decoded.codestream
    layer = sum(len(s.lossless_data) + len(s.lossless_parameters) for s in own.lossless)
    pixels, whole = image.width * image.height, len(encoded.data)
    bpp = {"refsw": 8 * whole / pixels} | anchors(samples)
    layer_decode = dict(decoded.report.stages)["lossless layer"]
    return Result(group, name, pixels, bpp, 8 * (whole - layer) / pixels, middle - begin, end - middle, layer_decode)


def read(path: Path, cut: bool) -> Samples:
    """A picture of 8 bits as RGB, or its upper left part."""
    samples = np.asarray(Pillow.open(path).convert("RGB"))
    return np.ascontiguousarray(samples[:512, :768] if cut else samples)


def table(results: list[Result]) -> str:
    """Bits per pixel of each group, all of its pixels together."""
    lines = ["| group | pictures | " + " | ".join(CODECS) + " | refsw / jxl |", "|---|---" + "|---" * 5 + "|"]
    for group in dict.fromkeys(r.group for r in results):
        own = [r for r in results if r.group == group]
        pixels = sum(r.pixels for r in own)
        bpp = {c: sum(r.bpp[c] * r.pixels for r in own) / pixels for c in CODECS}
        shown = " | ".join(f"{bpp[c]:.3f}" if all(r.bpp[c] for r in own) else "-" for c in CODECS)
        lines.append(f"| {group} | {len(own)} | {shown} | {bpp['refsw'] / bpp['jxl']:.3f} |")
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of photographs, 8 bits")
    parser.add_argument("--screen", type=Path, help="folder of screen content")
    parser.add_argument("--made", action="store_true", help="noise and 16-bit pictures made here")
    parser.add_argument("--quality", type=float, default=BASE_QUALITY, help="of the picture under the layer")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path)
    own = parser.parse_args(argv)
    work: list[tuple[str, str, Any]] = []
    for group, folder in (("photographs", own.data), ("screen", own.screen)):
        work += [(group, p.name, read(p, group == "screen")) for p in sorted(folder.glob("*.png"))] if folder else []
    work += [(name, name, samples) for name, samples in made().items()] if own.made else []
    results = []
    with ProcessPoolExecutor(own.jobs, get_context("spawn")) as pool:
        waiting = [pool.submit(measure, *item, own.quality) for item in work]
        for done in as_completed(waiting):
            results.append(done.result())
            print(json.dumps(asdict(results[-1])), flush=True)
    results.sort(key=lambda r: [item[1] for item in work].index(r.name))
    print(table(results))
    text = json.dumps({"quality": own.quality, "results": [asdict(r) for r in results]}, indent=1)
    if own.out:
        own.out.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
