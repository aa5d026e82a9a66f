# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What a worker does: the tasks of a group, one after the other. Needs the package and the data, nothing else.

    encode at settings ─ search ─► codestream ─ decode from bytes ─► picture ─ metrics ─► values
                                                    └─ must be what the encoder says a decoder shows
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

import numpy as np

from refsw.ctc.cache import Cache, Coding, Value
from refsw.ctc.clock import clock, cpu_seconds
from refsw.ctc.codec import Codec, Decoded, Encoded, Format, Session
from refsw.ctc.codecs import identity
from refsw.ctc.conditions import BPP, Target
from refsw.ctc.metrics import Pair, Reference, metric
from refsw.ctc.plan import Group, PlannedCodec, PlannedMetric, Task, planned_metric
from refsw.ctc.results import Timing
from refsw.encode.rate import Curve, search
from refsw.errors import RefswError, UsageError
from refsw.types import Image, digest

INTERNAL = 5
USUAL_SPAN = 3.5  # logarithm of the ratio of a codec's largest file to its smallest


@dataclass(frozen=True)
class Outcome:
    """What became of a task. values: in the order of Task.missing; stream: of a coding that is new, else None;
    reason: why it failed, "" if it did not; exit_code: that of the failure."""

    key: str
    coding: Coding | None
    stream: bytes | None
    values: tuple[tuple[str, Value], ...]
    reason: str = ""
    exit_code: int = 0


def perform(group: Group, keep: Cache | None = None) -> tuple[Outcome, ...]:
    """Does a group. Whatever goes wrong is the outcome of a task.

    keep: where each outcome goes as soon as it is there, for workers that share a file system with the run.
    """
    outcomes = []
    for outcome in _outcomes(group):
        if keep is not None:
            store(outcome, keep)
        outcomes.append(outcome)
    return tuple(outcomes)


def store(outcome: Outcome, cache: Cache) -> None:
    """Keeps what is new. Raises OutputError."""
    if outcome.coding is not None and outcome.stream is not None:
        cache.put_coding(outcome.key, outcome.coding, outcome.stream)
    for name, value in outcome.values:
        cache.put_value(name, value)


def _outcomes(group: Group) -> Iterator[Outcome]:
    try:
        station = _Station(group)
    except Exception as error:  # of any library: the run goes on, and names it
        yield from (_failed(task, error) for task in group.tasks)
        return
    for task in group.tasks:
        try:
            yield station.work(task)
        except Exception as error:  # likewise, and the next task has its turn
            yield _failed(task, error)


def _failed(task: Task, error: Exception) -> Outcome:
    text = str(error) if isinstance(error, RefswError) else f"{type(error).__name__}: {error}"
    code = error.exit_code if isinstance(error, RefswError) else INTERNAL
    return Outcome(task.job.key, None, None, (), " ".join(text.split()) or type(error).__name__, code)


@cache
def _session(codec: Codec) -> Session:
    return codec.open()


@cache
def _identity(codec: Codec) -> str:
    return identity(codec)


@cache
def _metric(name: str) -> PlannedMetric:
    return planned_metric(name)


@dataclass(frozen=True)
class _Attempt:
    """An encoding, and what it took."""

    encoded: Encoded
    timing: tuple[float, int]


