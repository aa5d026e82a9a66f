# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Where training runs: in this process, in several single-thread ones, or in those that torchrun started."""

from __future__ import annotations

import math
import os
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from refsw.errors import RefswError
from refsw.train.recipe import Recipe

BATCH_THREADS = 12
"""Threads that make batches ahead of a GPU; a CPU that trains has none to spare."""


@dataclass(frozen=True)
class Launch:
    """What every process of a run is told."""

    recipe: Recipe
    run: Path
    device: str = "cpu"
    processes: int = 1
    store: str = ""
    """File in which the processes of this run find each other; torchrun's own way where it is empty."""
    until: int | None = None
    seconds: float = math.inf


def _end_with_parent(parent: int) -> None:
    """A process whose parent was killed would train on, unseen, and write the same checkpoints."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _work(rank: int, launch: Launch, parent: int = 0) -> None:
    import torch.distributed as dist

    from refsw.train.loop import train
    from refsw.train.worker import Worker

    if parent:
        threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    if launch.processes > 1:
        backend = "nccl" if launch.device.startswith("cuda") else "gloo"
        method = f"file://{launch.store}" if launch.store else "env://"
        dist.init_process_group(backend, method, timedelta(minutes=20), launch.processes, rank)
    threads = BATCH_THREADS if launch.device.startswith("cuda") else 0
    worker = Worker(rank, launch.processes, launch.device, threads)
    train(launch.recipe, launch.run, worker, launch.until, launch.seconds)
    if launch.processes > 1:
        dist.destroy_process_group()


def torchrun_processes() -> int:
    """Number of processes that torchrun started, 0 without it."""
    return int(os.environ["WORLD_SIZE"]) if {"RANK", "WORLD_SIZE", "LOCAL_RANK"} <= os.environ.keys() else 0


def run(launch: Launch) -> None:
    """Train in the processes that `launch` asks for. Raises RefswError, also where a process died."""
    if count := torchrun_processes():
        device = f"cuda:{os.environ['LOCAL_RANK']}" if launch.device == "cuda" else launch.device
        _work(int(os.environ["RANK"]), replace(launch, processes=count, device=device))
        return
    if launch.processes == 1:
        _work(0, launch)
        return
    os.environ["OMP_NUM_THREADS"] = "1"
    import torch.multiprocessing as multiprocessing

    try:
        with tempfile.TemporaryDirectory(prefix="refsw-train-") as folder:  # a port may be another run's
            here = replace(launch, store=str(Path(folder) / "store"))
            multiprocessing.spawn(_work, (here, os.getpid()), nprocs=launch.processes)
    except multiprocessing.ProcessRaisedException as error:
        reason = str(error).strip().splitlines()[-1]
        raise RefswError(f"process {error.error_index}: {reason}") from None
    except multiprocessing.ProcessExitedException as error:
        raise RefswError(str(error)) from None
