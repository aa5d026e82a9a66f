# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Every number of a report, computed once: mean curves, BD-rates per picture and of the mean curve, complexity.

Results  --numbers-->  Numbers  --tables-->  Table, ...  -->  page, CSV, JSON, Markdown, spreadsheet
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from refsw.ctc import bootstrap
from refsw.ctc.bdrate import Curve, Method, bd_metric, bd_rate, overlap
from refsw.ctc.report.published import IMAGES as PUBLISHED_IMAGES
from refsw.ctc.report.published import Published
from refsw.ctc.results import CodecRecord, MetricRecord, Point, Results
from refsw.errors import InputError

MISSED = 1.1  # a rate that is further off than this, by ratio, was not met
ENOUGH_OVERLAP = 0.75  # below it a BD-rate speaks of a part of the curve only, and the report says so
BEST_SIMILARITY = 1e-10  # similarities nearer to 1 than this are drawn at 100 dB
TITLES = {
    "msssim": "MS-SSIM", "vmaf": "VMAF", "fsim": "FSIM", "nlpd": "NLPD", "iwssim": "IW-SSIM", "vif": "VIF",
    "psnr_hvs_m": "PSNR-HVS-M", "psnr_hvs": "PSNR-HVS", "psnr_y": "PSNR Y", "psnr_cb": "PSNR Cb", "psnr_cr": "PSNR Cr",
    "psnr_rgb": "PSNR RGB", "ssim": "SSIM", "gmsd": "GMSD", "msssim_rgb": "MS-SSIM RGB", "lpips": "LPIPS",
    "dists": "DISTS", "ssimulacra2": "SSIMULACRA 2", "butteraugli": "Butteraugli",
}  # fmt: skip
IN_DECIBELS = ("msssim", "msssim_rgb", "ssim", "iwssim")


@dataclass(frozen=True)
class Scale:
    """How a metric is read: as measured, or a similarity s as -10 log10(1 - s), which spreads out what is near 1.

    JPEG AI's BD-rates are over values as measured; README's and those of the literature over decibels. Both are given.
    """

    name: str
    title: str
    unit: str
    index: int
    metric: MetricRecord
    decibels: bool = False

    def of(self, value: float) -> float:
        """A measured value on this scale."""
        return -10 * math.log10(max(1 - value, BEST_SIMILARITY)) if self.decibels else value


@dataclass(frozen=True)
class Delta:
    """One codec against the anchor. rate: %, negative where fewer bits; gain: BD-metric, in units of the scale.

    overlap: part of the anchor's curve that the rate rests on, 0..1; problem: why there is no value, or a warning.
    """

    rate: float | None
    gain: float | None
    overlap: float
    problem: str = ""


@dataclass(frozen=True)
class Comparison:
    """A codec against the anchor on one scale.

    mean: of the mean curves; images: of each picture; average: mean of the pictures' rates, None where one has none;
    interval: 95 % bootstrap interval of that average.
    """

    codec: str
    scale: Scale
    mean: Delta
    images: tuple[tuple[str, Delta], ...]
    average: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Overall:
    """The mean BD-rate of a codec over the metrics of the average; used: how many of them have a value."""

    codec: str
    mean_curve: float | None
    average: float | None
    interval: tuple[float, float] | None
    used: int
    wanted: int


@dataclass(frozen=True)
class MeanPoint:
    """Means over all pictures at one target. values: on every scale, in the order of Numbers.scales."""

    codec: str
    target: str
    bpp: float
    values: tuple[float, ...]
    images: int


@dataclass(frozen=True)
class PublishedDelta:
    """A published curve against the anchor's mean curve on one scale."""

    title: str
    source: str
    scale: Scale
    delta: Delta


@dataclass(frozen=True)
class Numbers:
    """All numbers of a report."""

    results: Results
    scales: tuple[Scale, ...]
    means: tuple[MeanPoint, ...]
    comparisons: tuple[Comparison, ...]
    overall: tuple[Overall, ...]
    warnings: tuple[str, ...]
    published: tuple[PublishedDelta, ...] = ()

    def comparison(self, codec: str, scale: Scale) -> Comparison | None:
        """The comparison of a codec on a scale; None for the anchor itself."""
        return next((c for c in self.comparisons if c.codec == codec and c.scale == scale), None)

    def headline(self) -> tuple[Scale, ...]:
        """One scale a metric: as measured where it is averaged, as JPEG AI does; else in decibels where it has them."""
        doubled = {scale.index for scale in self.scales if scale.decibels and not scale.metric.in_average}
        return tuple(s for s in self.scales if s.decibels == (s.index in doubled))

    def measured(self) -> tuple[CodecRecord, ...]:
        """Codecs that have points."""
        present = {point.codec for point in self.results.points}
        return tuple(codec for codec in self.results.codecs if codec.name in present)


