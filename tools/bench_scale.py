#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Time and memory of encoder and decoder against the size of the picture, each run in a process of its own.

    tools/bench_scale.py 1024x1024 2048x2048 4096x4096 8160x6120
        [--threads N] [--repeats N] [--set KEY=VALUE] [--json R.json]

Columns: wall and processor seconds of the whole program, the least of all repeats; processor seconds for each megapixel
beyond what a picture of 64 x 64 takes (start, imports, weights); the greatest peak of resident memory, what the header
predicts, their ratio, and bytes for each luma sample beyond the fixed part. Processor seconds hold where other programs
share the machine. Pictures below 8 megapixels are repeated: the start is as long as the work there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
SMALLEST = "64x64"
REPEATED = 8.0
"""Megapixels below which a run is repeated."""


@dataclass(frozen=True)
class Run:
    """One program on one picture: seconds, and bytes of peak resident memory, measured and predicted."""

    program: str
    size: str
    megapixels: float
    wall: float
    processor: float
    peak: int
    predicted: int


def main(argv: list[str] | None = None) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sizes", nargs="+", metavar="WIDTHxHEIGHT")
    parser.add_argument("--threads", default="1")
    parser.add_argument("--repeats", type=int, default=3, help="of pictures below 8 megapixels (default: %(default)s)")
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    parser.add_argument("--json", type=Path, help="write all figures here")
    options = parser.parse_args(argv)
    runs: list[Run] = []
    with tempfile.TemporaryDirectory() as folder:
        for size in (SMALLEST, *options.sizes):
            for run in measure(Path(folder), size, options.threads, options.overrides, options.repeats):
                base = next((r for r in runs if r.program == run.program), run)
                print(line(run, base), flush=True)
                runs.append(run)
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(run) for run in runs], indent=2) + "\n", encoding="utf-8")
    return 0


def line(run: Run, base: Run) -> str:
    """A row of the table; base: the same program on the smallest picture."""
    beyond = run.megapixels - base.megapixels
    each = (run.processor - base.processor) / beyond if beyond else 0.0
    held = (run.peak - base.peak) / beyond / 1e6 if beyond else 0.0
    return (
        f"{run.program:<10} {run.size:>12} {run.megapixels:7.2f} MP  wall {run.wall:6.1f} s  CPU {run.processor:6.2f} s"
        f"  {each:6.3f} s/MP  peak {run.peak / 2**20:6.0f} MiB  predicted {run.predicted / 2**20:6.0f} MiB"
        f"  ratio {run.peak / run.predicted:5.2f}  {held:6.1f} B/sample"
    )


def measure(folder: Path, size: str, threads: str, overrides: list[str], repeats: int) -> list[Run]:
    """Encode and decode one picture."""
    source, stream, output = (folder / name for name in ("in.ppm", "out.jai", "out.ppm"))
    subprocess.run([sys.executable, str(HERE / "large_picture.py"), size, str(source)], check=True)
    changes = [word for override in overrides for word in ("--set", override)]
    commands = {
        "refsw-enc": ["refsw.cli.enc", str(source), "-o", str(stream), *changes],
        "refsw-dec": ["refsw.cli.dec", str(stream), "-o", str(output)],
    }
    width, height = map(int, size.split("x"))
    megapixels = width * height / 1e6
    found = []
    for program, words in commands.items():
        times = [run_once([*words, "--threads", threads]) for _ in range(repeats if megapixels < REPEATED else 1)]
        probed = subprocess.run(
            [sys.executable, "-m", "refsw.cli.probe", str(stream), "--complexity", "--json"],
            check=True, capture_output=True,
        )  # fmt: skip
        costs = json.loads(probed.stdout)
        predicted = costs["memory_bytes" if program == "refsw-dec" else "encoder_memory_bytes"]
        walls, processors, peaks = zip(*times, strict=True)
        found.append(Run(program, size, megapixels, min(walls), min(processors), max(peaks), predicted))
    for path in (source, stream, output):
        path.unlink()
    return found


def run_once(words: list[str]) -> tuple[float, float, int]:
    """Run a module of refsw. Returns wall seconds, processor seconds, peak of resident bytes."""
    begin = time.perf_counter()
    # posix_spawn: the child's peak does not begin with this program's memory, which is small anyway
    child = os.posix_spawn(sys.executable, [sys.executable, "-m", *words], dict(os.environ))
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{words[0]} ended with status {status}")
    memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, memory


if __name__ == "__main__":
    raise SystemExit(main())
