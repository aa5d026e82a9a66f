#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Draws rate-distortion curves on Kodak, RGB PSNR and MS-SSIM: measured codecs, and peers as published.

Prints the BD-rate of refsw's curves against each published one.

    tools/plot_kodak.py base/results.json --own "base BOP" visual/results.json --own "visual BOP" -o kodak.svg

The files are of folders that eval_kodak.py --out writes, one --own for each says what to call refsw's curve in it;
other codecs are taken from the first file that has them. Published curves are means over the same 24 pictures, with
their source in refsw/ctc/report/published_kodak.json; they are dashed, since others measured them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval_kodak import OURS
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from refsw.ctc import bdrate
from refsw.ctc.report.numbers import MeanPoint, Scale, mean_points, scales
from refsw.ctc.report.published import choose
from refsw.ctc.results import Results
from refsw.errors import InputError, RefswError, UsageError
from refsw.io import read_bytes
from refsw.train.plot import save

SCALES = {"psnr_rgb": "RGB PSNR, dB", "msssim_rgb_db": "RGB MS-SSIM, dB: -10 log10(1 - mean)"}
PUBLISHED = {
    "psnr_rgb": ("vtm", "paper-elic2022_mse", "compressai-cheng2020-anchor_mse", "compressai-mbt2018_mse",
                 "compressai-mbt2018-mean_mse", "compressai-bmshj2018-hyperprior_mse", "bpg_444_x265_ycbcr"),
    "msssim_rgb_db": ("vtm", "compressai-cheng2020-anchor_ms-ssim", "compressai-mbt2018_ms-ssim",
                      "compressai-mbt2018-mean_ms-ssim", "compressai-bmshj2018-hyperprior_ms-ssim",
                      "bpg_444_x265_ycbcr"),
}  # fmt: skip
RATES = (0.08, 1.6)
OWN_COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7")


@dataclass(frozen=True)
class Curve:
    """A named curve on one scale; own: refsw's."""

    title: str
    bpp: tuple[float, ...]
    values: tuple[float, ...]
    own: bool


def measured(files: Sequence[tuple[Results, str]], scale_name: str) -> list[Curve]:
    """Curves of all results on a scale, refsw's first."""
    found: dict[str, Curve] = {}
    for results, title in files:
        views: tuple[Scale, ...] = scales(results.metrics)
        index = next((k for k, view in enumerate(views) if view.name == scale_name), None)
        if index is None:
            raise UsageError(f"results of {title}: measured without {scale_name}")
        groups: dict[str, list[MeanPoint]] = {}
        for point in mean_points(results, views)[0]:
            groups.setdefault(point.codec, []).append(point)
        for codec, points in groups.items():
            name = title if codec == OURS else codec
            rates, values = tuple(p.bpp for p in points), tuple(p.values[index] for p in points)
            found.setdefault(name, Curve(name, rates, values, codec == OURS))
    return sorted(found.values(), key=lambda curve: not curve.own)


def draw(files: Sequence[tuple[Results, str]]) -> Figure:
    """Both panels."""
    figure = Figure(figsize=(12.5, 6.2), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (scale, title) in zip(figure.subplots(1, 2), SCALES.items(), strict=True):
        own = iter(OWN_COLOURS)
        for grey, curve in enumerate(measured(files, scale)):
            style = {"color": next(own), "linewidth": 2.0, "marker": "o", "markersize": 4} if curve.own else {
                "color": str(0.25 + 0.1 * (grey % 5)), "linewidth": 1.1, "marker": "svDx^"[grey % 5], "markersize": 2.5
            }  # fmt: skip
            axes.semilogx(curve.bpp, curve.values, label=curve.title, zorder=3 if curve.own else 2, **style)
        for order, curve in enumerate(choose(*PUBLISHED[scale])):
            values = curve.psnr_rgb if scale == "psnr_rgb" else curve.msssim_rgb_db
            axes.semilogx(curve.bpp, values, "--", linewidth=0.9, color=f"C{order}", zorder=1,
                          label=f"{curve.title} (published)")  # fmt: skip
        shown = [v for line in axes.lines for r, v in zip(line.get_xdata(), line.get_ydata(), strict=True)
                 if RATES[0] <= r <= RATES[1]]  # fmt: skip
        ticks = (0.1, 0.15, 0.25, 0.5, 0.75, 1.0, 1.5)
        axes.set(xlim=RATES, ylim=(min(shown), max(shown)), xlabel="bits per pixel (logarithmic)", title=title)
        axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
        axes.set_xticks([], minor=True)
        axes.grid(color="0.93")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(fontsize=7.5, loc="lower right")
    return figure


def against_published(files: Sequence[tuple[Results, str]], scale: str) -> Iterator[str]:
    """A line for each published curve: BD-rate of refsw's curves against it, over the qualities that both have.

    Two BD-rates against a third codec say less: each is a mean over another interval, and a curve that goes on to
    rates at which JPEG is worst gains by it.
    """
    curves = [curve for curve in measured(files, scale) if curve.own]
    yield f"BD-rate, %, {SCALES[scale].split(',')[0]:<26}" + "".join(f"{curve.title:>22}" for curve in curves)
    for entry in choose(*PUBLISHED[scale]):
        anchor = entry.curve(scale)
        assert anchor is not None
        cells = []
        for curve in curves:
            test = bdrate.Curve(curve.title, curve.bpp, curve.values)
            try:
                low, high = bdrate.shared_interval(anchor, test)
            except InputError:
                cells.append(f"{'no quality shared':>22}")
                continue
            cells.append(f"{bdrate.bd_rate(anchor, test):+9.1f} {f'({low:.1f}..{high:.1f})':>12}")
        yield f"  {entry.title:<36}" + "".join(cells)


def main(arguments: Sequence[str] | None = None) -> int:
    """Draws; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="+")
    parser.add_argument("--own", action="append", default=[], metavar="TITLE",
                        help="of refsw's curve, one for each file")  # fmt: skip
    parser.add_argument("-o", "--out", type=Path, required=True, help=".svg, .png or .pdf")
    options = parser.parse_intermixed_args(arguments)
    try:
        if len(options.own) != len(options.results):
            raise UsageError(f"{len(options.results)} files of results and {len(options.own)} --own: expected as many")
        files = [(Results.from_json(read_bytes(path), str(path)), own)
                 for path, own in zip(options.results, options.own, strict=True)]  # fmt: skip
        save(draw(files), options.out)
        for scale in SCALES:
            print(*against_published(files, scale), sep="\n")
    except RefswError as error:
        print(f"plot_kodak: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
