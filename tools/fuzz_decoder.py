#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Feeds damaged and malicious files to the decoder for as long as you like, and checks how it refuses them.

    tools/fuzz_decoder.py --count 20000 [--minutes 60] [--jobs 2] [--seed 1] [--share 20] [--keep tests/hostile/corpus]

Files are made from sound ones by tools/hostile.py (codestreams) and tools/hostile_files.py (files of boxes). All of
them go through every reader and the entropy decoder (tools/fuzz_checks.py), every 20th (--share) through refsw-dec as a
whole, half of these with --conceal. Demanded: an exit code 0, 2, 3, 4 or 6; one line on stderr (none after 0); no
output unless 0, never a partial one or one of another size; 10 s of processor time, and 20 s for each megapixel; 1 GiB
of peak resident memory, torch included, that does not grow from file to file. A worker that dies or hangs is a find and
is replaced. Finds are reduced, one for each place in the code, and stored with --keep; tests replay that folder. Exit
code 1 if anything was found. The small model is made on the spot; --set model=base takes another. Byte by byte with
feedback of coverage: tools/fuzz_guided.py.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from fuzz_checks import reduced
from fuzz_worker import Batch, counted, work

from refsw.errors import RefswError

BATCH = 40
HUNG_SECONDS = 300.0
SETTLED, GROWTH_BYTES = 5, 192 << 20
"""Batches after which resident memory may grow by no more than this."""


class Worker:
    """A process that tries files; started again after it died or hung."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        folder.mkdir(parents=True)
        self.folder, self.options = folder, options
        self.process: subprocess.Popen[str] | None = None
        self.resident: list[int] = []

    def ask(self, request: dict[str, object]) -> Batch | None:
        """The answer, or None where there is none."""
        if self.process is None:
            overrides = [word for o in self.options.override for word in ("--set", o)]
            command = [sys.executable, __file__, "--worker", str(self.folder), "--config", self.options.config]
            command += overrides
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            assert self.process.stdout is not None
            if not self.process.stdout.readline():
                raise SystemExit("fuzz_decoder: the worker did not start")
            self.resident = []
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps({"share": self.options.share, **request}) + "\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], HUNG_SECONDS)
        answer = self.process.stdout.readline() if ready else ""
        if not answer:
            self.stop()
            return None
        batch = Batch(**json.loads(answer))
        self.resident.append(batch.resident)
        return batch

    def run(self, first: int, count: int) -> Batch:
        """Files first .. first + count - 1, of which one may end the process."""
        batch = self.ask({"seed": self.options.seed, "first": first, "count": count})
        if batch is not None:
            if len(self.resident) > SETTLED and batch.resident - self.resident[SETTLED] > GROWTH_BYTES:
                grown = f"memory grew from {self.resident[SETTLED] >> 20} to {batch.resident >> 20} MiB"
                batch.finds.append(("growth", grown, ""))
                self.stop()
            return batch
        number, kind = (self.folder / "number").read_text(encoding="ascii").split()
        data = (self.folder / "current").read_bytes()
        rest = first + count - int(number) - 1
        batch = self.run(int(number) + 1, rest) if rest > 0 else Batch()
        batch.finds.append((kind, "the worker died or hung", base64.b64encode(data).decode("ascii")))
        return batch

    def complains(self, data: bytes, complaint: str) -> bool:
        """Whether a file has the same find."""
        batch = self.ask({"data": base64.b64encode(data).decode("ascii"), "share": 1})
        if batch is None:
            return complaint == "the worker died or hung"
        return any(signature(found) == signature(complaint) for _, found, _ in batch.finds)

    def stop(self) -> None:
        """Ends the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


class Campaign:
    """Batches are handed to workers until the number or the time is reached."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options, self.folder = options, folder
        self.lock, self.next = threading.Lock(), 0
        self.begin = time.monotonic()
        self.batches: list[Batch] = []

    def feed(self, job: int) -> None:
        """Runs one worker; called in a thread for each."""
        worker = Worker(self.folder / f"job{job}", self.options)
        try:
            while (first := self._take()) is not None:
                batch = worker.run(first, BATCH)
                with self.lock:
                    self.batches.append(batch)
                    if len(self.batches) % 25 == 0:
                        print(self.summary(), flush=True)
        finally:
            worker.stop()

    def _take(self) -> int | None:
        with self.lock:
            minutes = (time.monotonic() - self.begin) / 60
            tried = sum(batch.tried for batch in self.batches)
            over = minutes >= self.options.minutes if self.options.minutes else tried >= self.options.count
            if over:
                return None
            self.next += BATCH
            return self.next - BATCH

    def summary(self) -> str:
        """What was done so far, in a line."""
        _, total = counted(self.batches)
        minutes = (time.monotonic() - self.begin) / 60
        finds = sum(len(batch.finds) for batch in self.batches)
        return (
            f"{total.tried} files in {minutes:.1f} min, {total.whole} of them decoded as a whole, {finds} finds, "
            f"slowest {total.seconds:.2f} s, peak {total.memory >> 20} MiB"
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the campaign, prints the table; returns the exit code."""
    options = _parser().parse_args(argv)
    if options.worker:
        work(options.worker, options.config, options.override)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(options, Path(folder))
        threads = [threading.Thread(target=campaign.feed, args=(job,)) for job in range(options.jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        finds = {signature(text): (kind, text, data) for b in campaign.batches for kind, text, data in b.finds}
        if options.keep is not None and finds:
            _keep(Worker(Path(folder) / "reduce", options), finds, options.keep)
    _print(campaign)
    for kind, text, data in finds.values():
        print(f"FOUND {kind} ({len(base64.b64decode(data))} bytes): {text}")
    return 1 if finds else 0


def signature(complaint: str) -> str:
    """What finds are told apart by: the complaint without its numbers."""
    return re.sub(r"\d+", "N", complaint.partition(": ")[0])


def _keep(worker: Worker, finds: dict[str, tuple[str, str, str]], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for kind, text, encoded in finds.values():
        data = base64.b64decode(encoded)
        data = reduced(data, lambda shorter, text=text: worker.complains(shorter, text))  # type: ignore[misc]
        name = f"{kind}-{hashlib.sha256(data).hexdigest()[:8]}.jai"
        (folder / name).write_bytes(data)
        print(f"kept {folder / name}: {len(data)} bytes")
    worker.stop()


def _print(campaign: Campaign) -> None:
    counts, _ = counted(campaign.batches)
    codes = sorted({code for _, code in counts})
    print(f"{'kind':12}" + "".join(f"{f'exit {code}':>9}" for code in codes))
    for kind in sorted({kind for kind, _ in counts}):
        print(f"{kind:12}" + "".join(f"{counts[kind, code]:9}" for code in codes))
    totals = [sum(n for (_, own), n in counts.items() if own == code) for code in codes]
    print(f"{'all':12}" + "".join(f"{n:9}" for n in totals))
    print(campaign.summary())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000, help="number of files")
    parser.add_argument("--minutes", type=float, help="go on for so long, whatever the number")
    parser.add_argument("--jobs", type=int, default=1, help="worker processes")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other files")
    parser.add_argument("--share", type=int, default=20, help="every N-th file is decoded as a whole; 0: none")
    parser.add_argument("--config", default="cfg/base.yaml", help="configuration of the sound files")
    parser.add_argument("--set", action="append", default=[], dest="override", metavar="KEY=VALUE")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="store what was found, reduced")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RefswError as problem:
        sys.exit(f"fuzz_decoder: {problem}")
