# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The tables of a report, in the order in which a reader meets them."""

from __future__ import annotations

from collections.abc import Iterator

from refsw.ctc.report.numbers import Numbers
from refsw.ctc.report.table import Column, Table, Value
from refsw.ctc.results import CodecRecord, Point

MEBI = 1 << 20


def tables(numbers: Numbers) -> tuple[Table, ...]:
    """All tables."""
    return (
        bd_rates(numbers),
        bd_mean_curves(numbers),
        bd_published(numbers),
        complexity(numbers),
        bd_details(numbers),
        bd_by_image(numbers),
        mean_points(numbers),
        points(numbers),
        codecs(numbers),
        metrics(numbers),
        images(numbers),
        failures(numbers),
        Table("warnings", "Warnings", "", (Column("warning"),), tuple((line,) for line in numbers.warnings)),
        Table(
            "environment", "Environment", "", (Column("what"), Column("value")),
            (*numbers.results.environment, ("command", numbers.results.command), ("digest", numbers.results.digest())),
        ),
    )  # fmt: skip


def _percent(title: str) -> Column:
    return Column(title, "%", 1, signed=True)


def bd_rates(numbers: Numbers) -> Table:
    """BD-rate as JPEG AI averages it: of each picture, then the mean."""
    results = numbers.results
    average = any(metric.in_average for metric in results.metrics)
    rows: list[tuple[Value, ...]] = []
    shown = numbers.headline()
    for overall in numbers.overall:
        cells = [found.average if (found := numbers.comparison(overall.codec, s)) else None for s in shown]
        low, high = overall.interval or (None, None)
        rows.append((overall.codec, *((overall.average, low, high) if average else ()), *cells))
    heads = (_percent("Average"), _percent("95 % from"), _percent("95 % to")) if average else ()
    named = ", ".join(s.title for s in numbers.scales if s.metric.in_average and not s.decibels)
    note = f"Mean of the pictures' BD-rates against {results.anchor}; negative: fewer bits than the anchor. "
    note += f"Average: plain mean over {named}, with its bootstrap interval over pictures." if average else ""
    columns = (Column("codec"), *heads, *(_percent(scale.title) for scale in shown))
    return Table("bd_rates", "BD-rate, mean of pictures", note.strip(), columns, tuple(rows))


def bd_mean_curves(numbers: Numbers) -> Table:
    """BD-rate of the curves of means, which most papers give."""
    results = numbers.results
    average = any(metric.in_average for metric in results.metrics)
    rows: list[tuple[Value, ...]] = []
    shown = numbers.headline()
    for overall in numbers.overall:
        cells = [found.mean.rate if (found := numbers.comparison(overall.codec, s)) else None for s in shown]
        rows.append((overall.codec, *((overall.mean_curve,) if average else ()), *cells))
    heads = (_percent("Average"),) if average else ()
    columns = (Column("codec"), *heads, *(_percent(scale.title) for scale in shown))
    note = f"BD-rate against {results.anchor} of the curves through the means of all pictures, as most papers have it."
    return Table("bd_mean_curves", "BD-rate, mean curve", note, columns, tuple(rows))


def bd_published(numbers: Numbers) -> Table:
    """Published curves against the anchor that was measured here."""
    columns = (Column("published curve"), Column("metric"), _percent("mean curve"), Column("overlap", "%", 0),
               Column("BD-metric", "dB", 2, signed=True), Column("source"))  # fmt: skip
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (one.title, one.scale.title, one.delta.rate, 100 * one.delta.overlap, one.delta.gain, one.source)
        for one in numbers.published
    )
    note = f"Not measured here. Against the mean curve of {numbers.results.anchor}, which must be of the same pictures."
    return Table("bd_published", "Published curves", note, columns, rows)