class _Station:
    """A picture and a codec, with the encodings that its tasks share."""

    def __init__(self, group: Group) -> None:
        own: PlannedCodec = group.codec
        if _identity(own.codec) != own.identity:
            raise UsageError(f"this worker has another {own.record.name} than the plan: {own.codec.record().version}, "
                             f"planned {own.record.version}; install the same packages and weights")  # fmt: skip
        for planned in dict.fromkeys(one for task in group.tasks for one in task.missing):
            here = _metric(planned.record.name)
            if here != planned:
                raise UsageError(f"this worker has another metric {here.record.name} than the plan: version "
                                 f"{here.record.version}, planned {planned.record.version}")  # fmt: skip
        self._group = group
        self._codec = own.codec
        self._session = _session(own.codec)
        self._image = group.source.read()
        self._like = Format(self._image.channels, self._image.bit_depth)
        self._reference = Reference(self._image)
        self._samples = self._image.width * self._image.height
        self._attempts: dict[float, _Attempt] = {}

    def work(self, task: Task) -> Outcome:
        """The outcome of a task. Raises whatever codec and metrics raise."""
        if task.coding is not None and task.stream is not None:
            picture = self._session.decode(task.stream, self._like).image
            self._check_repeats(task, picture)
            return Outcome(task.job.key, None, None, tuple(self._measure(task.missing, picture)))
        coding, stream, picture = self._code(task.job.target)
        return Outcome(task.job.key, coding, stream, tuple(self._measure(task.missing, picture)))

    def _check_repeats(self, task: Task, picture: Image) -> None:
        assert task.coding is not None
        if digest(picture.samples) != task.coding.picture_sha256:
            raise RefswError("the kept codestream decodes to another picture than when it was made")

    def _code(self, target: Target) -> tuple[Coding, bytes, Image]:
        begin = cpu_seconds()
        setting = self._setting(target)
        attempt = self._encode(setting)
        data = attempt.encoded.data
        timing, picture, elsewhere = self._timed(setting, attempt)
        expected = self._session.expected(self._image, setting)
        if expected is not None:
            _check_equal(expected, picture)
        coding = Coding(
            codec=self._group.codec.record.name,
            samples=self._samples,
            setting=self._codec.setting_text(setting),
            stream_bytes=len(data),
            stream_sha256=sha256(data).hexdigest(),
            picture_sha256=digest(picture.samples),
            estimated_bits=attempt.encoded.estimated_bits,
            timing=timing,
            cpu_seconds=round(cpu_seconds() - begin + elsewhere, 6),
        )
        return coding, data, picture

    def _setting(self, target: Target) -> float:
        """The setting that meets a target; of a rate, the one whose file is nearest."""
        if target.kind != BPP:
            return target.value
        ladder, stops = _ladder(self._codec), self._group.search
        top = len(ladder) - 1
        index = search(
            Curve(top, top // 2, USUAL_SPAN / max(1, top)),  # begins where the searches of all rates begin
            lambda index: math.log(len(self._encode(ladder[index]).encoded.data)),
            math.log(target.value * self._samples / 8),
            math.log1p(stops.tolerance),
            stops.attempts,
        )
        return ladder[index]

    def _encode(self, setting: float) -> _Attempt:
        if setting not in self._attempts:
            with clock() as spent:
                encoded = self._session.encode(self._image, setting)
            self._attempts[setting] = _Attempt(encoded, _better(encoded, spent.seconds, spent.peak_bytes))
        return self._attempts[setting]

    def _timed(self, setting: float, first: _Attempt) -> tuple[tuple[Timing, ...], Image, float]:
        """Times of all repetitions, the decoded picture, which must be the same each time, and seconds elsewhere."""
        timing, picture, attempt, elsewhere = [], None, first, 0.0
        for repetition in range(self._group.search.repetitions):
            if repetition:
                self._attempts.pop(setting)
                attempt = self._encode(setting)
                if attempt.encoded.data != first.encoded.data:
                    raise RefswError("encoding the same picture again gave other bytes")
            with clock() as spent:
                decoded = self._session.decode(attempt.encoded.data, self._like)
            decoding = _better(decoded, spent.seconds, spent.peak_bytes)
            elsewhere += decoded.seconds or 0.0  # in a process of its own, whose time is not this one's
            peak = max(attempt.timing[1], decoding[1])
            timing.append(Timing(round(attempt.timing[0], 6), round(decoding[0], 6), 1, peak))
            if picture is not None:
                _check_equal(picture, decoded.image)
            picture = decoded.image
        assert picture is not None
        if picture.samples.shape != self._image.samples.shape or picture.bit_depth != self._image.bit_depth:
            raise RefswError(f"decoded picture is {picture.samples.shape} of {picture.bit_depth} bits, the source "
                             f"{self._image.samples.shape} of {self._image.bit_depth}")  # fmt: skip
        return tuple(timing), picture, elsewhere

    def _measure(self, missing: tuple[PlannedMetric, ...], picture: Image) -> Iterator[tuple[str, Value]]:
        pair, sha = Pair(self._image, picture, self._reference), digest(picture.samples)
        for planned in missing:
            name, begin = planned.record.name, cpu_seconds()
            value = metric(name).of(pair)
            spent = round(cpu_seconds() - begin, 6)
            yield planned.key(self._group.source.record.sha256, sha), Value(name, self._samples, value, spent)


@cache
def _ladder(codec: Codec) -> tuple[float, ...]:
    return codec.ladder


def _better(call: Encoded | Decoded, seconds: float, peak_bytes: int) -> tuple[float, int]:
    """What a codec says of a call, where it does, else what the clock says."""
    return (
        seconds if call.seconds is None else call.seconds,
        peak_bytes if call.peak_bytes is None else call.peak_bytes,
    )


def _check_equal(expected: Image, picture: Image) -> None:
    if expected.samples.shape != picture.samples.shape:
        raise RefswError(f"decoded picture is {picture.samples.shape}, expected {expected.samples.shape}")
    wrong = int(np.count_nonzero(expected.samples != picture.samples))
    if wrong:
        raise RefswError(f"{wrong} decoded samples differ from the encoder's reconstruction")
