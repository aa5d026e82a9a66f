# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The suite comes from seeds: what is built again is what is shipped. All of it: tools/make_suite.py --check."""

from __future__ import annotations

import json

import pytest

from conformance.runner.suite import Suite
from refsw.models import load_package
from refsw.numerics import numerics


def test_a_sample_is_reproduced(capsys: pytest.CaptureFixture[str]) -> None:
    from make_suite import main

    words = ["--check"]
    for name in (
        "size-17x33",
        "chroma-422-odd",
        "drawn-512",
        "region-rows-independent",
        "alpha-16",
        "colour-bt601-8",
        "lossless-grey-16",
        "map-drawn",
    ):
        words += ["--only", name]
    assert main(words) == 0, capsys.readouterr().out


def test_coverage_has_not_fallen(suite: Suite) -> None:
    from suitegen.bench import Bench
    from suitegen.coverage import measure

    bench = Bench(load_package("base"))
    with numerics(1):
        measured = measure(bench, ((vector.id, suite.stream(vector)) for vector in suite.vectors))
    shipped = json.loads((suite.folder / "coverage.json").read_bytes())
    assert measured.bins == shipped["bins"] and measured.holes == shipped["holes"]
    assert all(measured.holes.values())
    assert measured.share >= 0.88
