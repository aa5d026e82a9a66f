# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Processes of this machine, by the standard library's pool."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for

from refsw.ctc.cache import Cache
from refsw.ctc.engines.lost import died, split
from refsw.ctc.plan import Group
from refsw.ctc.work import Outcome, perform

Result = tuple[Group, tuple[Outcome, ...]]


@dataclass(frozen=True)
class Local:
    """jobs: processes, each with one thread. They write into the cache themselves, point by point."""

    jobs: int

    def run(self, groups: Sequence[Group], cache: Cache) -> Iterator[Result]:
        """See `Engine`. A pool that lost a process is replaced; what it was doing is then done one by one."""
        waiting, suspects = deque(groups), deque[Group]()
        while waiting or suspects:
            pool = ProcessPoolExecutor(
                min(self.jobs, len(waiting) + len(suspects)), multiprocessing.get_context("spawn"), _start
            )
            try:
                yield from _serve(pool, self.jobs, waiting, suspects, cache)
            finally:
                _stop(pool)


def _serve(
    pool: ProcessPoolExecutor, jobs: int, waiting: deque[Group], suspects: deque[Group], cache: Cache
) -> Iterator[Result]:
    """Results until nothing is left or the pool breaks; a suspect runs alone, so that its guilt is certain."""
    running: dict[Future[tuple[Outcome, ...]], Group] = {}
    broken: list[Group] = []
    alone = lost = False
    while not lost and not broken and (waiting or suspects or running):
        alone = bool(suspects)
        queue, room = (suspects, 1) if alone else (waiting, jobs)
        try:
            while queue and len(running) < room:
                running[pool.submit(perform, queue[0], cache)] = queue[0]
                queue.popleft()
        except BrokenProcessPool:  # a process died since the last result: what was to begin has no part in it
            lost = True
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            group = running.pop(future)
            try:
                yield group, future.result()
            except BrokenProcessPool:
                broken.append(group)
    broken += running.values()
    for group in broken:
        if alone and len(group.tasks) == 1:
            yield group, died(group)
        else:
            suspects.extend(split(group))


def _start() -> None:
    """In each process: the terminal's interrupt is for the run, which decides; and where the run dies, so does this."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)  # it was killed: nobody waits for a result, and what is kept is kept whole


def _stop(pool: ProcessPoolExecutor) -> None:
    """Ends the processes at once, also in the middle of a group whose result nobody wants any more."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(10)
        if process.is_alive():
            process.kill()
