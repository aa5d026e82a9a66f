# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Time and memory of one call in this process."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass
class Spent:
    """seconds: wall; peak_bytes: most resident memory above that before the call, 0 where the system does not tell."""

    seconds: float = 0.0
    peak_bytes: int = 0


@contextlib.contextmanager
def clock() -> Iterator[Spent]:
    """Measures its block: the result is complete when the block has ended."""
    spent, before = Spent(), _reset_peak()
    begin = time.perf_counter()
    yield spent
    spent.seconds = time.perf_counter() - begin
    spent.peak_bytes = max(0, _resident("VmHWM") - before) if before else 0


def cpu_seconds() -> float:
    """Processor seconds of this process and of the programs that it started and that have ended."""
    return sum(os.times()[:4])


def _reset_peak() -> int:
    """Bytes resident now, 0 where the peak cannot be set back to them."""
    try:
        _RESET.write_text("5")  # proc(5): the peak becomes the present size
    except OSError:
        return 0
    return _resident("VmRSS")


def _resident(name: str) -> int:
    with contextlib.suppress(OSError), _STATUS.open() as lines:
        return next((1024 * int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)
    return 0
