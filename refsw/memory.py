# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Whether this machine can hold what a picture takes (B.6), asked before anything is allocated."""

from __future__ import annotations

import contextlib
import ctypes
import os

from refsw.errors import UnsupportedError

_KIB, _GIB = 1 << 10, 1 << 30


def check_memory(needed: int, width: int, height: int) -> None:
    """Refuses a picture that takes more working memory than is available.

    needed: bytes (B.6); width, height: luma samples, for the message. Raises UnsupportedError; without it the system
    would end the process.
    """
    available = available_memory()
    if needed > available:
        raise UnsupportedError(
            f"{width} x {height} samples take {needed / _GIB:.1f} GiB of memory, "
            f"this machine has {available / _GIB:.1f} GiB available"
        )


def available_memory() -> int:
    """Bytes that can be allocated without swapping, as Linux estimates them; elsewhere the physical memory."""
    with contextlib.suppress(OSError, StopIteration), open("/proc/meminfo", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("MemAvailable:")).split()[1]) * _KIB
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def release() -> None:
    """Gives freed memory back to the system, where the C library can (glibc); called between windows.

    Without it tensors of windows of different sizes leave gaps that grow from window to window: 27 % of the peak of a
    picture of 50 megapixels.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
