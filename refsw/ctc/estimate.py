# SPDX-License-Identifier: BSD-3-Clause-Clear
"""How long a plan will take, from what the cache knows of the same codecs and metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from refsw.ctc.cache import Cache
from refsw.ctc.plan import Plan, Task


@dataclass(frozen=True)
class Row:
    """What is left for a codec. seconds: of processor time, None where nothing like it was measured before."""

    codec: str
    jobs: int
    to_code: int
    to_measure: int
    seconds: float | None


def estimate(plan: Plan, cache: Cache) -> tuple[Row, ...]:
    """A row for each codec; times go with the number of samples."""
    tasks = [task for group in plan.groups(cache) for task in group.tasks]
    codecs, metrics = dict[str, float](), dict[str, float]()
    if tasks:
        codecs = _rates((coding.codec, coding.cpu_seconds, coding.samples) for coding in cache.codings())
        metrics = _rates((value.metric, value.cpu_seconds, value.samples) for value in cache.values())
    rows = []
    for codec in plan.codecs:
        own = [task for task in tasks if task.job.codec == codec]
        to_code = sum(task.coding is None for task in own)
        spent = [_seconds(task, codecs, metrics) for task in own]
        seconds = None if None in spent else sum(s or 0.0 for s in spent)
        jobs = sum(job.codec == codec for job in plan.jobs)
        rows.append(Row(codec.record.name, jobs, to_code, len(own) - to_code, seconds))
    return tuple(rows)


def _seconds(task: Task, codecs: dict[str, float], metrics: dict[str, float]) -> float | None:
    record = task.job.source.record
    rates = [metrics.get(metric.record.name) for metric in task.missing]
    if task.coding is None:
        rates.append(codecs.get(task.job.codec.record.name))
    return None if None in rates else sum(rate or 0.0 for rate in rates) * record.width * record.height


def _rates(spent: Iterable[tuple[str, float, int]]) -> dict[str, float]:
    """Processor seconds per sample of each name."""
    sums: dict[str, tuple[float, int]] = defaultdict(lambda: (0.0, 0))
    for name, seconds, samples in spent:
        before = sums[name]
        sums[name] = before[0] + seconds, before[1] + samples
    return {name: seconds / samples for name, (seconds, samples) in sums.items() if samples}