def scales(metrics: Sequence[MetricRecord]) -> tuple[Scale, ...]:
    """The scales of all metrics, those in decibels right after the metric itself."""
    found = []
    for index, metric in enumerate(metrics):
        title = TITLES.get(metric.name, metric.name)
        found.append(Scale(metric.name, title, metric.unit, index, metric))
        if metric.name in IN_DECIBELS and metric.unit != "dB":
            found.append(Scale(f"{metric.name}_db", f"{title} (dB)", "dB", index, metric, decibels=True))
    return tuple(found)


def numbers(results: Results, published: Sequence[Published] = ()) -> Numbers:
    """Computes everything. Nothing that is missing raises: it is left out, and a warning says so."""
    views = scales(results.metrics)
    means, warnings = mean_points(results, views)
    warnings += [f"{f.codec}, {f.image} at {f.target}: {f.reason}" for f in results.failures]
    grouped = _by_image(results.points)
    comparisons = []
    for codec in results.codecs:
        if codec.name == results.anchor or not any(point.codec == codec.name for point in results.points):
            continue
        for position, scale in enumerate(views):
            comparisons.append(_compare(results, codec.name, scale, position, means, grouped))
    warnings += missed(results)
    warnings += _overlap_warnings(comparisons)
    if not any(point.codec == results.anchor for point in results.points):
        warnings.insert(0, f"the anchor {results.anchor} has no points: there are no BD-rates")
    if published and len(results.images) != PUBLISHED_IMAGES:
        warnings.append(
            f"published curves are means over {PUBLISHED_IMAGES} Kodak pictures; this run has {len(results.images)}: "
            "they are not comparable"
        )
    others = tuple(_published(results, views, means, published))
    overall = _overall(comparisons, results)
    return Numbers(results, views, tuple(means), tuple(comparisons), overall, tuple(warnings), others)


def mean_points(results: Results, views: Sequence[Scale]) -> tuple[list[MeanPoint], list[str]]:
    """Means over pictures at each target that has all pictures, and a line for each that has not."""
    groups: dict[tuple[str, str], list[Point]] = defaultdict(list)
    for point in results.points:
        groups[point.codec, point.target].append(point)
    published = {codec.name for codec in results.codecs if codec.kind == "published"}
    every = {image.name for image in results.images}
    means, warnings = [], []
    for (codec, target), points in groups.items():
        present = {point.image for point in points}
        if codec not in published and not every <= present:
            warnings.append(f"{codec} at {target}: {len(present)} of {len(every)} pictures, left out of the mean curve")
            continue
        raw = [_mean(point.values[k] for point in points) for k in range(len(results.metrics))]
        bpp = _mean(point.bits_per_sample for point in points)
        means.append(MeanPoint(codec, target, bpp, tuple(s.of(raw[s.index]) for s in views), len(points)))
    order = {codec.name: n for n, codec in enumerate(results.codecs)}
    return sorted(means, key=lambda point: (order.get(point.codec, len(order)), point.bpp)), warnings


def delta(
    anchor: Sequence[tuple[float, float]], test: Sequence[tuple[float, float]], scale: Scale, results: Results
) -> Delta:
    """Two curves of (bpp, value) against each other. Targets that met the same codestream are one point."""
    sign = 1.0 if scale.metric.higher_is_better else -1.0
    method, rates = cast(Method, results.bd_method), results.rate_range
    try:
        pair = [
            Curve.from_points(name, [(bpp, sign * value) for bpp, value in set(points)])
            for name, points in (("of the anchor", anchor), ("of the codec", test))
        ]
        part = overlap(pair[0], pair[1], rates)
        rate = bd_rate(pair[0], pair[1], rates, method)
    except InputError as error:
        return Delta(None, None, 0.0, str(error))
    try:
        gain = sign * bd_metric(pair[0], pair[1], rates, method)
    except InputError:
        gain = None
    return Delta(rate, gain, part, "" if part >= ENOUGH_OVERLAP else f"overlap {100 * part:.0f} %")


def _compare(
    results: Results,
    codec: str,
    scale: Scale,
    position: int,
    means: Sequence[MeanPoint],
    grouped: dict[tuple[str, str], list[Point]],
) -> Comparison:
    def mean_curve(name: str) -> list[tuple[float, float]]:
        return [(point.bpp, point.values[position]) for point in means if point.codec == name]

    each = []
    for image in results.images:
        pair = [grouped.get((name, image.name), []) for name in (results.anchor, codec)]
        if all(pair):
            curves = [[(p.bits_per_sample, scale.of(p.values[scale.index])) for p in points] for points in pair]
            each.append((image.name, delta(curves[0], curves[1], scale, results)))
    rates = [found.rate for _, found in each if found.rate is not None]
    complete = bool(rates) and len(rates) == len(results.images)
    return Comparison(
        codec,
        scale,
        delta(mean_curve(results.anchor), mean_curve(codec), scale, results),
        tuple(each),
        _mean(rates) if complete else None,
        bootstrap.interval(rates) if complete else None,
    )


