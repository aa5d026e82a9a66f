# SPDX-License-Identifier: BSD-3-Clause-Clear
"""LPIPS and DISTS: what reaches the network, with a stand-in for it; the real ones need torchvision and weights."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from refsw.ctc.metrics import learned, metric
from refsw.errors import InputError, UnsupportedError
from refsw.types import Image


@pytest.mark.parametrize(("name", "network", "low"), [("lpips", "_lpips_network", -1), ("dists", "_dists_network", 0)])
def test_networks_are_given_rgb_in_their_range(
    monkeypatch: pytest.MonkeyPatch, name: str, network: str, low: int
) -> None:
    seen: list[Any] = []

    def distance(x: Any, y: Any) -> float:
        seen.extend((x, y))
        return 0.25

    monkeypatch.setattr(learned, network, lambda: distance)
    present = replace(metric(name), missing=lambda: None)
    black = Image(np.zeros((64, 70, 1), np.uint16), 10)
    white = Image(np.full((64, 70, 1), 1023, np.uint16), 10)
    assert present.measure(black, white) == 0.25
    assert [tuple(one.shape) for one in seen] == [(1, 3, 64, 70)] * 2
    assert (seen[0].min(), seen[0].max(), seen[1].min(), seen[1].max()) == (low, low, 1, 1)
    with pytest.raises(InputError, match="at least 64"):
        present.measure(Image(black.samples[:63], 10), Image(white.samples[:63], 10))


@pytest.mark.parametrize("name", ["lpips", "dists"])
def test_weights_are_never_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    image = Image(np.zeros((64, 64, 3), np.uint8))
    monkeypatch.setattr(importlib.util, "find_spec", lambda module: None)
    with pytest.raises(UnsupportedError, match=f"metric {name}: needs the package"):
        metric(name).measure(image, image)
    monkeypatch.setattr(importlib.util, "find_spec", lambda module: True)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(UnsupportedError, match=r"needs the weights .*\.pth, which are not fetched at run time"):
        metric(name).measure(image, image)
