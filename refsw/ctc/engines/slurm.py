# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A Slurm cluster, through submitit. Extra `slurm`.

The groups are dealt out to as many Slurm jobs as are wanted. They write into the cache themselves, which therefore
stands on a file system that all nodes see; what a lost job did not get to is dealt out again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from refsw.ctc.cache import Cache
from refsw.ctc.engines.lost import died
from refsw.ctc.plan import Group
from refsw.ctc.work import Outcome, perform
from refsw.errors import UnsupportedError

ROUNDS = 3
SECONDS_BETWEEN_LOOKS = 1.0


@dataclass(frozen=True)
class Slurm:
    """jobs: Slurm jobs, of one processor each; folder: for submitit's scripts and logs, on the shared file system.

    parameters: of submitit's executor (slurm_partition, timeout_min, mem_gb, ...); cluster: "slurm", or "local" to run
    the same on this machine.
    """

    jobs: int
    folder: Path
    parameters: tuple[tuple[str, str | int], ...] = ()
    cluster: str = "slurm"

    def run(self, groups: Sequence[Group], cache: Cache) -> Iterator[tuple[Group, tuple[Outcome, ...]]]:
        """See `Engine`. Raises UnsupportedError without the package or without Slurm."""
        executor = self._executor()
        left = list(groups)
        for attempt in range(ROUNDS):
            lost = list[Group]()
            for group, outcomes in self._round(executor, left, cache):
                if outcomes is None:
                    lost.append(group)
                else:
                    yield group, outcomes
            left = lost
            if not left:
                return
            if attempt == ROUNDS - 1:
                reason = f"its Slurm job was lost {ROUNDS} times; logs are in {self.folder}"
                yield from ((group, died(group, reason)) for group in left)

    def _executor(self) -> Any:
        try:
            import submitit
        except ImportError:
            raise UnsupportedError("engine slurm: needs the package submitit: pip install 'refsw[slurm]'") from None
        try:
            executor = submitit.AutoExecutor(self.folder, cluster=self.cluster)
        except RuntimeError as error:
            raise UnsupportedError(f"engine slurm: {error}") from None
        own: dict[str, str | int] = {"name": "refsw-ctc", "cpus_per_task": 1, "tasks_per_node": 1}
        executor.update_parameters(**{**own, **dict(self.parameters)})
        return executor

    def _round(
        self, executor: Any, groups: Sequence[Group], cache: Cache
    ) -> Iterator[tuple[Group, tuple[Outcome, ...] | None]]:
        """Each group with its outcomes, None for those of a lost job."""
        shares = [groups[first :: self.jobs] for first in range(min(self.jobs, len(groups)))]
        with executor.batch():
            submitted = [executor.submit(perform_all, tuple(share), cache) for share in shares]
        waiting = dict(zip(submitted, shares, strict=True))
        try:
            while waiting:
                for job in [job for job in waiting if job.done()]:
                    share = waiting.pop(job)
                    results = job.result() if job.exception() is None else [None] * len(share)
                    yield from zip(share, results, strict=True)
                if waiting:
                    time.sleep(SECONDS_BETWEEN_LOOKS)
        finally:
            for job in waiting:
                job.cancel()


def perform_all(groups: tuple[Group, ...], cache: Cache) -> tuple[tuple[Outcome, ...], ...]:
    """What one Slurm job does."""
    return tuple(perform(group, cache) for group in groups)
