# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The report as one HTML page: nothing is fetched, every picture and style is inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from refsw.ctc.report import chart
from refsw.ctc.report.chart import Frame, Series
from refsw.ctc.report.numbers import Numbers, Scale
from refsw.ctc.report.pictures import Exhibit
from refsw.ctc.report.published import Published
from refsw.ctc.report.table import Column, Table

TEMPLATES = Path(__file__).with_name("templates")
RATE = "bpp"
SUMMARY = ("bd_rates", "bd_mean_curves", "bd_published", "complexity")
DETAILS = ("bd_details", "bd_by_image", "mean_points")
CONDITIONS = ("codecs", "metrics", "failures", "environment", "images")
SHOWN_WARNINGS = 6
PERCENT = Column("", "%", 1, signed=True)


@dataclass(frozen=True)
class Drawing:
    """A chart and its title."""

    title: str
    svg: Markup


@dataclass(frozen=True)
class Group:
    """Charts of all pictures on one scale."""

    title: str
    charts: tuple[Drawing, ...]


@dataclass(frozen=True)
class Headline:
    """The one number of a codec."""

    number: str
    codec: str
    anchor: str
    explanation: str


@dataclass(frozen=True)
class Entry:
    """A line of the legend."""

    name: str
    sample: Markup


def render(
    numbers: Numbers,
    tables: Sequence[Table],
    published: Sequence[Published],
    exhibits: Sequence[Exhibit],
    exhibit_bpp: float,
    files: Sequence[str],
) -> str:
    """The page as text. Every text of the results is escaped."""
    by_key = {table.key: table for table in tables}
    results = numbers.results
    measured = [codec for codec in numbers.measured() if codec.kind != "published"]
    shown = [view for view in numbers.scales if not _is_doubled(view, numbers.scales)]
    legend = [Entry(c.name, Markup(chart.sample(style(numbers, c.name)))) for c in measured]
    published = [one for one in published if any(one.curve(view.name) for view in shown)]
    dashed = [Entry(f"{c.title} (published)", Markup(chart.sample(len(measured) + k, True)))
              for k, c in enumerate(published)]  # fmt: skip
    seen = {i.name for i in results.images}
    facts = [_count(len(seen), "picture"), _count(len(measured), "codec"),
             _count(len(results.points), "codestream"), f"anchor {results.anchor}"]  # fmt: skip
    if results.failures:
        facts.append(f"{len(results.failures)} failed")
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("page.html").render(
        title=results.name, style=Markup(environment.get_template("page.css").render()), facts=facts, zip=zip,
        headlines=_headlines(numbers), warnings=numbers.warnings, shown_warnings=SHOWN_WARNINGS,
        legend=[*legend, *dashed], published_note=_published_note(published), anchor=results.anchor,
        charts=[one for view in shown if (one := _mean_chart(numbers, view, published, len(measured)))],
        summary=[by_key[key] for key in SUMMARY if key in by_key and by_key[key].rows],
        scatter=Markup(_scatter(numbers)), exhibit_bpp=f"{exhibit_bpp:g}",
        exhibits=exhibits, percent=PERCENT,
        by_image=[group for view in shown if (group := _by_image(numbers, view)).charts],
        details=[by_key[key] for key in DETAILS if by_key[key].rows], files=files, method=_method(numbers),
        command=results.command, conditions=[by_key[key] for key in CONDITIONS if by_key[key].rows],
        digest=results.digest(),
    )  # fmt: skip


def style(numbers: Numbers, codec: str) -> int:
    """Colour and marker of a codec, the same in every chart: refsw's first."""
    ordered = sorted(numbers.measured(), key=lambda c: {"refsw": 0, "anchor": 1}.get(c.kind, 2))
    return [c.name for c in ordered].index(codec)


def _headlines(numbers: Numbers) -> list[Headline]:
    kinds = {codec.name: codec.kind for codec in numbers.results.codecs}
    chosen = [one for one in numbers.overall if one.average is not None]
    chosen = [one for one in chosen if kinds[one.codec] == "refsw"] or chosen
    lines = []
    for one in chosen[:4]:
        count = len(numbers.results.images)
        known = f"mean BD-rate of {_count(one.used, 'metric')}, {_count(count, 'picture')}"
        if one.interval:
            low, high = (PERCENT.text(value) for value in one.interval)
            known += f"; 95 % interval {low} to {high} %"
        lines.append(Headline(PERCENT.text(one.average), one.codec, numbers.results.anchor, known))
    return lines


def _mean_chart(numbers: Numbers, view: Scale, published: Sequence[Published], first: int) -> Drawing | None:
    position = numbers.scales.index(view)
    series = []
    for codec in numbers.measured():
        points = tuple((p.bpp, p.values[position]) for p in numbers.means if p.codec == codec.name)
        series.append(Series(codec.name, points, style(numbers, codec.name), codec.kind == "published"))
    for k, one in enumerate(published):
        curve = one.curve(view.name)
        if curve:
            series.append(Series(one.title, tuple(zip(curve.bpp, curve.metric, strict=True)), first + k, True))
    unit = view.unit or view.title
    svg = chart.line_chart(series, RATE, unit, Frame(), f"{view.title} over bits per sample, means over pictures")
    arrow = "" if view.metric.higher_is_better else " (lower is better)"
    return Drawing(view.title + arrow, Markup(svg)) if svg else None


def _by_image(numbers: Numbers, view: Scale) -> Group:
    curves: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for point in numbers.results.points:
        place = curves.setdefault((point.image, point.codec), [])
        place.append((point.bits_per_sample, view.of(point.values[view.index])))
    drawings = []
    for image in numbers.results.images:
        series = [
            Series(codec.name, tuple(sorted(curves[image.name, codec.name])), style(numbers, codec.name))
            for codec in numbers.measured()
            if (image.name, codec.name) in curves
        ]
        svg = chart.line_chart(series, RATE, view.unit or view.title, chart.SMALL, f"{view.title}, {image.name}")
        if svg:
            drawings.append(Drawing(image.name, Markup(svg)))
    return Group(view.title, tuple(drawings))


def _scatter(numbers: Numbers) -> str:
    """BD-rate over complexity, for the codecs that know theirs."""
    rates = {one.codec: one.average if one.average is not None else one.mean_curve for one in numbers.overall}
    series = [
        Series(codec.name, ((codec.kmac_per_sample, rate),), style(numbers, codec.name))
        for codec in numbers.measured()
        if codec.kmac_per_sample and (rate := rates.get(codec.name)) is not None
    ]
    if len(series) < 2:
        return ""
    frame = Frame(width=760, height=300, right=170)
    return chart.scatter_chart(series, "kMAC/sample", "BD-rate, %", frame, "BD-rate over complexity")


def _method(numbers: Numbers) -> str:
    results = numbers.results
    name = {"pchip": "PCHIP", "akima": "Akima"}.get(results.bd_method, results.bd_method)
    rates = results.rate_range
    held = f"anchor held to {rates[0]:g} to {rates[1]:g} bpp" if rates else "whole overlap of the curves"
    return f"{name} interpolation of ln(bpp) over the metric, {held}"


def _published_note(published: Sequence[Published]) -> str:
    if not published:
        return ""
    return "Dashed: published by others, not measured here; sources below."


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _is_doubled(view: Scale, scales: Sequence[Scale]) -> bool:
    """A similarity that is also there in decibels is drawn in decibels alone."""
    return not view.decibels and any(other.decibels and other.index == view.index for other in scales)
