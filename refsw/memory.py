# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Whether this machine can hold what a profile grants a picture, asked before anything is allocated."""

from __future__ import annotations

import contextlib
import os

from refsw.errors import UnsupportedError
from refsw.spec import Profile

_KIB, _GIB = 1 << 10, 1 << 30


def check_memory(width: int, height: int, profile: Profile) -> None:
    """(A.1) Refuses a picture whose decoding may take more working memory than is available.

    width, height: coded size in luma samples. Raises UnsupportedError; without it the system would end the process.
    """
    needed = profile.fixed_memory_bytes + profile.memory_bytes_per_sample * width * height
    available = available_memory()
    if needed > available:
        raise UnsupportedError(
            f"{width} x {height} samples may take {needed / _GIB:.1f} GiB in profile {profile.name}, "
            f"this machine has {available / _GIB:.1f} GiB available"
        )


def available_memory() -> int:
    """Bytes that can be allocated without swapping, as Linux estimates them; elsewhere the physical memory."""
    with contextlib.suppress(OSError, StopIteration), open("/proc/meminfo", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("MemAvailable:")).split()[1]) * _KIB
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
