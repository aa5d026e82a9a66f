# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Every metric against an independent program; values by peers.py, tolerances as in docs/metrics.md."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from refsw.ctc.metrics import measure_all, metric, names
from tests.ctc.metrics.pairs import CASES, case

EXPECTED: dict[str, dict[str, float]] = json.loads((Path(__file__).parent / "expected.json").read_text())
TOLERANCE = dict.fromkeys(names(), 2e-9) | {"fsim": 2e-6, "iwssim": 5e-7}


@pytest.mark.parametrize("name", CASES)
def test_independent_values(name: str) -> None:
    expected = EXPECTED[name]
    measured = dict(zip(expected, measure_all(expected, *case(name)), strict=True))
    assert {key: abs(measured[key] - value) for key, value in expected.items()} == {
        key: pytest.approx(0, abs=TOLERANCE[key]) for key in expected
    }


def test_every_metric_that_is_computed_here_has_a_peer() -> None:
    own = {name for name in names() if metric(name).backend is None}
    assert own == set().union(*EXPECTED.values())