def _published(
    results: Results, views: Sequence[Scale], means: Sequence[MeanPoint], published: Iterable[Published]
) -> Iterator[PublishedDelta]:
    for one in published:
        for position, scale in enumerate(views):
            curve = one.curve(scale.name)
            if curve:
                anchor = [(point.bpp, point.values[position]) for point in means if point.codec == results.anchor]
                points = list(zip(curve.bpp, curve.metric, strict=True))
                yield PublishedDelta(one.title, one.source, scale, delta(anchor, points, scale, results))


def _overall(comparisons: Sequence[Comparison], results: Results) -> tuple[Overall, ...]:
    wanted = sum(metric.in_average for metric in results.metrics)
    found = []
    for codec in dict.fromkeys(c.codec for c in comparisons):
        parts = [c for c in comparisons if c.codec == codec and c.scale.metric.in_average and not c.scale.decibels]
        curves = [c.mean.rate for c in parts if c.mean.rate is not None]
        usable = [c for c in parts if c.average is not None]
        by_image = zip(*([d.rate or 0.0 for _, d in c.images] for c in usable), strict=True)
        each = [_mean(rates) for rates in by_image]
        complete = bool(usable) and len(usable) == len(parts)
        found.append(
            Overall(
                codec,
                _mean(curves) if curves and len(curves) == len(parts) else None,
                _mean(each) if complete else None,
                bootstrap.interval(each) if complete else None,
                len(usable),
                wanted,
            )
        )
    return tuple(found)


def _overlap_warnings(comparisons: Sequence[Comparison]) -> list[str]:
    """A few lines, whatever the number of codecs, metrics and pictures."""
    lines, parts = [], []
    for codec in dict.fromkeys(found.codec for found in comparisons):
        mine = [found for found in comparisons if found.codec == codec]
        none = [f"{c.scale.title}: {c.mean.problem}" for c in mine if c.mean.rate is None]
        with_rate = [c for c in mine if c.mean.rate is not None and c.mean.problem]
        lacking = [f"{image} ({c.scale.title})" for c in mine for image, each in c.images if each.rate is None]
        short = [1 for c in mine for _, each in c.images if each.rate is not None and each.problem]
        lines += [f"{codec}: mean curve without BD-rate: {line}" for line in none]
        if lacking:
            lines.append(f"{codec}: no BD-rate, and therefore no mean of pictures, for {_some(lacking)}")
        if with_rate or short:
            total = sum(len(c.images) for c in mine)
            least = min(with_rate, key=lambda c: c.mean.overlap, default=None)
            worst = f" (least: {least.scale.title}, {math.floor(100 * least.mean.overlap)} %)" if least else ""
            curves = f"{codec}: {len(with_rate)} of {len(mine)} mean curves{worst}"
            parts.append(f"{curves} and {len(short)} of {total} of single pictures")
    if parts:
        share = f"{100 * ENOUGH_OVERLAP:.0f} %"
        lines.append(f"BD-rates that rest on less than {share} of the anchor's curve: {'; '.join(parts)}")
    return lines


def missed(results: Results) -> list[str]:
    """A line for each codec that could not meet its rates everywhere: its settings end there."""
    lines = []
    for codec in results.codecs:
        off: dict[str, list[float]] = defaultdict(list)
        for point in results.points:
            number, _, unit = point.target.partition(" ")
            if point.codec == codec.name and unit == "bpp":
                ratio = point.bits_per_sample / float(number)
                if max(ratio, 1 / ratio) > MISSED:
                    off[point.target].append(point.bits_per_sample)
        rates = [
            f"{target} on {len(found)} of {len(results.images)} pictures, up to {max(found):.2f}"
            for target, found in off.items()
        ]
        if rates:
            lines.append(f"{codec.name}: has no setting within {100 * MISSED - 100:.0f} % of {'; '.join(rates)}")
    return lines


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _by_image(points: Iterable[Point]) -> dict[tuple[str, str], list[Point]]:
    grouped: dict[tuple[str, str], list[Point]] = defaultdict(list)
    for point in points:
        grouped[point.codec, point.image].append(point)
    return grouped


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return math.fsum(listed) / len(listed)
