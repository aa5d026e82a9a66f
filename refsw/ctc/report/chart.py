# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Line and scatter charts as SVG, drawn with the page's own colours, so that they follow light, dark and print.

Written here rather than taken from a plotting package: a report of 100 pictures has hundreds of small charts, of 3 kB
each this way; Matplotlib's are some ten times as large, take minutes, and cannot follow the page's colours.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

MARKERS = (
    "M-3.4 0a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0-6.8 0",  # circle
    "M-3-3h6v6h-6z",  # square
    "M0-4L3.8 3H-3.8z",  # triangle
    "M0-4.2L4.2 0L0 4.2L-4.2 0z",  # diamond
    "M0 4L3.8-3H-3.8z",  # triangle, point down
    "M-3.6-1.2h2.4v-2.4h2.4v2.4h2.4v2.4h-2.4v2.4h-2.4v-2.4h-2.4z",  # plus
)
COLOURS = 8
LINE = 13  # height of a line of labels


@dataclass(frozen=True)
class Series:
    """A named curve. style: number of its colour and marker; published: drawn thin and dashed, without markers."""

    name: str
    points: tuple[tuple[float, float], ...]
    style: int
    published: bool = False


@dataclass(frozen=True)
class Frame:
    """Size of a chart in CSS pixels and the margins of its plot. labels: names at the ends of curves."""

    width: int = 560
    height: int = 360
    left: int = 52
    right: int = 132
    top: int = 12
    bottom: int = 40
    labels: bool = True


SMALL = Frame(width=250, height=176, left=36, right=8, top=6, bottom=22, labels=False)


def line_chart(series: Sequence[Series], x_title: str, y_title: str, frame: Frame, description: str) -> str:
    """Curves over a logarithmic rate axis; "" where there is nothing to draw."""
    drawn = [one for one in series if one.points]
    if not drawn:
        return ""
    measured = [one for one in drawn if not one.published] or drawn
    xs = [x for one in measured for x, _ in one.points]
    ys = [y for one in measured for _, y in one.points]
    x_axis = _Axis.over(xs, log=True, least_ticks=4 if frame.labels else 3)
    y_axis = _Axis.over(ys, intervals=7 if frame.labels else 4)
    plot = _Plot(frame, x_axis, y_axis)
    parts = [plot.grid(x_title, y_title)]
    ends = []
    for one in drawn:
        inside = [point for point in one.points if plot.inside(*point)]
        traced = plot.trace(one.points)
        if not traced:
            continue
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in traced)
        kind = "curve published" if one.published else "curve"
        parts.append(f'<path class="{kind} c{one.style % COLOURS}" d="{path}"><title>{escape(one.name)}</title></path>')
        if not one.published:
            parts += [_marker(one, plot, x, y, x_title, y_title) for x, y in inside]
        ends.append((traced[-1][1], traced[-1][0], one))
    if frame.labels:
        parts += _end_labels(ends, frame)
    return _svg(frame, parts, description)


def scatter_chart(series: Sequence[Series], x_title: str, y_title: str, frame: Frame, description: str) -> str:
    """One labelled point a series, over a logarithmic x axis; "" where there is nothing to draw."""
    drawn = [one for one in series if one.points]
    if not drawn:
        return ""
    xs, ys = [one.points[0][0] for one in drawn], [one.points[0][1] for one in drawn]
    plot = _Plot(frame, _Axis.over(xs, log=True, room=0.25), _Axis.over([*ys, 0.0]))
    parts = [plot.grid(x_title, y_title)]
    taken: list[float] = []
    for one in sorted(drawn, key=lambda s: s.points[0][1], reverse=True):
        x, y = one.points[0]
        parts.append(_marker(one, plot, x, y, x_title, y_title))
        at = plot.y(y) + 4
        while any(abs(at - other) < LINE for other in taken):
            at += 1
        taken.append(at)
        parts.append(f'<text class="label" x="{plot.x(x) + 9:.1f}" y="{at:.1f}">{escape(_short(one.name))}</text>')
    return _svg(frame, parts, description)


def sample(style: int, published: bool = False) -> str:
    """The piece of line and the marker of a legend."""
    kind = "curve published" if published else "curve"
    place = 'transform="translate(14 7)"'
    mark = "" if published else f'<path class="mark c{style % COLOURS}" {place} d="{_shape(style)}"/>'
    return (f'<svg class="sample" width="28" height="14" aria-hidden="true"><path class="{kind} c{style % COLOURS}" '
            f'd="M0 7H28"/>{mark}</svg>')  # fmt: skip


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool

    @classmethod
    def over(
        cls,
        values: Iterable[float],
        *,
        log: bool = False,
        room: float = 0.06,
        intervals: int = 7,
        least_ticks: int = 3,
    ) -> _Axis:
        listed = list(values)
        low, high = min(listed), max(listed)
        if log:
            low, high = low / (1 + room), high * (1 + room)
            ticks = _decades(low, high, (1, 2, 5))
            if len(ticks) < least_ticks:
                ticks = _decades(low, high, (1, 1.5, 2, 3, 4, 5, 7))
            return cls(low, high, tuple(ticks or [low, high]), True)
        span = high - low or max(abs(high), 1.0)
        low, high = low - room * span, high + room * span
        rough = (high - low) / intervals
        unit = 10.0 ** math.floor(math.log10(rough))
        step = next(unit * m for m in (1, 2, 5, 10) if unit * m >= rough)
        return cls(low, high, tuple(step * n for n in range(math.ceil(low / step), math.floor(high / step) + 1)), False)

    def place(self, value: float) -> float:
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def texts(self) -> list[str]:
        if self.log:
            return [f"{tick:g}" for tick in self.ticks]
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else 1.0
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        return [f"{tick:.{digits}f}".replace("-", "\N{MINUS SIGN}") for tick in self.ticks]


