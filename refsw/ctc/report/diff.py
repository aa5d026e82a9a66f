# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Two runs against each other: the BD-rate of B's codecs against the same codecs of A."""

from __future__ import annotations

from dataclasses import replace

from refsw.ctc.report.numbers import Numbers, numbers
from refsw.ctc.report.table import Column, Table, Value
from refsw.ctc.results import Results
from refsw.errors import InputError


def diff(a: Results, b: Results) -> Table:
    """A row for each codec of both runs; negative: B needs fewer bits than A.

    Compared are pictures with equal samples and metrics of equal version; BD method and rates are A's.
    Raises InputError where the runs have no codec, picture or metric in common.
    """
    shared = [codec.name for codec in a.codecs if codec.name in {other.name for other in b.codecs}]
    if not shared:
        raise InputError(f"runs {a.name} and {b.name} have no codec in common")
    found = [(name, numbers(_joined(a, b, name))) for name in shared]
    scales = found[0][1].scales
    columns = (Column("codec"), Column("equal streams", "", 0), Column("of", "", 0),
               *(Column(title, "%", 1, signed=True) for title in ("Average", "95 % from", "95 % to")),
               *(Column(scale.title, "%", 1, signed=True) for scale in scales))  # fmt: skip
    note = f"Mean of the pictures' BD-rates of B ({b.name}) against A ({a.name}); negative: B needs fewer bits."
    rows = tuple((name, *_equal(a, b, name), *_rates(one)) for name, one in found)
    return Table("diff", "BD-rate of B against A", note, columns, rows)


def _joined(a: Results, b: Results, codec: str) -> Results:
    """One run in which A's codec is the anchor of B's."""
    known = {(image.name, image.sha256) for image in b.images}
    images = tuple(image for image in a.images if (image.name, image.sha256) in known)
    versions = {(metric.name, metric.version): index for index, metric in enumerate(b.metrics)}
    metrics = tuple(metric for metric in a.metrics if (metric.name, metric.version) in versions)
    if not images or not metrics:
        raise InputError(f"runs {a.name} and {b.name} have no {'metric' if images else 'picture'} in common")
    places = [a.metrics.index(metric) for metric in metrics], [versions[m.name, m.version] for m in metrics]
    names = {image.name for image in images}
    points = tuple(
        replace(point, codec=label, values=tuple(point.values[k] for k in chosen))
        for run, label, chosen in ((a, "A", places[0]), (b, "B", places[1]))
        for point in run.points
        if point.codec == codec and point.image in names
    )
    record = next(one for one in a.codecs if one.name == codec)
    codecs = replace(record, name="A"), replace(record, name="B")
    return replace(
        a, images=images, metrics=metrics, points=points, codecs=codecs, anchor="A", failures=()
    )  # fmt: skip


def _equal(a: Results, b: Results, codec: str) -> tuple[int, int]:
    """How many points of both runs have the same codestream, and how many there are in both."""
    first = {(p.image, p.target): p.stream_sha256 for p in a.points if p.codec == codec}
    both = [(first[p.image, p.target], p.stream_sha256) for p in b.points
            if p.codec == codec and (p.image, p.target) in first]  # fmt: skip
    return sum(one == other for one, other in both), len(both)


def _rates(found: Numbers) -> tuple[Value, ...]:
    overall = next(iter(found.overall), None)
    low, high = (overall and overall.interval) or (None, None)
    cells = [one.average if (one := found.comparison("B", scale)) else None for scale in found.scales]
    return (overall.average if overall else None, low, high, *cells)
