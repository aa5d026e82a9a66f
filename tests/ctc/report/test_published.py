# SPDX-License-Identifier: BSD-3-Clause-Clear
"""BD-rates of published curves against each other: every row of the table in shared/research/peers.md."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from refsw.ctc.bdrate import bd_rate
from refsw.ctc.report.published import choose, published
from refsw.errors import UsageError

EXPECTED = json.loads(Path(__file__).with_name("published_bd_rates.json").read_text(encoding="utf-8"))
ROWS = [(metric, name, rate) for metric in ("psnr_rgb", "msssim_rgb_db") for name, rate in EXPECTED[metric].items()]


@pytest.mark.parametrize(("metric", "name", "expected"), ROWS)
def test_against_vtm(metric: str, name: str, expected: float) -> None:
    """The table has one decimal: what is within 0.05 points (and the last bit of it) rounds to the same."""
    anchor, test = (curve.curve(metric) for curve in choose("vtm", name))
    assert anchor and test
    assert bd_rate(anchor, test) == pytest.approx(expected, abs=0.05 + 1e-9)


def test_every_curve_names_its_source() -> None:
    assert len(published()) == 38
    assert all(curve.source and curve.title and curve.bpp for curve in published())
    assert choose("paper-bmshj2018-factorized")[0].curve("msssim_rgb_db") is None


def test_unknown_curve() -> None:
    with pytest.raises(UsageError, match="vtm"):
        choose("vtn")
