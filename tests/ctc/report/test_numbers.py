# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Rates that a codec cannot meet, and which scale of a metric stands in the first table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from refsw.ctc.report.numbers import numbers
from refsw.ctc.report.tables import bd_rates, complexity
from refsw.ctc.results import MetricRecord, Point, Results
from tests.ctc.report.synthetic import results

CODEC = "refsw base sop"


def floored(run: Results) -> Results:
    """The same run, but the codec's least file on the first picture is that of 0.25 bpp."""
    image = run.images[0].name
    least = next(p for p in run.points if (p.image, p.codec, p.target) == (image, CODEC, "0.25 bpp"))

    def point(p: Point) -> Point:
        return replace(least, target=p.target) if (p.image, p.codec, p.target) == (image, CODEC, "0.12 bpp") else p

    return replace(run, points=tuple(map(point, run.points)))


def test_a_codestream_that_meets_two_targets_is_one_point() -> None:
    plain, run = numbers(results(3)), numbers(floored(results(3)))
    scale = next(s for s in run.scales if s.name == "psnr_y")
    first, second = (found.comparison(CODEC, scale) for found in (plain, run))
    assert first and second and first.average is not None and second.average is not None
    assert second.average == pytest.approx(first.average, abs=1)


def test_rates_that_were_not_met_are_said_once() -> None:
    lines = [line for line in numbers(floored(results(3))).warnings if "no setting" in line]
    assert lines == [f"{CODEC}: has no setting within 10 % of 0.12 bpp on 1 of 3 pictures, up to 0.25"]
    assert not any("no setting" in line for line in numbers(results(3)).warnings)


def test_first_table_has_one_column_a_metric() -> None:
    run = results(2)
    seven = numbers(run)
    assert [s.name for s in seven.headline()] == ["msssim", "nlpd", "psnr_y"]
    metrics = (replace(run.metrics[0], in_average=False), *run.metrics[1:])
    others = numbers(replace(run, metrics=metrics))
    assert [s.name for s in others.headline()] == ["msssim_db", "nlpd", "psnr_y"]
    assert [c.title for c in bd_rates(others).columns][-3:] == ["MS-SSIM (dB)", "NLPD", "PSNR Y"]


def test_complexity_stands_beside_what_it_buys() -> None:
    table = complexity(numbers(results(3)))
    rates = {row[0]: row[1] for row in table.rows}
    assert rates["jpeg 4:2:0"] == 0
    assert float(str(rates["refsw base bop"])) < float(str(rates[CODEC])) < 0


def test_rates_of_fixed_qualities_are_no_targets() -> None:
    run = results(2)
    points = tuple(replace(p, target=f"quality {n}") for n, p in enumerate(run.points))
    assert isinstance(run.metrics[0], MetricRecord)
    assert not any("no setting" in line for line in numbers(replace(run, points=points)).warnings)
