# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Two results that should be one: where they differ, a line each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from refsw.ctc.results import Point, Results


def differences(published: Results, measured: Results) -> tuple[str, ...]:
    """What differs among the things that must repeat; empty for equal digests."""
    return tuple(_lines(published, measured))


def _lines(published: Results, measured: Results) -> Iterator[str]:
    for name in ("name", "anchor", "bd_method", "rate_range"):
        if getattr(published, name) != getattr(measured, name):
            yield f"{name}: {getattr(measured, name)}, published {getattr(published, name)}"
    for kind in ("images", "codecs", "metrics"):
        old = {record.name: record for record in getattr(published, kind)}
        new = {record.name: record for record in getattr(measured, kind)}
        for name in dict.fromkeys((*old, *new)):
            if old.get(name) != new.get(name):
                yield f"{kind[:-1]} {name}: {_fields(old.get(name), new.get(name))}"
    theirs, ours = _by_place(published), _by_place(measured)
    for place in dict.fromkeys((*theirs, *ours)):
        if theirs.get(place) != ours.get(place):
            yield f"{' '.join(place)}: {_point(published, theirs.get(place), ours.get(place))}"
    if published.failures != measured.failures:
        yield f"failures: {len(measured.failures)}, published {len(published.failures)}"


def _by_place(results: Results) -> dict[tuple[str, str, str], Point]:
    return {(p.image, p.codec, p.target): replace(p, timing=()) for p in results.points}


def _fields(theirs: object, ours: object) -> str:
    if theirs is None or ours is None:
        return "is new" if theirs is None else "is missing"
    names = [name for name in vars(theirs) if getattr(theirs, name) != getattr(ours, name)]
    return "; ".join(f"{name} {getattr(ours, name)}, published {getattr(theirs, name)}" for name in names)


def _point(results: Results, theirs: Point | None, ours: Point | None) -> str:
    if theirs is None or ours is None:
        return "is new" if theirs is None else "is missing"
    if theirs.stream_sha256 != ours.stream_sha256:
        new, old = (f"{point.setting}, {point.stream_bytes} bytes" for point in (ours, theirs))
        return f"another codestream: {new}, published {old}"
    if theirs.picture_sha256 != ours.picture_sha256:
        return "the same codestream decodes to another picture"
    pairs = zip(results.metrics, ours.values, theirs.values, strict=False)
    return ", ".join(f"{m.name} {a!r}, published {b!r}" for m, a, b in pairs if a != b) or "other fields"
