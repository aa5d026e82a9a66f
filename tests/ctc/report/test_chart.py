# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Curves that leave the frame of a chart end at its edge."""

from __future__ import annotations

import re

import pytest

from refsw.ctc.report.chart import Frame, Series, _inside_unit, line_chart

OWN = Series("own", ((0.1, 30.0), (1.0, 40.0)), 0)


def path(svg: str, kind: str) -> list[tuple[float, float]]:
    found = re.search(rf'class="{kind} c\d" d="M([^"]+)"', svg)
    return [(float(x), float(y)) for x, y in (pair.split() for pair in found[1].split("L"))] if found else []


def test_published_curve_is_cut_at_the_frame_and_does_not_stretch_it() -> None:
    frame = Frame()
    other = Series("other", ((0.2, 35.0), (4.0, 60.0)), 1, True)
    svg = line_chart([OWN, other], "bpp", "dB", frame, "")
    alone = line_chart([OWN], "bpp", "dB", frame, "")
    assert path(svg, "curve") == path(alone, "curve")
    (_, _), (x, y) = path(svg, "curve published")
    assert y == pytest.approx(frame.top, abs=0.1) or x == pytest.approx(frame.width - frame.right, abs=0.1)


def test_published_curve_outside_is_not_drawn() -> None:
    svg = line_chart([OWN, Series("other", ((3.0, 70.0), (4.0, 80.0)), 1, True)], "bpp", "dB", Frame(), "")
    assert path(svg, "curve published") == []


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((0.2, 0.2), (0.8, 0.4), ((0.2, 0.2), (0.8, 0.4))),
        ((-1.0, 0.5), (2.0, 0.5), ((0.0, 0.5), (1.0, 0.5))),
        ((0.5, 0.5), (0.5, 1.5), ((0.5, 0.5), (0.5, 1.0))),
        ((-0.5, 1.2), (0.5, 1.4), None),
        ((-1.0, 0.5), (-0.5, 0.6), None),
        ((0.3, 0.3), (0.3, 0.3), ((0.3, 0.3), (0.3, 0.3))),
    ],
)
def test_clipping(
    first: tuple[float, float], second: tuple[float, float], expected: tuple[tuple[float, float], ...] | None
) -> None:
    found = _inside_unit(first, second)
    assert found == (expected and (pytest.approx(expected[0]), pytest.approx(expected[1])))
