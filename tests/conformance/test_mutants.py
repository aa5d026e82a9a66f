# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Every deliberately wrong decoder is caught by the vector that caught.json names; the score is gated."""

from __future__ import annotations

import json

import pytest

from conformance.mutants.behaviours import BEHAVIOURS
from conformance.mutants.outputs import OUTPUTS
from conformance.mutants.score import PROCESSES, in_process, names
from conformance.runner.claim import Claim
from conformance.runner.suite import Suite
from refsw.models import load_package
from tests.conformance.conftest import ROOT

RECORD = json.loads((ROOT / "conformance" / "mutants" / "caught.json").read_bytes())
SAMPLE = ("skip-at-threshold", "escape-sign", "leaky-no-rounding", "sum-unclamped", "tiles-no-overlap", "chroma-floor",
          "regions-dependent", "states-unchecked", "alpha-modulo", "condition-forgotten", "lattice-order",
          "error-off-by-one", "phase-ignored", "low-bits-upper-first", "map-not-mean", "map-clamped-early")  # fmt: skip
"""Mutants inside the decoder that a test runs; tools/mutation_score.py runs all."""


def test_score() -> None:
    from suitegen.patched_layers import ALL as PATCHES

    mutants = {*OUTPUTS, *BEHAVIOURS, *PATCHES}
    caught, survivors = RECORD["caught"], RECORD["survivors"]
    assert len(mutants) >= 100 and set(caught) | set(survivors) == mutants
    share = len(caught) / len(mutants)
    print(f"mutation score {100 * share:.1f} % of {len(mutants)}")
    assert share >= 0.95 and all(survivors.values())
    assert set(PROCESSES) <= set(BEHAVIOURS)


@pytest.mark.parametrize("mutant", names())
def test_named_vector_catches_mutant(suite: Suite, exact: Claim, mutant: str) -> None:
    vector = suite.vector(RECORD["caught"][mutant])
    assert in_process(suite, vector, exact, "").status == "PASS"
    assert in_process(suite, vector, exact, mutant).status != "PASS"


@pytest.mark.parametrize("mutant", SAMPLE)
def test_named_vector_catches_a_wrong_line(suite: Suite, mutant: str) -> None:
    from mutation_score import outcome
    from suitegen.bench import Bench
    from suitegen.patched_layers import ALL as PATCHES

    bench = Bench(load_package("base"))
    vector = suite.vector(RECORD["caught"][mutant])
    with PATCHES[mutant].applied():
        assert outcome(suite, bench, vector) not in ("PASS", "CRASH")
