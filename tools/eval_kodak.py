#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Rate, distortion and correctness on a folder of pictures at fixed qualities, against dense curves of the anchors.

    tools/eval_kodak.py --data ../shared/data/eval/kodak --jobs 2 --require jpeg:-54

What README quotes; rates to be met and more metrics are `refsw-ctc`, whose engine this runs on. Checked for
each codestream: a decoder in a process of its own, which gets nothing but the file, shows the encoder's reconstruction
sample for sample; the encoder's estimate and the file differ by less than 0.5 % + 64 bytes. bpp is 8 * file size /
pixels. Exit code 1 if a check fails.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from refsw.config import load_config
from refsw.ctc.anchors import anchor
from refsw.ctc.bdrate import ANCHOR_BPP
from refsw.ctc.cache import Cache, Coding
from refsw.ctc.codec import Codec
from refsw.ctc.conditions import QUALITY, Choice, Conditions, Picture, Target
from refsw.ctc.data import find_pictures, plain_image
from refsw.ctc.decoder import CODEC
from refsw.ctc.engine import assemble, run_groups
from refsw.ctc.engines.local import Local
from refsw.ctc.folder import REPORT, write_conditions, write_pictures, write_results
from refsw.ctc.metrics import ms_ssim_decibels
from refsw.ctc.plan import Group, Job, Plan, plan_of
from refsw.ctc.refsw_codec import RefswCodec
from refsw.ctc.report.numbers import numbers
from refsw.ctc.results import Point, Results
from refsw.ctc.work import Outcome
from refsw.errors import RefswError
from refsw.io import make_folder, read_image
from refsw.types import digest

QUALITIES = (0.0, 14.0, 28.0, 42.0, 57.0, 71.0, 85.0, 100.0)
METRICS = ("psnr_rgb", "psnr_y", "msssim_rgb")
OURS = "refsw"
# The encoder's estimate may differ from the file by this much: what training prints is what the disk shows.
ESTIMATE_RELATIVE, ESTIMATE_BYTES = 0.005, 64

Comparison = tuple[str, float | None, float | None]  # anchor, BD-rate in PSNR, in MS-SSIM, %


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints, writes; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return run(options)
    except RefswError as error:
        print(f"eval_kodak: {error}", file=sys.stderr)
        return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of pictures (png, ppm, pgm)")
    parser.add_argument("--config", default="cfg/base.yaml", help="encoder configuration (default: %(default)s)")
    parser.add_argument("--qualities", type=_floats, default=QUALITIES, metavar="Q,Q,...", help="0..100 each")
    parser.add_argument("--images", type=int, metavar="N", help="only N pictures, spread evenly over the folder")
    parser.add_argument("--jobs", type=int, default=1, help="processes of one thread each (default: %(default)s)")
    parser.add_argument("--anchors", type=_names, default=("jpeg", "webp", "avif", "avif-default"), metavar="A,A,...")
    parser.add_argument("--require", type=_requirement, action="append", default=[], metavar="ANCHOR:PERCENT",
                        help="fail if the PSNR BD-rate against this anchor is above PERCENT (jpeg:-35)")  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="DIR",
                        help="write conditions, results and report, as refsw-ctc run does")  # fmt: skip
    parser.add_argument("--cache", type=Path, help="keep what is measured; what is there is not measured again")
    parser.add_argument("--codec", default=CODEC, help="module with encode_picture and decode_picture")
    return parser


def run(options: argparse.Namespace) -> int:
    """The whole evaluation."""
    plan = make_plan(options)
    if options.out:  # before anything is measured
        make_folder(options.out)
    with ExitStack() as stack:
        folder = options.cache or stack.enter_context(tempfile.TemporaryDirectory(prefix="refsw-eval-"))
        cache = Cache(Path(folder).resolve())
        failed = run_groups(plan.groups(cache), cache, Local(max(1, options.jobs)), _say)
        results = assemble(plan, cache, failed, f"eval_kodak --qualities {options.qualities}")
        codings = {job.key: cache.coding(job.key) for job in plan.jobs if job.codec.record.name == OURS}
        if options.out:
            if options.codec == CODEC:  # conditions cannot name another one
                write_conditions(plan.conditions, options.out)
            write_results(results, options.out)
            write_pictures(plan, cache, results, options.out / REPORT)
    failures = [f"{one.image}, {one.codec} at {one.target}: {one.reason}" for one in results.failures]
    failures += misjudged(plan.jobs, codings)
    if not results.failures:
        comparisons, problems = compare(results, options.anchors)
        failures += problems + missed(comparisons, options.require)
        print_rows(rows(results))
        print_comparisons(comparisons)
    for line in failures:
        print(f"FAILED {line}")
    checked = sum(point.codec == OURS for point in results.points)
    print(f"{checked} codestreams decoded in a separate process, {len(failures)} checks failed")
    return 1 if failures else 0


