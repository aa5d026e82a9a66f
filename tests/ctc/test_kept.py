# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Pictures for a report come from the data and from the codestreams that were kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from refsw.ctc.cache import Cache
from refsw.ctc.engine import assemble
from refsw.ctc.kept import Kept
from refsw.ctc.work import perform
from refsw.io import read_image
from refsw.types import digest
from tests.support.ctc import toy_plan


def test_sources_and_decoded_pictures(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    plan = toy_plan(tmp_path / "data", 0)
    perform(plan.groups(cache)[0], cache)
    results = assemble(plan, cache, {}, "")
    kept = Kept(plan, cache)
    source = kept.original(results.images[0])
    assert source and np.array_equal(read_image(source).samples, plan.sources[0].read().samples)
    point = results.points[0]
    path = kept.decoded(point)
    assert path and digest(read_image(path).samples) == point.picture_sha256
    assert kept.decoded(point) == path
    assert kept.original(replace(results.images[0], sha256="00")) is None
    assert kept.decoded(replace(point, stream_sha256="00", picture_sha256="11")) is None
    assert kept.decoded(replace(point, picture_sha256="11")) is None  # decodes to another picture now