def _decades(low: float, high: float, mantissas: tuple[float, ...]) -> list[float]:
    steps = [mantissa * 10.0**exponent for exponent in range(-6, 9) for mantissa in mantissas]
    return [step for step in steps if low <= step <= high]


@dataclass(frozen=True)
class _Plot:
    frame: Frame
    x_axis: _Axis
    y_axis: _Axis

    def x(self, value: float) -> float:
        return self.frame.left + self.x_axis.place(value) * (self.frame.width - self.frame.left - self.frame.right)

    def y(self, value: float) -> float:
        low = self.frame.height - self.frame.bottom
        return low - self.y_axis.place(value) * (low - self.frame.top)

    def inside(self, x: float, y: float) -> bool:
        return x > 0 and -1e-9 <= self.x_axis.place(x) <= 1 + 1e-9 and -1e-9 <= self.y_axis.place(y) <= 1 + 1e-9

    def trace(self, points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
        """A line through points as it runs inside the frame, in units of the drawing; points must be in order."""
        unit = [(self.x_axis.place(x), self.y_axis.place(y)) for x, y in points if x > 0]
        path: list[tuple[float, float]] = []
        for first, second in zip(unit, unit[1:] or unit, strict=False):
            part = _inside_unit(first, second)
            path += [point for point in part or () if not path or path[-1] != point]
        f = self.frame
        wide, high = f.width - f.left - f.right, f.height - f.top - f.bottom
        return [(f.left + u * wide, f.height - f.bottom - v * high) for u, v in path]

    def grid(self, x_title: str, y_title: str) -> str:
        f = self.frame
        right, bottom = f.width - f.right, f.height - f.bottom
        lines, texts = [], []
        for tick, text in zip(self.y_axis.ticks, self.y_axis.texts(), strict=True):
            lines.append(f"M{f.left} {self.y(tick):.1f}H{right}")
            texts.append(f'<text class="tick end" x="{f.left - 6}" y="{self.y(tick) + 3.5:.1f}">{text}</text>')
        for tick, text in zip(self.x_axis.ticks, self.x_axis.texts(), strict=True):
            lines.append(f"M{self.x(tick):.1f} {f.top}V{bottom}")
            texts.append(f'<text class="tick mid" x="{self.x(tick):.1f}" y="{bottom + 15}">{text}</text>')
        parts = [f'<path class="grid" d="{"".join(lines)}"/>', f'<path class="axis" d="M{f.left} {bottom}H{right}"/>']
        if f.labels:
            middle = (f.left + right) / 2
            texts.append(f'<text class="title mid" x="{middle:.0f}" y="{f.height - 6}">{escape(x_title)}</text>')
            texts.append(f'<text class="title mid" transform="translate(12 {(f.top + bottom) / 2:.0f}) rotate(-90)">'
                         f"{escape(y_title)}</text>")  # fmt: skip
        return "".join(parts + texts)


def _inside_unit(
    first: tuple[float, float], second: tuple[float, float]
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """The part of a segment inside the unit square (Liang and Barsky 1984), None where it passes by."""
    start, end = 0.0, 1.0
    for a, b in zip(first, second, strict=True):
        for step, room in ((a - b, a), (b - a, 1 - a)):
            if step == 0 and room < -1e-9:
                return None
            if step < 0:
                start = max(start, room / step)
            elif step > 0:
                end = min(end, room / step)
    if start > end + 1e-9:
        return None
    at = [tuple(a + share * (b - a) for a, b in zip(first, second, strict=True)) for share in (start, end)]
    return (at[0][0], at[0][1]), (at[1][0], at[1][1])


def _marker(one: Series, plot: _Plot, x: float, y: float, x_title: str, y_title: str) -> str:
    tip = escape(f"{one.name}: {y:.4g} {y_title} at {x:.4g} {x_title}")
    place = f"translate({plot.x(x):.1f} {plot.y(y):.1f})"
    size = "" if plot.frame.labels else " scale(.6)"
    kind = f"mark c{one.style % COLOURS}"
    return f'<path class="{kind}" transform="{place}{size}" d="{_shape(one.style)}"><title>{tip}</title></path>'


def _end_labels(ends: list[tuple[float, float, Series]], frame: Frame) -> list[str]:
    """Names right of the plot, moved apart where they would overlap, joined to their curves by a thin line."""
    ordered = sorted(ends, key=lambda end: end[0])
    places = [max(y, frame.top + 4) for y, _, _ in ordered]
    for k in range(1, len(places)):
        places[k] = max(places[k], places[k - 1] + LINE)
    lowest = frame.height - frame.bottom
    for k in range(len(places) - 1, -1, -1):
        places[k] = min(places[k], lowest - LINE * (len(places) - 1 - k))
    edge = frame.width - frame.right + 8
    parts = []
    for place, (y, x, one) in zip(places, ordered, strict=True):
        parts.append(f'<path class="lead" d="M{x + 5:.1f} {y:.1f}L{edge - 2} {place:.1f}"/>')
        kind = "label published" if one.published else f"label t{one.style % COLOURS}"
        parts.append(f'<text class="{kind}" x="{edge + 1}" y="{place + 3.8:.1f}">{escape(_short(one.name))}</text>')
    return parts


def _shape(style: int) -> str:
    return MARKERS[style % len(MARKERS)]


def _short(name: str, length: int = 21) -> str:
    return name if len(name) <= length else name[: length - 1] + "…"


def _svg(frame: Frame, parts: Iterable[str], description: str) -> str:
    return (f'<svg class="chart" viewBox="0 0 {frame.width} {frame.height}" role="img" '
            f'aria-label="{escape(description)}">{"".join(parts)}</svg>')  # fmt: skip
