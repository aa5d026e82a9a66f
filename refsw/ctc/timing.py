# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Times and memory for the complexity of a report: a few pictures, again and again, on one thread and on all.

    Results --timed--> Results with other `Point.timing`; the digest stays, because times are no part of it

Each codec has a fresh process of its own for each number of threads, and nothing else of the run is at work meanwhile.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

from refsw.ctc.codec import Codec, Format
from refsw.ctc.ffmpeg import resident_peak
from refsw.ctc.results import Point, Results, Timing
from refsw.errors import RefswError
from refsw.types import Image

Report = Callable[[str, int], None]


@dataclass(frozen=True)
class Trial:
    """What is timed. expected: sha256 of the codestream, "" where other bytes may come."""

    codec: Codec
    image: Image
    setting: float
    threads: int
    repetitions: int
    expected: str


def timed(
    results: Results,
    codecs: Mapping[str, Codec],
    read: Callable[[str], Image],
    *,
    pictures: int = 3,
    threads: tuple[int, ...] = (),
    repetitions: int = 3,
    report: Report = lambda codec, threads: None,
) -> Results:
    """The results with the times of a few points alone: the middle target of some pictures, spread over all.

    codecs: by name in results; read: a source picture by name; threads: none for one and all that there are;
    report: called before each codec and number of threads. Raises RefswError where a codec gives other bytes than in
    the results.
    """
    counts = threads or tuple(dict.fromkeys((1, len(os.sched_getaffinity(0)))))
    taken: dict[tuple[str, str, str], tuple[Timing, ...]] = {}
    for name, codec in codecs.items():
        points = chosen(results, name, pictures)
        for count in counts:
            report(name, count)
            used = codec.with_threads(count)
            trials = [
                Trial(used, read(point.image), _setting(codec, point), count, repetitions,
                      point.stream_sha256 if count == 1 else "")
                for point in points
            ]  # fmt: skip
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                for point, times in zip(points, pool.map(run_trial, trials), strict=True):
                    place = point.image, point.codec, point.target
                    taken[place] = taken.get(place, ()) + times
    return replace(
        results,
        points=tuple(replace(p, timing=taken.get((p.image, p.codec, p.target), ())) for p in results.points),
    )


def chosen(results: Results, codec: str, pictures: int) -> tuple[Point, ...]:
    """The points of a codec that are timed."""
    names = [image.name for image in results.images]
    count = min(pictures, len(names))
    spread = [names[(2 * n + 1) * len(names) // (2 * count)] for n in range(count)]
    found = []
    for name in spread:
        points = [point for point in results.points if (point.image, point.codec) == (name, codec)]
        found += sorted(points, key=lambda point: point.stream_bytes)[len(points) // 2 :][:1]
    return tuple(found)


def run_trial(trial: Trial) -> tuple[Timing, ...]:
    """In a process that has done nothing before but other trials of the same codec. The first round is not timed."""
    session, like = trial.codec.open(), Format(trial.image.channels, trial.image.bit_depth)
    times, peak = [], 0
    for repetition in range(trial.repetitions + 1):
        begin = time.perf_counter()
        encoded = session.encode(trial.image, trial.setting)
        middle = time.perf_counter()
        decoded = session.decode(encoded.data, like)
        end = time.perf_counter()
        if trial.expected and sha256(encoded.data).hexdigest() != trial.expected:
            raise RefswError(f"{trial.codec.record().name}: encoding the same picture again gave other bytes")
        peak = max(peak, encoded.peak_bytes or 0, decoded.peak_bytes or 0, resident_peak(os.getpid()), *_children())
        if repetition:
            seconds = encoded.seconds or middle - begin, decoded.seconds or end - middle
            times.append(Timing(round(seconds[0], 6), round(seconds[1], 6), trial.threads, peak))
    return tuple(times)


def _children() -> list[int]:
    """Most resident bytes of each process that this one started and that still lives, such as refsw's decoder."""
    try:
        pids = [pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()]
    except OSError:
        return []
    return [resident_peak(int(pid)) for pid in pids]


def _setting(codec: Codec, point: Point) -> float:
    for setting in codec.ladder:
        if codec.setting_text(setting) == point.setting:
            return setting
    kind, _, value = point.target.partition(" ")
    if kind == "quality":
        return float(value)
    raise RefswError(f"{point.codec}: no setting {point.setting!r}")
