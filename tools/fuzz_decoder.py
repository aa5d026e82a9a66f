#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Feeds damaged and malicious codestreams to refsw-dec and checks how it refuses them.

    tools/fuzz_decoder.py --count 5000 --jobs 1 [--seed 1] [--config cfg/base.yaml] [--keep DIR]

Each stream is a file, decoded by the command line's main() in a reused worker process. Demanded of each: an exit code
0, 2, 3, 4 or 6; one line on stderr (none after 0); no output unless 0, never a partial one; 10 s of processor time (a
minute on the clock, since other programs may have the processor); 1 GiB of peak resident memory, torch included. A
worker that dies or hangs is a failure of its stream and is replaced. Exit code 1 if anything failed; --keep stores the
streams that did.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import resource
import select
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hostile import Mutant, mutants

from refsw.errors import RefswError
from refsw.types import Image

ALLOWED_CODES = (0, 2, 3, 4, 6)
SECONDS = 10.0
HUNG_SECONDS = 60.0
MEMORY_BYTES = 1 << 30
_ADDRESS_SPACE_BYTES = 8 << 30  # a wall behind the limit that is measured: torch alone maps 2 GiB
_KIB = 1 << 10


@dataclass(frozen=True)
class Outcome:
    """What one stream did. code: exit code, None where the worker died or hung; memory: peak resident bytes."""

    code: int | None
    error: str
    seconds: float
    memory: int


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the campaign, prints the table; returns the exit code."""
    options = _parser().parse_args(argv)
    if options.worker:
        _work()
        return 0
    with tempfile.TemporaryDirectory() as folder:
        streams = list(mutants(sound_streams(options.config, options.override), options.count, options.seed))
        jobs = [(Path(folder) / f"job{job}", streams[job :: options.jobs]) for job in range(options.jobs)]
        with ThreadPoolExecutor(options.jobs) as pool:
            done = [pair for part in pool.map(lambda job: list(_campaign(*job)), jobs) for pair in part]
        outcomes = [(mutant, outcome) for mutant, outcome, _ in done]
        special = list(_special_files(Path(folder) / "special"))
    failures = [(mutant, complaint) for mutant, _, complaint in done if complaint]
    failures += [(Mutant(name, b""), complaint) for name, _, complaint in special if complaint]
    outcomes += [(Mutant(name, b""), outcome) for name, outcome, _ in special]
    _print(outcomes, failures)
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
        for index, (mutant, _) in enumerate(failures):
            (options.keep / f"{index:04d}-{mutant.kind}.jai").write_bytes(mutant.data)
    return 1 if failures else 0


def sound_streams(config: str, overrides: Sequence[str]) -> list[bytes]:
    """Codestreams to start from: colour and grey, one pixel and more, with and without digests."""
    from refsw.api import encode_picture
    from refsw.config import load_config

    chance = np.random.default_rng(1)
    noise = chance.integers(0, 256, (72, 104, 3), dtype=np.uint8)
    slope = np.broadcast_to(np.arange(88, dtype=np.uint8)[None, :, None], (130, 88, 3)).copy()
    full = load_config(config, overrides)
    plain = load_config(config, [*overrides, "coding.digest=false", "coding.lanes=4"])
    cases = (
        (noise, full, 95), (noise[:, :, :1], full, 40), (slope, full, 10), (slope, plain, 70),
        (noise[:1, :1], full, 50), (noise[:33, :17, :1], plain, 100),
    )  # fmt: skip
    return [encode_picture(Image(samples.copy()), own, quality=quality).data for samples, own, quality in cases]


def _campaign(folder: Path, streams: Sequence[Mutant]) -> Iterator[tuple[Mutant, Outcome, str]]:
    folder.mkdir()
    worker = _Worker()
    try:
        for mutant in streams:
            source, target = folder / "in.jai", folder / "out.png"
            source.write_bytes(mutant.data)
            outcome = worker.decode(source, target)
            yield mutant, outcome, _complaint(outcome, folder, target)
            for path in folder.iterdir():
                path.unlink()
    finally:
        worker.stop()


def _special_files(folder: Path) -> Iterator[tuple[str, Outcome, str]]:
    """What is no stream at all: absent, a folder, a pipe, a device, unreadable."""
    folder.mkdir()
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "secret").write_bytes(b"x")
    (folder / "secret").chmod(0)
    names = {"absent": "absent", "directory": "folder", "pipe": "pipe", "device": "/dev/zero", "unreadable": "secret"}
    worker = _Worker()
    try:
        for kind, name in names.items():
            outcome = worker.decode(folder / name, folder / "out.png")
            yield kind, outcome, _complaint(outcome, None, folder / "out.png")
    finally:
        worker.stop()


def _complaint(outcome: Outcome, folder: Path | None, target: Path) -> str:
    """What was demanded and did not hold; "" where all held."""
    lines = outcome.error.splitlines()
    checks = {
        f"exit code {outcome.code}: {outcome.error[-300:]}": outcome.code not in ALLOWED_CODES,
        f"{len(lines)} lines on stderr: {outcome.error[:300]!r}": len(lines) != (0 if outcome.code == 0 else 1),
        "no message": bool(outcome.code) and not outcome.error.startswith("refsw-dec: error: "),
        f"took {outcome.seconds:.1f} s": outcome.seconds > SECONDS,
        f"used {outcome.memory >> 20} MiB": outcome.memory > MEMORY_BYTES,
        "output and exit code disagree": target.exists() != (outcome.code == 0),
        "left a file behind": folder is not None and {path.name for path in folder.iterdir()} - {"in.jai", "out.png"},
    }
    return "; ".join(text for text, failed in checks.items() if failed)


class _Worker:
    """A process that decodes file after file; started again after it died or hung."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def decode(self, source: Path, target: Path) -> Outcome:
        if self._process is None:
            command = [sys.executable, __file__, "--worker"]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            assert self._process.stdout is not None
            self._process.stdout.readline()  # it is ready: its start is no part of a stream's time
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        begin = time.perf_counter()
        process.stdin.write(json.dumps([str(source), "-o", str(target), "--threads", "1"]) + "\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], HUNG_SECONDS)
        answer = process.stdout.readline() if ready else ""
        if answer:
            return Outcome(**json.loads(answer))
        self.stop()
        end = "died" if ready else "hung"
        return Outcome(None, f"the worker {end}", time.perf_counter() - begin, 0)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _work() -> None:
    """The worker: command lines as JSON on stdin, outcomes as JSON on stdout."""
    import refsw.decode.reconstruct  # noqa: F401  (torch)
    from refsw.cli.dec import main as decode

    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE_BYTES, _ADDRESS_SPACE_BYTES))
    print("ready", flush=True)
    for line in sys.stdin:
        _reset_peak()
        errors = io.StringIO()
        begin = time.process_time()
        with contextlib.redirect_stderr(errors):
            code = decode(json.loads(line))
        outcome = {"code": code, "error": errors.getvalue(), "seconds": time.process_time() - begin, "memory": _peak()}
        print(json.dumps(outcome), flush=True)