def complexity(numbers: Numbers) -> Table:
    """What a codec costs, and how many times as much as the anchor."""
    threads = sorted({timing.threads for point in numbers.results.points for timing in point.timing})
    columns = [Column("codec"), _percent("BD‑rate"), Column("complexity", "kMAC/sample", 1),
               Column("parameters", "M", 2), Column("model", "MiB", 1)]  # fmt: skip
    saved = {one.codec: one.average if one.average is not None else one.mean_curve for one in numbers.overall}
    for count in threads:
        name = "1 thread" if count == 1 else f"{count} threads"
        columns += [Column(f"encode, {name}", "s/MP", 3), Column("ratio", "×", 1), Column(f"decode, {name}", "s/MP", 3),
                    Column("ratio", "×", 1)]  # fmt: skip
    columns += [Column("peak memory", "MiB", 0), Column("ratio", "×", 1)]
    base = _costs(numbers, numbers.results.anchor, threads)
    rows: list[tuple[Value, ...]] = []
    for codec in numbers.measured():
        if codec.kind == "published":
            continue
        cost = _costs(numbers, codec.name, threads)
        pairs = [value for mine, its in zip(cost, base, strict=True) for value in (mine, _ratio(mine, its))]
        rate = 0.0 if codec.name == numbers.results.anchor else saved.get(codec.name)
        rows.append((codec.name, rate, *_model(codec), *pairs))
    own = [bool(point.timing) for point in numbers.results.points if point.codec == numbers.results.anchor]
    note = f"Seconds per million positions of a picture over {sum(own)} codestreams of each codec, the fastest of "
    note += "their repetitions; ratios to the anchor on the same machine. kMAC, parameters and model are of decoding. "
    if all(own):  # taken in passing, by workers that had done other things before
        note += "Memory: what a call took beyond what its process had; each codec alone is measured by --timing."
    else:
        note += "Each codec alone, in a process of its own; memory: all of it, interpreter and libraries included."
    return Table("complexity", "Complexity", note, tuple(columns), tuple(rows))


def bd_details(numbers: Numbers) -> Table:
    """Everything about each comparison."""
    columns = (Column("codec"), Column("metric"), _percent("mean of pictures"), _percent("95 % from"),
               _percent("95 % to"), _percent("mean curve"), Column("overlap", "%", 0),
               Column("BD-metric", "", 3, signed=True), Column("unit"), Column("pictures", "", 0))  # fmt: skip
    rows = []
    for found in numbers.comparisons:
        low, high = found.interval or (None, None)
        counted = sum(each.rate is not None for _, each in found.images)
        rows.append((found.codec, found.scale.title, found.average, low, high, found.mean.rate,
                     100 * found.mean.overlap, found.mean.gain, found.scale.unit, counted))  # fmt: skip
    note = f"Anchor {numbers.results.anchor}; interpolation {numbers.results.bd_method}; " + _range(numbers)
    note += " BD-metric is that of the mean curve: the difference at equal rate."
    return Table("bd_details", "BD-rate and BD-metric in full", note, columns, tuple(rows))


def bd_by_image(numbers: Numbers) -> Table:
    """BD-rate of each picture."""
    rows: list[tuple[Value, ...]] = []
    for overall in numbers.overall:
        found = [numbers.comparison(overall.codec, scale) for scale in numbers.scales]
        by_scale = [dict(one.images) if one else {} for one in found]
        for image in numbers.results.images:
            cells = [each[image.name].rate if image.name in each else None for each in by_scale]
            rows.append((overall.codec, image.name, *cells))
    columns = (Column("codec"), Column("picture"), *(_percent(scale.title) for scale in numbers.scales))
    note = f"Against {numbers.results.anchor}."
    return Table("bd_by_image", "BD-rate of each picture", note, columns, tuple(rows))


def mean_points(numbers: Numbers) -> Table:
    """The points of the mean curves."""
    columns = (Column("codec"), Column("target"), Column("rate", "bpp", 4),
               *(Column(s.title.removesuffix(" (dB)"), s.unit, 2 if s.unit == "dB" else 4) for s in numbers.scales),
               Column("pictures", "", 0))  # fmt: skip
    rows: tuple[tuple[Value, ...], ...] = tuple((p.codec, p.target, p.bpp, *p.values, p.images) for p in numbers.means)
    return Table("mean_points", "Mean curves", "Means over all pictures; decibels of the mean.", columns, rows)


