# SPDX-License-Identifier: BSD-3-Clause-Clear
"""One function on many files, here or in processes of its own; a process that dies costs one file, not the batch.

work: Work          what the command line says, picklable; work.open() loads what all files share
session(task)       does one file and says it in a line; what it raises becomes the file's exit code
"""

from __future__ import annotations

import contextlib
import multiprocessing
import queue
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from refsw.cli.common import INTERNAL, naming, plain, verdict
from refsw.io import PictureWarning


@dataclass(frozen=True)
class Task:
    """One input and its output."""

    source: Path
    target: Path


@dataclass(frozen=True)
class Done:
    """What a session says of a file: a line, and what belongs into a report (JSON)."""

    text: str
    report: Any


@dataclass(frozen=True)
class Outcome:
    """code: exit code; text: the file's line, or its error; notes: warnings; report: JSON, None after an error."""

    task: Task
    code: int
    text: str
    notes: tuple[str, ...]
    report: Any = None


Session = Callable[[Task], Done]


class Work(Protocol):
    """What is done to every file."""

    def open(self) -> Session:
        """Called once in each process."""
        ...


def run(tasks: Sequence[Task], work: Work, jobs: int) -> Iterator[Outcome]:
    """Outcomes in the order in which files end; in this process where one job is enough."""
    jobs = min(jobs, len(tasks))
    if jobs <= 1:
        session = work.open() if tasks else None
        for task in tasks:
            assert session is not None
            yield _attempt(session, task)
        return
    waiting: queue.SimpleQueue[Task] = queue.SimpleQueue()
    ended: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
    for task in tasks:
        waiting.put(task)
    workers = [_Worker(work) for _ in range(jobs)]
    threads = [threading.Thread(target=_feed, args=(w, waiting, ended), daemon=True) for w in workers]
    try:
        for thread in threads:
            thread.start()
        for _ in tasks:
            yield ended.get()
    finally:
        with contextlib.suppress(queue.Empty):
            while True:
                waiting.get_nowait()
        for worker in workers:
            worker.stop()


class _Worker:
    """A process that takes one file after the other; started when it is needed, and again after it died."""

    def __init__(self, work: Work) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._work = work
        self._process: Any = None
        self._pipe: Connection | None = None
        self._stopped = False

    def __call__(self, task: Task) -> Outcome:
        if self._process is None:
            self._pipe, other = self._context.Pipe()
            self._process = self._context.Process(target=_serve, args=(self._work, other), daemon=True)
            self._process.start()
            other.close()
        assert self._pipe is not None
        try:
            self._pipe.send(task)
            outcome: Outcome = self._pipe.recv()
            return outcome
        except (EOFError, OSError):
            self._process.join()
            code, self._process = self._process.exitcode, None
            return Outcome(task, INTERNAL, f"{task.source}: its process died with exit code {code}, "
                           "perhaps for lack of memory", ())  # fmt: skip

    def stop(self) -> None:
        """Ends the process; SIGTERM lets it remove its temporary files."""
        if (process := self._process) is not None:
            process.terminate()
            process.join(10)
            if process.is_alive():
                process.kill()


def _feed(worker: _Worker, waiting: queue.SimpleQueue[Task], ended: queue.SimpleQueue[Outcome]) -> None:
    while True:
        try:
            task = waiting.get_nowait()
        except queue.Empty:
            return
        ended.put(worker(task))


def _serve(work: Work, pipe: Connection) -> None:
    """The process: files come through the pipe, outcomes go back."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all; the first process decides
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(SystemExit(0)))
    with contextlib.closing(pipe):
        session: Session | None = None
        while True:
            try:
                task = pipe.recv()
            except EOFError:
                return
            try:
                session = session or work.open()
            except Exception as error:  # the file fails, with its reason; the process serves the next one
                pipe.send(Outcome(task, *verdict(error), ()))
            else:
                pipe.send(_attempt(session, task))


def _attempt(session: Session, task: Task) -> Outcome:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", PictureWarning)
        try:
            with naming(task.source):
                done = session(task)
        except Exception as error:  # of any library: one file's failure never ends the batch
            code, text = verdict(error)
            text = text if str(task.source) in text else f"{task.source}: {text}"
            return Outcome(task, code, text, _notes(caught))
    return Outcome(task, 0, done.text, _notes(caught), plain(done.report))


def _notes(caught: Sequence[warnings.WarningMessage]) -> tuple[str, ...]:
    return tuple(" ".join(str(item.message).split()) for item in caught)
