# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Runs a decoder within limits of time, memory and output; what it started goes with it.

Memory is what /proc says that the process group holds; where there is no /proc (not Linux) only the address space of
the decoder itself is bounded, and the report says so.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_PAGE = resource.getpagesize()
_STEP = 0.02
_MESSAGE_BYTES = 2000


@dataclass(frozen=True)
class Limits:
    """seconds: of wall-clock time; memory_mib: of the process group; file_mib: of each file that it writes."""

    seconds: float
    memory_mib: int
    file_mib: int


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    code: exit code, negative a signal, None where the runner ended it; ended: "" | "timeout" | "memory";
    message: end of standard error.
    """

    code: int | None
    ended: str
    message: str
    seconds: float
    peak_mib: float


def run(command: Sequence[str], work: Path, environment: Mapping[str, str], limits: Limits) -> Outcome:
    """Runs a command in a folder, without standard input. Raises OSError where it cannot be started."""
    with tempfile.TemporaryFile() as errors:
        begin = time.monotonic()
        process = subprocess.Popen(
            command, cwd=work, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True,
        )  # fmt: skip
        try:
            bound(process.pid, limits)
            ended, peak = watch(process, limits, begin)
        finally:
            end_group(process.pid)
            process.wait()
        return Outcome(None if ended else process.returncode, ended, tail(errors), time.monotonic() - begin, peak)


def bound(pid: int, limits: Limits) -> None:
    """Limits that the kernel holds."""
    if hasattr(resource, "prlimit"):
        size = limits.file_mib << 20
        with contextlib.suppress(ProcessLookupError, PermissionError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, size))
            resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))


def watch(process: subprocess.Popen[bytes], limits: Limits, begin: float) -> tuple[str, float]:
    """Waits for the end of a process, or of its limits."""
    peak, pause = 0.0, 0.002
    while process.poll() is None:
        held = group_mib(process.pid)
        peak = max(peak, held)
        if held > limits.memory_mib:
            return "memory", peak
        if time.monotonic() - begin > limits.seconds:
            return "timeout", peak
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(pause)
        pause = min(_STEP, pause * 2)
    return "", peak


def group_mib(group: int) -> float:
    """Resident memory of a process group, MiB; 0 where the system does not say."""
    total = 0
    for pid in _members(group):
        with contextlib.suppress(OSError, ValueError, IndexError):
            total += int((PROC / str(pid) / "statm").read_text().split()[1])
    return total * _PAGE / (1 << 20)


def _members(group: int) -> list[int]:
    """Processes below the first of a group; its descendants, found by parents."""
    found, queue = [], [group]
    while queue:
        pid = queue.pop()
        found.append(pid)
        with contextlib.suppress(OSError, ValueError):
            for task in (PROC / str(pid) / "task").iterdir():
                with contextlib.suppress(OSError, ValueError):
                    queue += [int(word) for word in (task / "children").read_text().split()]
    return found


def end_group(pid: int) -> None:
    """Ends everything that a decoder left behind."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def tail(stream: object) -> str:
    """End of a temporary file, as one line."""
    file = stream
    assert hasattr(file, "seek") and hasattr(file, "read")
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _MESSAGE_BYTES))
    lines = bytes(file.read()).decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:400] if lines else ""
