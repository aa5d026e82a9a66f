# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What a plan will take comes from what the same codecs and metrics took."""

from __future__ import annotations

from pathlib import Path

import pytest

from refsw.ctc.cache import Cache
from refsw.ctc.estimate import estimate
from refsw.ctc.work import perform
from tests.support.ctc import toy_plan


def test_unknown_then_known_then_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    plan = toy_plan(tmp_path / "data", 0, 1)
    (row,) = estimate(plan, cache)
    assert (row.jobs, row.to_code, row.to_measure, row.seconds) == (6, 6, 0, None)
    perform(plan.groups(cache)[0], cache)
    (row,) = estimate(plan, cache)
    spent = sum(c.cpu_seconds for c in cache.codings()) + sum(v.cpu_seconds for v in cache.values())
    assert (row.to_code, row.to_measure) == (3, 0)
    assert row.seconds == pytest.approx(spent)
    perform(plan.groups(cache)[0], cache)
    assert estimate(plan, cache)[0].seconds == 0
