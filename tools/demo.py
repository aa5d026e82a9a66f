#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Encode and decode the sample photographs at three rates; print a table and write out/demo.html, one offline page.

    tools/demo.py --samples samples --config cfg/base.yaml --out out

Beside the page: each codestream (.jai) and each decoded picture (.png). Exit code 1 if a decoded picture is not the
encoder's reconstruction.
"""

from __future__ import annotations

import argparse
import base64
import html
import io
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

import refsw
from refsw.config import Config, load_config
from refsw.ctc.bitmap import BLOCK, BitMap, bit_map, heat, heat_stops
from refsw.ctc.metrics import Metrics, measure, msssim_scales
from refsw.errors import RefswError, UsageError
from refsw.io import read_bytes, read_image, write_bytes, write_image
from refsw.numerics import numerics
from refsw.types import Image

if TYPE_CHECKING:
    from refsw.decode.model import Model

QUALITIES = (10.0, 45.0, 80.0)
TEMPLATES = Path(__file__).with_name("demo_templates")
SUFFIXES = (".png", ".ppm", ".pgm")


@dataclass(frozen=True)
class Result:
    """One picture at one rate. maps: bits per block of each component; seconds are wall time, model loaded."""

    name: str
    quality: float
    size: int
    image: Image
    decoded: Image
    metrics: Metrics
    maps: tuple[BitMap, ...]
    encode_s: float
    decode_s: float
    exact: bool

    @property
    def bpp(self) -> float:
        """Bits of the whole file per pixel."""
        return 8 * self.size / (self.image.height * self.image.width)

    @property
    def bits(self) -> NDArray[np.float64]:
        """Bits per block of all components, float64 [h, w]."""
        total: NDArray[np.float64] = np.sum([part.total for part in self.maps], axis=0)
        return total


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the demo; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=Path, default=Path("samples"), help="folder of pictures (png, ppm, pgm)")
    parser.add_argument("--config", default="cfg/base.yaml")
    parser.add_argument("--out", type=Path, default=Path("out"))
    parser.add_argument("--qualities", type=_floats, default=QUALITIES, metavar="Q,Q,Q", help="0..100 each")
    parser.add_argument("--threads", type=int)
    options = parser.parse_args(arguments)
    try:
        return run(options)
    except RefswError as error:
        print(f"demo: {error}", file=sys.stderr)
        return error.exit_code


def run(options: argparse.Namespace) -> int:
    """Everything between the arguments and the exit code."""
    from refsw.encode.picture import load_model

    samples = sorted(path for path in options.samples.glob("*") if path.suffix in SUFFIXES)
    if not samples:
        raise UsageError(f"{options.samples}: no pictures ({', '.join(SUFFIXES)})")
    config = load_config(options.config)
    model = load_model(config)
    options.out.mkdir(parents=True, exist_ok=True)
    results = []
    with numerics(options.threads) as record:
        code(
            read_image(samples[0]), "", options.qualities[0], config, model, None
        )  # the first run is slower: not timed
        print(f"{'picture':<12}{'quality':>8}{'bytes':>8}{'bpp':>8}{'PSNR':>8}{'MS-SSIM':>9}{'enc s':>8}{'dec s':>8}")
        for path in samples:
            image = read_image(path)
            for quality in options.qualities:
                result = code(image, path.stem, quality, config, model, options.out)
                results.append(result)
                print(f"{result.name:<12}{quality:>8g}{result.size:>8}{result.bpp:>8.3f}{result.metrics.psnr:>8.2f}"
                      f"{result.metrics.msssim:>9.4f}{result.encode_s:>8.2f}{result.decode_s:>8.2f}")  # fmt: skip
    machine = f"{record.threads} thread{'s' if record.threads != 1 else ''}", record.device_name
    page = options.out / "demo.html"
    write_bytes(page, render(results, config, machine).encode())
    wrong = [result for result in results if not result.exact]
    for result in wrong:
        print(
            f"FAILED {result.name} at quality {result.quality:g}: decoded picture is not the encoder's reconstruction"
        )
    print(f"wrote {page}")
    return 1 if wrong else 0


def code(image: Image, name: str, quality: float, config: Config, model: Model, out: Path | None) -> Result:
    """Encodes a picture, decodes the file that was written, and measures both. out None: nothing is written."""
    from refsw import api

    start = perf_counter()
    encoded = api.encode_picture(image, config, quality=quality, model=model)
    encode_s, data = perf_counter() - start, encoded.data
    if out is not None:
        file = out / f"{name}_q{quality:g}.jai"
        write_bytes(file, data)
        data = read_bytes(file)
    start = perf_counter()
    decoded = api.decode_picture(data, model=model)
    decode_s = perf_counter() - start
    if out is not None:
        write_image(out / f"{name}_q{quality:g}.png", decoded.image)
    headers = decoded.codestream.picture_header.components
    maps = tuple(
        bit_map(symbols, scale, header.quality_index)
        for symbols, scale, header in zip(decoded.symbols, model.scales, headers, strict=False)
    )
    exact = bool(np.array_equal(decoded.image.samples, encoded.reconstruction.samples))
    metrics = measure(image, decoded.image)
    return Result(name, quality, len(data), image, decoded.image, metrics, maps, encode_s, decode_s, exact)


def render(results: Sequence[Result], config: Config, machine: tuple[str, str]) -> str:
    """The page; machine: threads and processor in words."""
    names = list(dict.fromkeys(result.name for result in results))
    groups = [[result for result in results if result.name == name] for name in names]
    rates = max(map(len, groups))
    wrong = sum(not result.exact for result in results)
    show = "\n".join(
        f".pick{n}:checked ~ .panels .rate{n} {{ display: contents; }}\n"
        f".pick{n}:checked ~ header .tabs label:nth-child({n + 1}) {{ background: var(--accent); color: #1a1206; }}\n"
        f".pick{n}:focus-visible ~ header .tabs label:nth-child({n + 1}) {{ outline: 2px solid var(--text); }}"
        for n in range(rates)
    )
    scales = sorted({msssim_scales(result.image.height, result.image.width) for result in results})
    return _template("page").substitute(
        show=show,
        stops=", ".join(heat_stops()),
        count=len(names),
        rates=rates,
        verdict="every decoded picture equals the encoder's reconstruction, sample for sample"
        if not wrong
        else f"<b>{wrong} decoded pictures differ from the encoder's reconstruction</b>",
        rows="\n".join(_row(result, n == 0) for group in groups for n, result in enumerate(group)),
        sections="\n".join(_section(n, group) for n, group in enumerate(groups)),
        config=html.escape(config.name + "".join(f" --set {text}" for text in config.overrides)),
        model=html.escape(config.model),
        version=refsw.__version__,
        threads=machine[0],
        machine=html.escape(machine[1]),
        scales=" or ".join(map(str, scales)),
    )


def _row(result: Result, first: bool) -> str:
    metrics = result.metrics
    values = (
        html.escape(result.name),
        f"{result.quality:g}",
        _thousands(result.size),
        f"{result.bpp:.3f}",
        f"{metrics.psnr:.2f}",
        f"{metrics.msssim:.4f}",
        f"{result.encode_s:.2f}",
        f"{result.decode_s:.2f}",
    )
    return f"<tr{' class=first' if first else ''}>" + "".join(f"<td>{value}</td>" for value in values) + "</tr>"


def _section(index: int, results: Sequence[Result]) -> str:
    """One picture: a tab per rate, each with original, decoded picture and bit map. The middle rate is open."""
    image, opened = results[0].image, len(results) // 2
    top = max(float(np.percentile(result.bits, 99.5)) for result in results)  # one scale for all rates of a picture
    picks = "".join(
        f'<input type="radio" name="s{index}" id="s{index}r{n}" class="pick{n}"{" checked" if n == opened else ""}>'
        for n in range(len(results))
    )
    tabs = "".join(f'<label for="s{index}r{n}">{result.bpp:.2f} bpp</label>' for n, result in enumerate(results))
    return _template("picture").substitute(
        name=html.escape(results[0].name),
        original=_embed(image.samples),
        width=image.width,
        height=image.height,
        raw=_thousands(image.samples.nbytes),
        depth=image.channels * image.bit_depth,
        picks=picks,
        tabs=tabs,
        panels="".join(_rate(n, result, top) for n, result in enumerate(results)),
    )


def _rate(index: int, result: Result, top: float) -> str:
    image, metrics = result.image, result.metrics
    # A block at the border may reach outside the picture: the map is drawn in full blocks and cut like the picture.
    blocks = np.repeat(np.repeat(heat(result.bits, top), BLOCK, axis=0), BLOCK, axis=1)[: image.height, : image.width]
    return _template("rate").substitute(
        index=index,
        name=html.escape(result.name),
        size=f'width="{image.width}" height="{image.height}"',
        decoded=_embed(result.decoded.samples),
        map=_embed(blocks),
        psnr=f"{metrics.psnr:.2f}",
        bytes=_thousands(result.size),
        ratio=f"{image.samples.nbytes / result.size:.0f}",
        msssim=f"{metrics.msssim:.4f}",
        bpp=f"{result.bpp:.3f}",
        quality=f"{result.quality:g}",
        legend=_legend(top),
        shares=_shares(result),
    )


def _template(name: str) -> Template:
    return Template((TEMPLATES / f"{name}.html").read_text(encoding="utf-8"))


def _thousands(number: int) -> str:
    return f"{number:,}".replace(",", "\u2009")  # thin space


def _legend(top: float) -> str:
    """A bar of the palette with bits per block at its places; the palette follows the square root."""
    places = (0.0, 0.05, 0.25, 0.5, 1.0)
    marks = "".join(f'<span style="left:{100 * p**0.5:.1f}%">{p * top:.0f}</span>' for p in places[:-1])
    unit = f'<span style="left:100%">≥ {top:.0f} bits</span>'
    return f'<div class="legend"></div><div class="scale">{marks}{unit}</div>'


def _shares(result: Result) -> str:
    """What the bits went into, in percent of the file."""
    names = ("luma", "chroma") if len(result.maps) == 2 else tuple(f"component {n}" for n in range(len(result.maps)))
    parts = [(name, float(part.residual.sum())) for name, part in zip(names, result.maps, strict=True)]
    parts.append(("hyper-latents", float(sum(part.hyper.sum() for part in result.maps))))
    parts.append(("overhead", 8 * result.size - sum(bits for _, bits in parts)))
    return " · ".join(f"{name} {100 * bits / (8 * result.size):.0f} %" for name, bits in parts)


def _embed(samples: NDArray[Any]) -> str:
    """A picture as a data URL (PNG)."""
    out = io.BytesIO()
    PillowImage.fromarray(samples[:, :, 0] if samples.shape[2] == 1 else samples).save(out, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def _floats(text: str) -> tuple[float, ...]:
    values: Iterable[float] = (float(part) for part in text.split(","))
    return tuple(values)


if __name__ == "__main__":
    raise SystemExit(main())
