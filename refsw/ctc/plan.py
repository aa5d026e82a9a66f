# SPDX-License-Identifier: BSD-3-Clause-Clear
"""From common test conditions to jobs, each with the key of everything that its result depends on.

    Conditions + folder of the data  --make_plan-->  Plan  --Plan.groups(cache)-->  Group, ...     what is still to do

A job is picture x codec x target. A group is what one worker does in one go: the jobs of a picture with a codec, since
their searches share encodings. What a search finds does not depend on which other jobs its group has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from refsw.ctc.cache import Cache, Coding, Value
from refsw.ctc.codec import Codec
from refsw.ctc.codecs import codec_of, identity
from refsw.ctc.conditions import BPP, Conditions, Target
from refsw.ctc.data import Source, find_sources
from refsw.ctc.identity import key, metrics_code
from refsw.ctc.metrics import metric
from refsw.ctc.results import CodecRecord, MetricRecord
from refsw.errors import UnsupportedError, UsageError


@dataclass(frozen=True)
class PlannedCodec:
    """identity: digest of what its bytes and pictures depend on."""

    codec: Codec
    record: CodecRecord
    identity: str
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class PlannedMetric:
    """identity: digest of what its values depend on."""

    record: MetricRecord
    identity: str

    def key(self, reference: str, picture: str) -> str:
        """Of the value of a picture against its reference, both given by the digests of their samples."""
        return key("value", self.identity, reference, picture)


@dataclass(frozen=True)
class Search:
    """Where the search of a rate stops, and how often the result is timed."""

    tolerance: float
    attempts: int
    repetitions: int


@dataclass(frozen=True)
class Job:
    """A picture, a codec, a target. key: of its coding."""

    source: Source
    codec: PlannedCodec
    target: Target
    key: str


@dataclass(frozen=True)
class Task:
    """A job with what the cache has of it. missing: metrics that are to be measured; stream: of a known coding."""

    job: Job
    coding: Coding | None
    stream: bytes | None
    missing: tuple[PlannedMetric, ...]


@dataclass(frozen=True)
class Group:
    """Tasks of one picture and one codec."""

    source: Source
    codec: PlannedCodec
    search: Search
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class Plan:
    """All of a run, before it runs; the order of jobs is the order of results."""

    conditions: Conditions
    sources: tuple[Source, ...]
    codecs: tuple[PlannedCodec, ...]
    metrics: tuple[PlannedMetric, ...]
    search: Search
    jobs: tuple[Job, ...]

    @property
    def anchor(self) -> str:
        """Name of the anchor in results."""
        index = [choice.name for choice in self.conditions.codecs].index(self.conditions.anchor)
        return self.codecs[index].record.name

    def groups(self, cache: Cache) -> tuple[Group, ...]:
        """What the cache does not have."""
        found: dict[tuple[str, str], list[Task]] = {}
        for job in self.jobs:
            task = self._task(job, cache)
            if task is not None:
                found.setdefault((job.source.record.name, job.codec.record.name), []).append(task)
        return tuple(Group(t[0].job.source, t[0].job.codec, self.search, tuple(t)) for t in found.values())

    def values(self, job: Job, coding: Coding, cache: Cache) -> Iterator[Value | None]:
        """The values of a coded job, in the order of metrics; None for what the cache does not have."""
        reference = job.source.record.sha256
        return (cache.value(metric.key(reference, coding.picture_sha256)) for metric in self.metrics)

    def _task(self, job: Job, cache: Cache) -> Task | None:
        coding = cache.coding(job.key)
        if coding is None:
            return Task(job, None, None, self.metrics)
        values = self.values(job, coding, cache)
        missing = tuple(metric for metric, value in zip(self.metrics, values, strict=True) if value is None)
        if not missing:
            return None
        stream = cache.stream(coding.stream_sha256)
        return Task(job, coding if stream is not None else None, stream, missing)


def make_plan(conditions: Conditions, data: Path | None) -> Plan:
    """Finds pictures, codecs and metrics. Raises UsageError, InputError, UnsupportedError where one is not here."""
    return plan_of(conditions, data, tuple(codec_of(choice) for choice in conditions.codecs))


def plan_of(conditions: Conditions, data: Path | None, found: tuple[Codec, ...]) -> Plan:
    """`make_plan` with the codecs themselves, one for each that the conditions name."""
    codecs = tuple(_codec(conditions, index, codec) for index, codec in enumerate(found))
    names = [codec.record.name for codec in codecs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"{conditions.name}: two codecs are called {twice!r}; give one of them another name")
    metrics = tuple(planned_metric(name) for name in conditions.metrics)
    search = Search(conditions.tolerance, conditions.attempts, conditions.repetitions)
    sources = find_sources(conditions.pictures, data)
    jobs = tuple(
        Job(source, codec, target, coding_key(source, codec, target, search))
        for source in sources
        for codec in codecs
        for target in codec.targets
    )
    return Plan(conditions, sources, codecs, metrics, search, jobs)


def coding_key(source: Source, codec: PlannedCodec, target: Target, search: Search) -> str:
    """Of everything that a coding depends on."""
    stops = (search.tolerance, search.attempts) if target.kind == BPP else ()
    return key("coding", source.record.sha256, codec.identity, target.text, *stops, search.repetitions)


def _codec(conditions: Conditions, index: int, codec: Codec) -> PlannedCodec:
    choice = conditions.codecs[index]
    try:
        return PlannedCodec(codec, codec.record(), identity(codec), choice.targets)
    except UnsupportedError as error:
        hint = "" if choice.name == conditions.anchor else f" (or --without {choice.name})"
        raise type(error)(f"codec {choice.name}: {error}{hint}") from None


def planned_metric(name: str) -> PlannedMetric:
    """A metric as it is here. Raises UsageError for an unknown one, UnsupportedError where it cannot run."""
    found = metric(name)
    reason = found.missing()
    if reason is not None:
        raise UnsupportedError(f"metric {name}: {reason} (or --without {name})")
    version = found.full_version
    record = MetricRecord(name, version, found.unit, found.higher_is_better, found.in_average)
    return PlannedMetric(record, key(name, version, metrics_code()))