def _reset_peak() -> None:
    with contextlib.suppress(OSError):  # where this is not Linux, the peak of the whole process is what is known
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak() -> int:
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * _KIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB


def _print(outcomes: Sequence[tuple[Mutant, Outcome]], failures: Sequence[tuple[Mutant, str]]) -> None:
    codes = sorted({outcome.code for _, outcome in outcomes}, key=lambda code: (code is None, code))
    counts = Counter((mutant.kind, outcome.code) for mutant, outcome in outcomes)
    print(f"{'kind':12}" + "".join(f"{'none' if code is None else f'exit {code}':>9}" for code in codes))
    for kind in dict.fromkeys(mutant.kind for mutant, _ in outcomes):
        print(f"{kind:12}" + "".join(f"{counts[kind, code]:9}" for code in codes))
    print(f"{'all':12}" + "".join(f"{sum(outcome.code == code for _, outcome in outcomes):9}" for code in codes))
    slowest = max(outcome.seconds for _, outcome in outcomes)
    largest = max(outcome.memory for _, outcome in outcomes)
    print(f"{len(outcomes)} inputs, {len(failures)} failures, slowest {slowest:.2f} s, peak {largest >> 20} MiB")
    for mutant, complaint in failures[:20]:
        print(f"FAILED {mutant.kind} ({len(mutant.data)} bytes): {complaint}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000, help="number of streams")
    parser.add_argument("--jobs", type=int, default=1, help="worker processes")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other streams")
    parser.add_argument("--config", default="cfg/base.yaml", help="configuration of the sound streams")
    parser.add_argument("--set", action="append", default=[], dest="override", metavar="KEY=VALUE")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="store the streams that failed")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RefswError as problem:
        sys.exit(f"fuzz_decoder: {problem}")
