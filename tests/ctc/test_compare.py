# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Every difference of two results has a line, and times have none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from refsw.ctc.compare import differences
from refsw.ctc.results import Point, Results
from tests.ctc.report.synthetic import results, with_failure

RUN = results()


def test_equal_but_for_times() -> None:
    other = replace(RUN, points=tuple(replace(p, timing=()) for p in RUN.points), command="", environment=())
    assert differences(RUN, other) == () and RUN.digest() == other.digest()


def first(**changes: object) -> Results:
    point: Point = replace(RUN.points[0], **changes)  # type: ignore[arg-type]
    return replace(RUN, points=(point, *RUN.points[1:]))


@pytest.mark.parametrize(
    ("other", "line"),
    [
        (replace(RUN, bd_method="akima"), "bd_method: akima, published pchip"),
        (replace(RUN, images=RUN.images[1:]), "image kodim01: is missing"),
        (replace(RUN, metrics=(replace(RUN.metrics[0], version="2"), *RUN.metrics[1:])), "metric msssim: version 2"),
        (first(stream_sha256="00"), "another codestream"),
        (first(picture_sha256="00"), "decodes to another picture"),
        (first(values=(0.5, *RUN.points[0].values[1:])), "0.12 bpp: msssim 0.5, published"),
        (replace(RUN, points=RUN.points[1:]), "kodim01 jpeg 4:2:0 0.12 bpp: is missing"),
        (with_failure(RUN), "failures: 1, published 0"),
    ],
)
def test_every_difference_has_a_line(other: Results, line: str) -> None:
    found = differences(RUN, other)
    assert found and any(line in text for text in found)
    assert other.digest() != RUN.digest()
