# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What `refsw-ctc` prints: progress with the time left, plans, status, the table at the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from tqdm import tqdm

from refsw.ctc.cache import Cache
from refsw.ctc.engine import progress
from refsw.ctc.estimate import estimate
from refsw.ctc.plan import Group, Plan
from refsw.ctc.report.numbers import numbers
from refsw.ctc.report.table import Column, Table
from refsw.ctc.report.tables import bd_rates
from refsw.ctc.results import Results
from refsw.ctc.work import Outcome


class Progress:
    """A bar where stderr is a terminal, a line for each group otherwise."""

    def __init__(self, plan: Plan, groups: Sequence[Group]) -> None:
        found = progress(plan, groups)
        self._left = found.jobs - found.done
        self._total, self._ended = self._left, 0
        self._terminal = sys.stderr.isatty()
        self._begin = time.monotonic()
        print(f"{plan.conditions.name}: {found.jobs} jobs, {found.done} from the cache, {self._left} to do", flush=True)
        self._bar = tqdm(total=self._left, unit="job", file=sys.stderr, disable=not self._terminal or not self._left)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def report(self, group: Group, outcomes: tuple[Outcome, ...]) -> None:
        """One group ended."""
        place = f"{group.source.record.name}, {group.codec.record.name}"
        targets = {task.job.key: task.job.target.text for task in group.tasks}
        for outcome in outcomes:
            if outcome.reason:
                tqdm.write(f"refsw-ctc: error: {place}, {targets[outcome.key]}: {outcome.reason}", file=sys.stderr)
        self._ended += len(outcomes)
        self._bar.update(len(outcomes))
        if not self._terminal:
            spent = time.monotonic() - self._begin
            left = spent / self._ended * max(0, self._total - self._ended)
            print(f"[{self._ended}/{self._total}] {place}; {duration(left)} left", file=sys.stderr, flush=True)


def print_plan(plan: Plan, cache: Cache, jobs: int) -> None:
    """What would run, by codec, and how long it would take."""
    found = estimate(plan, cache)
    columns = (Column("codec"), Column("jobs", "", 0), Column("to code", "", 0), Column("to measure", "", 0),
               Column("processor time"))  # fmt: skip
    rows = tuple((row.codec, row.jobs, row.to_code, row.to_measure, duration(row.seconds)) for row in found)
    print(as_text(Table("plan", "Plan", "", columns, rows)))
    known = [row.seconds for row in found]
    total = None if None in known else sum(seconds or 0.0 for seconds in known)
    print(f"{len(plan.sources)} pictures, {len(plan.jobs)} jobs, {len(plan.metrics)} metrics; "
          f"with --jobs {jobs} about {duration(None if total is None else total / jobs)}")  # fmt: skip


def print_status(plan: Plan, cache: Cache) -> None:
    """How much of a plan is in the cache."""
    found = progress(plan, plan.groups(cache))
    print(f"{plan.conditions.name}: {found.done} of {found.jobs} jobs are in {cache.folder}; "
          f"{found.to_code} to code, {found.to_measure} to measure")  # fmt: skip


def print_summary(results: Results, path: Path, page: Path | None) -> None:
    """The table of the run, and where the rest is."""
    found = numbers(results)
    table = bd_rates(found)
    if table.rows:
        print(f"\n{table.title}. {table.note}\n{as_text(table)}\n")
    for line in found.warnings:
        print(f"warning: {line}")
    print(f"{len(results.points)} points, {len(results.failures)} failures, digest {results.digest()}")
    print(path if page is None else f"{path}\n{page}")


def duration(seconds: float | None) -> str:
    """Seconds for readers: "40 s", "3 min", "2.5 h"; "unknown" where nothing like it was measured before."""
    if seconds is None:
        return "unknown"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def as_text(table: Table) -> str:
    """A table in columns of equal width; text to the left, numbers to the right."""
    cells = [[column.heading for column in table.columns]]
    cells += [[column.text(value) for column, value in zip(table.columns, row, strict=True)] for row in table.rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for row in cells:
        parts = zip(row, widths, table.columns, strict=True)
        lines.append("  ".join(f"{t:<{w}}" if c.digits is None else f"{t:>{w}}" for t, w, c in parts).rstrip())
    return "\n".join(lines)
