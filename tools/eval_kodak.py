#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Rate, distortion and correctness on a folder of pictures, against JPEG, WebP and AVIF in the same run.

    tools/eval_kodak.py --data ../shared/data/eval/kodak --out out/kodak.json

Every picture is encoded at every quality in one process and decoded in another, which gets nothing but the file.
Checked for each: the decoded picture equals the encoder's reconstruction sample for sample; the encoder's estimate
and the file differ by less than 0.5 % + 64 bytes. bpp is 8 * file size / pixels. Exit code 1 if a check fails.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue

from refsw.ctc import anchors
from refsw.ctc.bdrate import ANCHOR_BPP
from refsw.ctc.points import Journal, Point, Row, summarise, tree_digest
from refsw.ctc.run import Comparison, Conditions, Station, anchor_points, code_digest, compare, find_pictures
from refsw.ctc.worker import CODEC
from refsw.errors import RefswError, UsageError

QUALITIES = (0.0, 14.0, 28.0, 42.0, 57.0, 71.0, 85.0, 100.0)


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
    parser.add_argument("--jobs", type=int, default=1, help="pictures at a time (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="threads of each process (default: %(default)s)")
    parser.add_argument("--anchors", type=_names, default=("jpeg", "webp", "avif", "avif-default"), metavar="A,A,...")
    parser.add_argument("--require", type=_requirement, action="append", default=[], metavar="ANCHOR:PERCENT",
                        help="fail if the PSNR BD-rate against this anchor is above PERCENT (jpeg:-35)")  # fmt: skip
    parser.add_argument("--out", type=Path, help="write rows, points, BD-rates and conditions as JSON")
    parser.add_argument("--journal", type=Path, help="keep points as JSON lines while they are measured")
    parser.add_argument("--resume", action="store_true", help="take points of the same code and data from --journal")
    parser.add_argument("--codec", default=CODEC, help="module with encode_picture and decode_picture")
    return parser


def run(options: argparse.Namespace) -> int:
    """The whole evaluation."""
    if options.resume and options.journal is None:
        raise UsageError("--resume needs --journal FILE")
    pictures = find_pictures(options.data, options.images)
    journal = Journal(options.journal, resume=options.resume)
    codecs = [anchors.anchor(name) for name in options.anchors]
    if options.resume:
        print(f"{len(journal)} points in {options.journal}; those of this code and these pictures are taken from it")

    conditions = Conditions(options.config, options.codec, options.threads)
    stated = describe(options, pictures)
    points: list[Point] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="refsw-eval-")))
        stations = [Station(conditions, journal, stack, folder / str(n)) for n in range(max(1, options.jobs))]
        free: SimpleQueue[Station] = SimpleQueue()
        for station in stations:
            free.put(station)

        def measure(picture: Path) -> list[Point]:
            station = free.get()
            try:
                return [*station.measure(picture, options.qualities), *anchor_points(picture, codecs, journal)]
            finally:
                free.put(station)

        with ThreadPoolExecutor(len(stations)) as pool:
            for done, (picture, measured) in enumerate(zip(pictures, pool.map(measure, pictures), strict=True), 1):
                points += measured
                print(f"[{done}/{len(pictures)}] {picture.name}", file=sys.stderr, flush=True)

    rows = summarise(points)
    comparisons, problems = compare(rows, options.anchors)
    failures = [line for point in points for line in point.failures()] + problems
    failures += missed(comparisons, options.require)
    print_rows(rows)
    print_comparisons(comparisons)
    if options.out:
        write_results(options.out, stated, rows, points, comparisons, failures)
    for line in failures:
        print(f"FAILED {line}")
    checked = sum(point.mismatches is not None for point in points)
    print(f"{checked} codestreams decoded in a separate process, {len(failures)} checks failed")
    return 1 if failures else 0


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


def print_rows(rows: Iterable[Row]) -> None:
    """One line per codec and quality; times are wall seconds per picture."""
    print(f"{'codec':<13}{'quality':>8}{'bpp':>9}{'PSNR':>8}{'PSNR-Y':>8}{'MS-SSIM':>9}{'dB':>7}"
          f"{'enc s':>8}{'dec s':>8}{'estimate':>10}{'mismatch':>10}")  # fmt: skip
    for row in rows:
        line = (f"{row.codec:<13}{row.quality:>8g}{row.bpp:>9.4f}{row.psnr:>8.2f}{row.psnr_y:>8.2f}{row.msssim:>9.5f}"
                f"{row.msssim_db:>7.2f}{row.encode_s:>8.3f}{row.decode_s:>8.3f}")  # fmt: skip
        print(line + (f"{100 * row.estimate_error:>+9.3f}%{row.mismatches:>10}" if row.codec == "refsw" else ""))


def print_comparisons(comparisons: Iterable[Comparison]) -> None:
    """BD-rate table; negative: refsw needs fewer bits."""
    print(f"\nBD-rate of refsw, % (PCHIP, anchor at {ANCHOR_BPP[0]}..{ANCHOR_BPP[1]} bpp)")
    print(f"{'against':<14}{'RGB PSNR':>10}{'MS-SSIM':>10}")
    for name, *values in comparisons:
        print(f"{name:<14}" + "".join(f"{'–' if v is None else format(v, '+.1f'):>10}" for v in values))


def describe(options: argparse.Namespace, pictures: Iterable[Path]) -> dict[str, object]:
    """The conditions of a run, read before it begins: code, settings, libraries, pictures."""
    return {
        "config": options.config,
        "codec": options.codec,
        "code": code_digest(),
        "threads": options.threads,
        "jobs": options.jobs,
        "machine": f"{platform.machine()} {platform.system()} Python {platform.python_version()}",
        "libraries": dict(anchors.library_versions()),
        "anchors": {name: anchors.anchor(name).record().settings for name in options.anchors},
        "pictures": {picture.name: tree_digest(picture) for picture in pictures},
    }


def write_results(
    path: Path,
    conditions: dict[str, object],
    rows: Iterable[Row],
    points: Iterable[Point],
    comparisons: Iterable[Comparison],
    failures: Sequence[str],
) -> None:
    """Everything that was measured, with the conditions under which it was."""
    results = {
        "conditions": conditions,
        "bd_rate": [{"anchor": name, "psnr": psnr, "msssim": msssim} for name, psnr, msssim in comparisons],
        "failures": list(failures),
        "rows": [asdict(row) for row in rows],
        "points": [asdict(point) for point in points],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def _floats(text: str) -> tuple[float, ...]:
    return tuple(sorted({float(part) for part in text.split(",")}))


def _names(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)


def _requirement(text: str) -> tuple[str, float]:
    name, _, percent = text.partition(":")
    return name, float(percent)


if __name__ == "__main__":
    raise SystemExit(main())