def make_plan(options: argparse.Namespace) -> Plan:
    """Every picture with refsw at all qualities, and with every anchor at those of its dense curve."""
    paths = find_pictures(options.data, options.images)
    pictures = tuple(Picture(p.name, p.name, digest(plain_image(read_image(p)).samples)) for p in paths)
    others = [anchor(name) for name in options.anchors]
    codecs: list[Codec] = [RefswCodec(OURS, load_config(options.config), options.codec), *others]
    qualities = [options.qualities, *(other.qualities for other in others)]
    choices = tuple(
        Choice(name, name, options.config if name == OURS else None, None, tuple(Target(QUALITY, q) for q in own))
        for name, own in zip([OURS, *options.anchors], qualities, strict=True)
    )
    conditions = Conditions(
        "eval_kodak", pictures, choices, METRICS, OURS, "pchip", ANCHOR_BPP, tolerance=0.01, attempts=1, repetitions=1
    )
    return plan_of(conditions, options.data, tuple(codecs))


def misjudged(jobs: Iterable[Job], codings: dict[str, Coding | None]) -> Iterator[str]:
    """Codestreams whose size the encoder did not estimate well enough."""
    for job in jobs:
        coding = codings.get(job.key)
        if coding is None or coding.estimated_bits is None:
            continue
        error = coding.estimated_bits / 8 - coding.stream_bytes
        if abs(error) > ESTIMATE_RELATIVE * coding.stream_bytes + ESTIMATE_BYTES:
            place = f"{job.source.record.name} at {job.target.text}"
            yield f"{place}: estimate is {error:+.0f} bytes off a file of {coding.stream_bytes} bytes"


@dataclass(frozen=True)
class Row:
    """Means over all pictures; times are wall seconds of one thread."""

    codec: str
    target: str
    bpp: float
    values: tuple[float, ...]
    encode_s: float
    decode_s: float


def rows(results: Results) -> Iterator[Row]:
    """One for each codec and quality, in the order of results."""
    groups: dict[tuple[str, str], list[Point]] = {}
    for point in results.points:
        groups.setdefault((point.codec, point.target), []).append(point)
    order = [codec.name for codec in results.codecs]
    for (codec, target), points in sorted(groups.items(), key=lambda item: order.index(item[0][0])):
        yield Row(
            codec,
            target,
            _mean(point.bits_per_sample for point in points),
            tuple(_mean(values) for values in zip(*(point.values for point in points), strict=True)),
            _mean(point.timing[0].encode_seconds for point in points),
            _mean(point.timing[0].decode_seconds for point in points),
        )


def compare(results: Results, names: Iterable[str]) -> tuple[list[Comparison], list[str]]:
    """BD-rates of refsw against each anchor, of mean curves, and why one could not be computed."""
    comparisons: list[Comparison] = []
    problems: list[str] = []
    for name in names:
        points = tuple(point for point in results.points if point.codec in (name, OURS))
        found = numbers(replace(results, anchor=name, points=points))
        values: list[float | None] = []
        for scale in found.scales:
            own = found.comparison(OURS, scale)
            if own is None or scale.name not in ("psnr_rgb", "msssim_rgb_db"):
                continue
            values.append(own.mean.rate)
            if own.mean.rate is None:
                problems.append(f"BD-rate against {name} ({scale.name}): {own.mean.problem}")
        comparisons.append((name, values[0], values[1]))
    return comparisons, problems


def missed(comparisons: Iterable[Comparison], required: Iterable[tuple[str, float]]) -> list[str]:
    """Requirements on the PSNR BD-rate that are not met."""
    found = {name: psnr for name, psnr, _ in comparisons}
    lines = []
    for name, limit in required:
        value = found.get(name)
        if value is None or value > limit:
            measured = "not measured" if value is None else f"{value:+.1f} %"
            lines.append(f"BD-rate (PSNR) against {name} is {measured}, required {limit:+.1f} %")
    return lines


def print_rows(found: Iterable[Row]) -> None:
    """One line per codec and quality."""
    print(f"{'codec':<13}{'target':<14}{'bpp':>9}{'PSNR':>8}{'PSNR-Y':>8}{'MS-SSIM':>9}{'dB':>7}"
          f"{'enc s':>8}{'dec s':>8}")  # fmt: skip
    for row in found:
        psnr, psnr_y, msssim = row.values
        print(f"{row.codec:<13}{row.target:<14}{row.bpp:>9.4f}{psnr:>8.2f}{psnr_y:>8.2f}{msssim:>9.5f}"
              f"{ms_ssim_decibels(msssim):>7.2f}{row.encode_s:>8.3f}{row.decode_s:>8.3f}")  # fmt: skip


def print_comparisons(comparisons: Iterable[Comparison]) -> None:
    """BD-rate table; negative: refsw needs fewer bits."""
    print(f"\nBD-rate of refsw, % (PCHIP, anchor at {ANCHOR_BPP[0]}..{ANCHOR_BPP[1]} bpp)")
    print(f"{'against':<14}{'RGB PSNR':>10}{'MS-SSIM':>10}")
    for name, *values in comparisons:
        print(f"{name:<14}" + "".join(f"{'–' if v is None else format(v, '+.1f'):>10}" for v in values))


def _say(group: Group, outcomes: tuple[Outcome, ...]) -> None:
    print(f"{group.source.record.name}, {group.codec.record.name}: {len(outcomes)}", file=sys.stderr, flush=True)


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return math.fsum(listed) / len(listed)


def _floats(text: str) -> tuple[float, ...]:
    return tuple(sorted({float(part) for part in text.split(",")}))


def _names(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)


def _requirement(text: str) -> tuple[str, float]:
    name, _, percent = text.partition(":")
    return name, float(percent)


if __name__ == "__main__":
    raise SystemExit(main())
