# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The one place where threads, TF32 and determinism are set: a context manager at each entry point.

    with numerics(threads=2, device="cuda") as record: ...        record goes into the report
"""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass

from refsw.errors import UnsupportedError, UsageError


@dataclass(frozen=True)
class NumericsRecord:
    """What a result was computed with."""

    threads: int
    """Threads of torch inside one operation."""
    device: str
    """"cpu" or "cuda"."""
    device_name: str
    cpu_capability: str
    """Vector instructions that torch uses, such as "AVX2"."""
    tf32: bool
    deterministic: bool
    """Whether torch was told to be deterministic; on the CPU it is without."""
    python: str
    torch: str
    numpy: str


@contextlib.contextmanager
def numerics(threads: int | None = None, device: str = "cpu") -> Iterator[NumericsRecord]:
    """Sets the numerics of torch for the block and restores them afterwards.

    threads: 1 or more, None for torch's choice. Raises UsageError, and UnsupportedError where there is no such device.
    """
    if threads is not None and threads < 1:
        raise UsageError(f"threads: {threads} is not allowed; allowed: 1 or more")
    if device not in ("cpu", "cuda"):
        raise UsageError(f"device: {device!r} is not allowed; allowed: cpu, cuda")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read once, when cuBLAS starts; nothing else obeys it
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # read once: large pages cost less to clear
    import numpy as np
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise UnsupportedError(f"device cuda: torch {torch.__version__} finds no usable GPU here; allowed: cpu")
    before = (
        torch.get_num_threads(),
        torch.backends.cuda.matmul.allow_tf32,
        torch.backends.cudnn.allow_tf32,
        torch.backends.cudnn.benchmark,
        torch.are_deterministic_algorithms_enabled(),
    )
    try:
        _set(threads or before[0], False, False, False, device == "cuda")
        yield NumericsRecord(
            threads=torch.get_num_threads(),
            device=device,
            device_name=torch.cuda.get_device_name() if device == "cuda" else _processor(),
            cpu_capability=torch.backends.cpu.get_cpu_capability(),
            tf32=torch.backends.cuda.matmul.allow_tf32,
            deterministic=torch.are_deterministic_algorithms_enabled(),
            python=platform.python_version(),
            torch=str(torch.__version__),
            numpy=np.__version__,
        )
    finally:
        _set(*before)


def _processor() -> str:
    """Name of the processor where Linux tells it, else the architecture."""
    with contextlib.suppress(OSError, StopIteration), open("/proc/cpuinfo", encoding="utf-8") as file:
        return next(line for line in file if line.startswith("model name")).partition(":")[2].strip()
    return platform.machine()


def _set(threads: int, matmul_tf32: bool, cudnn_tf32: bool, benchmark: bool, deterministic: bool) -> None:
    import torch

    torch.set_num_threads(threads)
    torch.backends.cuda.matmul.allow_tf32 = matmul_tf32
    torch.backends.cudnn.allow_tf32 = cudnn_tf32
    torch.backends.cudnn.benchmark = benchmark
    if torch.are_deterministic_algorithms_enabled() != deterministic:  # the call loads much; CPU kernels need it not
        torch.use_deterministic_algorithms(deterministic)
