# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The curves of a training run, from its log.jsonl: loss over steps, and rate against distortion as it improved."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from refsw.errors import UsageError
from refsw.io import atomic_write
from refsw.train.recipe import VALIDATION_QUALITIES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SMOOTHING = 10  # log records that one point of the smooth training curve averages
SHOWN = 4  # validations whose rate-distortion curves are drawn


def read_log(run: Path) -> list[dict[str, float]]:
    """Records of a run, of every step the last one written: a resumed run may repeat some. Raises UsageError."""
    path = run / "log.jsonl"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UsageError(f"{path}: cannot read the log of a run: {error.strerror}") from None
    records = {}
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
            records[int(record["step"])] = record
        except (ValueError, KeyError, TypeError):
            if number < len(lines):  # the last line may be half written by a run that goes on
                raise UsageError(f"{path}, line {number}: expected a record of refsw-train") from None
    if not records:
        raise UsageError(f"{path}: holds no record yet; refsw-train writes one every 50 steps")
    return [records[step] for step in sorted(records)]


def plot(run: Path, out: Path) -> None:
    """Draw the curves of a run into a file, whole or not at all. Raises UsageError, OutputError."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise UsageError("refsw-train plot needs matplotlib: pip install 'refsw[train]'") from None
    records = read_log(run)
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    loss, rate_distortion = figure.subplots(1, 2)
    steps = [r["step"] for r in records]
    smooth = [
        sum(r["loss"] for r in records[max(0, i - SMOOTHING + 1) : i + 1]) / min(i + 1, SMOOTHING)
        for i in range(len(records))
    ]
    loss.plot(steps, [r["loss"] for r in records], color="0.8", linewidth=0.8, label="training, 50 steps")
    loss.plot(steps, smooth, color="#0072b2", label=f"training, {50 * SMOOTHING} steps")
    validated = [r for r in records if "validation" in r]
    if validated:
        loss.plot([r["step"] for r in validated], [r["validation"] for r in validated], "o-", color="#d55e00",
                  markersize=3, label="validation, real rounding")  # fmt: skip
    rates = loss.twinx()
    rates.plot(steps, [r["rate"] for r in records], color="0.55", linestyle=":", label="learning rate (right)")
    rates.set_ylim(bottom=0)
    loss.set(xlabel="step", ylabel="loss", title=run.resolve().name)
    handles = [*loss.get_legend_handles_labels()[0], *rates.get_legend_handles_labels()[0]]
    loss.legend(handles=handles, fontsize=8)
    spread = max(1, (len(validated) - 1) // max(1, SHOWN - 1))
    shown = sorted({*range(len(validated) - 1, -1, -spread)})[-SHOWN:]
    for order, index in enumerate(shown):
        record = validated[index]
        colour = str(0.75 * (1 - (order + 1) / len(shown)))
        rates_seen = [record[f"bpp@{q}"] for q in VALIDATION_QUALITIES]
        psnr_seen = [record[f"psnr@{q}"] for q in VALIDATION_QUALITIES]
        rate_distortion.semilogx(rates_seen, psnr_seen, "o-", color=colour, markersize=3, linewidth=1,
                                 label=f"step {int(record['step'])}")  # fmt: skip
    rate_distortion.set(xlabel="bits per pixel (logarithmic)", ylabel="RGB PSNR, dB")
    rate_distortion.set_title("held-out crops, five qualities")
    if validated:
        rate_distortion.legend(fontsize=8)
    for axes in (loss, rate_distortion):
        axes.grid(color="0.93")
        axes.set_axisbelow(True)
        axes.spines[["top"]].set_visible(False)
    save(figure, out)


def save(figure: Figure, out: Path) -> None:
    """Write a figure, whole or not at all, as what its name says. Raises UsageError, OutputError."""
    kind = out.suffix.lstrip(".")
    if kind not in figure.canvas.get_supported_filetypes():
        raise UsageError(f"{out}: expected a name that ends in .svg, .png or .pdf")
    with atomic_write(out) as file:
        figure.savefig(file, format=kind, dpi=150)


def watch(run: Path, out: Path, seconds: float) -> None:
    """Draw again whenever `seconds` have passed, until interrupted."""
    while True:
        plot(run, out)
        time.sleep(seconds)
