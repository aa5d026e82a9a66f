# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Adversarial latents against the shipped weights: near the proven bounds, and still exact."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import ModuleType

import pytest


def test_adversarial_latents(tool: Callable[[str], ModuleType], capsys: pytest.CaptureFixture[str]) -> None:
    assert tool("exact_bounds").main(["--side", "3", "--quality", "2048"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("equals the definition") == 8
    shares = {name: float(share) for share, name in re.findall(r"^ *([\d.]+)% .* (\S+)$", printed, re.MULTILINE)}
    assert shares["primary.hyper_mean.layers.0"] > 99
    assert shares["primary.synthesis.bop.first"] > 25
    assert all(share <= 100 for share in shares.values())
