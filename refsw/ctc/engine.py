# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A plan, done: what the cache lacks is measured, and results are read from the cache alone.

    Plan ─ groups ─► run_groups ─► cache ─ assemble ─► Results
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import refsw
from refsw.ctc.cache import Cache, Coding
from refsw.ctc.engines import Engine
from refsw.ctc.identity import codec_code
from refsw.ctc.plan import Group, Job, Plan
from refsw.ctc.results import Failure, Point, Results
from refsw.ctc.work import Outcome, store

LIBRARIES = ("torch", "numpy", "scipy", "pillow", "imagecodecs")
Report = Callable[[Group, tuple[Outcome, ...]], None]
Failures = Mapping[str, Outcome]


@dataclass(frozen=True)
class Progress:
    """How much of a plan the cache has. to_code: jobs without a coding; to_measure: jobs that lack metrics only."""

    jobs: int
    to_code: int
    to_measure: int

    @property
    def done(self) -> int:
        """Jobs that cost nothing."""
        return self.jobs - self.to_code - self.to_measure


def progress(plan: Plan, groups: Sequence[Group]) -> Progress:
    """groups: what the cache lacks of the plan."""
    tasks = [task for group in groups for task in group.tasks]
    to_code = sum(task.coding is None for task in tasks)
    return Progress(len(plan.jobs), to_code, len(tasks) - to_code)


def run_groups(groups: Sequence[Group], cache: Cache, engine: Engine, report: Report) -> Failures:
    """Measures what the cache lacks; returns what failed, by key of the job. Raises OutputError.

    report: called in this process for every group that ended.
    """
    failures: dict[str, Outcome] = {}
    for group, outcomes in engine.run(groups, cache):
        for outcome in outcomes:
            if outcome.reason:
                failures[outcome.key] = outcome
            else:
                store(outcome, cache)
        report(group, outcomes)
    return failures


def assemble(plan: Plan, cache: Cache, failures: Failures, command: str) -> Results:
    """Results of everything that the cache has, in the order of the plan; what it lacks is a failure."""
    points, failed = [], []
    for job in plan.jobs:
        point = _point(plan, job, cache)
        if point is not None:
            points.append(point)
            continue
        outcome = failures.get(job.key)
        reason = "not measured yet" if outcome is None else outcome.reason
        failed.append(Failure(job.source.record.name, job.codec.record.name, job.target.text, reason))
    conditions = plan.conditions
    return Results(
        name=conditions.name,
        images=tuple(source.record for source in plan.sources),
        codecs=tuple(codec.record for codec in plan.codecs),
        metrics=tuple(metric.record for metric in plan.metrics),
        points=tuple(points),
        failures=tuple(failed),
        anchor=plan.anchor,
        bd_method=conditions.bd_method,
        rate_range=conditions.rates,
        environment=environment(),
        command=command,
    )


def environment() -> tuple[tuple[str, str], ...]:
    """The machine and the software of a run, for its report."""
    return (
        ("machine", f"{platform.machine()}, {platform.system()}"),
        ("processor", _processor()),
        ("Python", platform.python_version()),
        ("refsw", f"{refsw.__version__}, code {codec_code()[:12]}"),
        *((name, _version(name)) for name in LIBRARIES),
    )


def _point(plan: Plan, job: Job, cache: Cache) -> Point | None:
    coding: Coding | None = cache.coding(job.key)
    if coding is None:
        return None
    values = [value.value for value in plan.values(job, coding, cache) if value is not None]
    if len(values) < len(plan.metrics):
        return None
    return Point(
        image=job.source.record.name,
        codec=job.codec.record.name,
        target=job.target.text,
        stream_bytes=coding.stream_bytes,
        samples=coding.samples,
        values=tuple(values),
        stream_sha256=coding.stream_sha256,
        picture_sha256=coding.picture_sha256,
        timing=coding.timing,
        setting=coding.setting,
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"