def points(numbers: Numbers) -> Table:
    """Every measured point."""
    columns = (Column("codec"), Column("picture"), Column("target"), Column("stream", "bytes", 0),
               Column("rate", "bpp", 4),
               *(Column(s.title, s.unit, 4) for s in numbers.scales if not s.decibels),
               Column("stream sha256"), Column("picture sha256"))  # fmt: skip
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (p.codec, p.image, p.target, p.stream_bytes, p.bits_per_sample, *p.values, p.stream_sha256, p.picture_sha256)
        for p in sorted(numbers.results.points, key=_place)
    )
    return Table("points", "Points", "One line for each codestream.", columns, rows)


def codecs(numbers: Numbers) -> Table:
    """Codecs with their exact settings."""
    rows = tuple((c.name, c.kind, c.version, c.settings) for c in numbers.results.codecs)
    columns = tuple(map(Column, ("codec", "kind", "version", "settings")))
    return Table("codecs", "Codecs and settings", "", columns, rows)


def metrics(numbers: Numbers) -> Table:
    """Metrics with their versions."""
    columns = tuple(map(Column, ("metric", "version", "unit", "better", "in average")))
    rows = tuple(
        (m.name, m.version, m.unit, "higher" if m.higher_is_better else "lower", "yes" if m.in_average else "no")
        for m in numbers.results.metrics
    )
    return Table("metrics", "Metrics", "", columns, rows)


def images(numbers: Numbers) -> Table:
    """Pictures with their digests."""
    columns = (Column("picture"), Column("file"), Column("width", "", 0), Column("height", "", 0),
               Column("bits", "", 0), Column("sha256 of samples"))  # fmt: skip
    rows = tuple((i.name, i.file, i.width, i.height, i.bit_depth, i.sha256) for i in numbers.results.images)
    return Table("images", "Pictures", "", columns, rows)


def failures(numbers: Numbers) -> Table:
    """Jobs that failed."""
    columns = tuple(map(Column, ("codec", "picture", "target", "reason")))
    rows = tuple((f.codec, f.image, f.target, f.reason) for f in numbers.results.failures)
    return Table("failures", "Failures", "", columns, rows)


def _place(point: Point) -> tuple[str, str, float]:
    return point.codec, point.image, point.bits_per_sample


def _model(codec: CodecRecord) -> Iterator[Value]:
    yield codec.kmac_per_sample
    yield None if codec.parameters is None else codec.parameters / 1e6
    yield None if codec.model_bytes is None else codec.model_bytes / MEBI


def _costs(numbers: Numbers, codec: str, threads: list[int]) -> list[float | None]:
    """Encode and decode seconds per million samples, for each number of threads, then peak memory in MiB."""
    found: list[float | None] = []
    points = [point for point in numbers.results.points if point.codec == codec]
    for count in threads:
        rounds = [(p, [t for t in p.timing if t.threads == count]) for p in points]
        samples = sum(point.samples for point, times in rounds if times)
        for seconds in (
            sum(min(t.encode_seconds for t in times) for _, times in rounds if times),
            sum(min(t.decode_seconds for t in times) for _, times in rounds if times),
        ):
            found.append(1e6 * seconds / samples if samples else None)
    peak = max((timing.peak_bytes for point in points for timing in point.timing), default=0)
    return [*found, peak / MEBI if peak else None]


def _ratio(value: float | None, anchor: float | None) -> float | None:
    return value / anchor if value is not None and anchor else None


def _range(numbers: Numbers) -> str:
    rates = numbers.results.rate_range
    return f"the anchor at {rates[0]:g} to {rates[1]:g} bpp." if rates else "the whole overlap of the curves."
