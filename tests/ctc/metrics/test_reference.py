# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A reference that is prepared once gives the values that it would give each time."""

from __future__ import annotations

import numpy as np
import pytest

from refsw.ctc.metrics import Pair, Reference, measure_all, metric, names, planes
from refsw.types import Image
from tests.ctc.metrics.pairs import damaged, reference

OWN = [name for name in names() if metric(name).backend is None]


@pytest.mark.parametrize(("channels", "depth"), [(3, 8), (3, 10), (1, 8)])
def test_values_are_equal_bit_for_bit(channels: int, depth: int) -> None:
    image = reference(70, 91, channels, depth)
    wanted = [name for name in OWN if channels == 3 or name not in ("psnr_cb", "psnr_cr")]
    prepared = Reference(image)
    for step in (4, 14, 40):
        picture = damaged(image, step)
        pair = Pair(image, picture, prepared)
        assert tuple(metric(name).of(pair) for name in wanted) == measure_all(wanted, image, picture)


def test_derivatives_are_computed_once_and_of_small_pictures_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def derive(one: Reference) -> int:
        calls.append(one)
        return len(calls)

    small = Reference(Image(np.zeros((4, 4, 3), np.uint8)))
    assert [small.derived(derive) for _ in range(3)] == [1, 1, 1]
    monkeypatch.setattr(planes, "KEPT_SAMPLES", 15)
    large = Reference(Image(np.zeros((4, 4, 3), np.uint8)))
    assert [large.derived(derive) for _ in range(3)] == [2, 3, 4]
    assert large.luma is large.luma and large.rgb is large.rgb
