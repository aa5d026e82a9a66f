# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Every deliberately wrong decoder is caught by the vector that caught.json names; the score is gated."""

from __future__ import annotations

import json

import numpy as np
import pytest

from conformance.independent.main import specification
from conformance.independent.switched import Switched
from conformance.mutants.behaviours import BEHAVIOURS
from conformance.mutants.decoder import MUTANTS, RARE, Decoder
from conformance.mutants.outputs import OUTPUTS
from conformance.mutants.score import PROCESSES, in_process, names
from conformance.mutants.switched import Parts
from conformance.runner.claim import Claim, load_claim
from conformance.runner.suite import Suite
from refsw.models import load_package
from tests.conformance.conftest import ROOT

RECORD = json.loads((ROOT / "conformance" / "mutants" / "caught.json").read_bytes())
SAMPLE = ("skip-at-threshold", "escape-sign", "leaky-no-rounding", "sum-unclamped", "tiles-no-overlap", "chroma-floor",
          "regions-dependent", "states-unchecked", "alpha-modulo", "condition-forgotten", "lattice-order",
          "error-off-by-one", "phase-ignored", "low-bits-upper-first", "map-not-mean", "map-clamped-early",
          "point-bop")  # fmt: skip
"""Mutants inside the decoder that a test runs; tools/mutation_score.py runs all."""
OF_A = ("filters-reversed", "filters-across", "filters-by-tile", "filters-by-block", "linear-no-half", "linear-reach-2",
        "linear-32-bit", "linear-chroma-late", "linear-edge-0", "switched-threshold-above", "switched-direction-tie",
        "switched-limit-below", "switched-p-no-half", "switched-quality-end", "switched-edge-mirrored",
        "accepts-payload-tail", "accepts-no-plane-1", "accepts-tool-order", "resolution-phase-reversed",
        "resolution-half-less", "resolution-rows-first", "resolution-clipped-above", "resolution-after-colour",
        "resolution-before-filters", "resolution-side-up", "accepts-displayed-size", "scaling-sign",
        "scaling-symbols-alone", "scaling-band-with-map", "accepts-band-steps", "local-floor", "local-symbols-alone",
        "local-of-luma", "local-before-bands", "point-bop-weights", "point-first")  # fmt: skip
"""Mutants of decoder A that a test runs."""


def test_score() -> None:
    from suitegen.patched_layers import ALL as PATCHES

    mutants = {*OUTPUTS, *BEHAVIOURS, *MUTANTS, *PATCHES}
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


@pytest.fixture(scope="module")
def decoder(suite: Suite) -> Decoder:
    return Decoder(suite, load_claim(ROOT / "conformance" / "claims" / "experimental-1-exact.yaml", suite))


@pytest.mark.parametrize("mutant", OF_A)
def test_named_vector_catches_a_wrong_line_of_decoder_a(suite: Suite, decoder: Decoder, mutant: str) -> None:
    if mutant in RARE and mutant not in RECORD["caught"]:
        pytest.skip(RECORD["survivors"][mutant])
    vector = suite.vector(RECORD["caught"][mutant])
    assert decoder.verdict(vector).status == "PASS"
    assert decoder.verdict(vector, MUTANTS[mutant]).status not in ("PASS", "CRASH")


@pytest.mark.parametrize("bit_depth", [8, 12])
def test_parts_of_the_switched_filter_are_right_as_they_stand(bit_depth: int) -> None:
    random = np.random.default_rng(5)
    planes = random.integers(0, 16 * ((1 << bit_depth) - 1) + 1, (3, 20, 30)) >> random.integers(0, 5, (3, 20, 30))
    own = Switched(((31, 4, 9), (8, 8, 30), (1, 2, 3)), (700, 2048, 2048))
    found = Parts().filter(own, planes, bit_depth, specification())
    assert np.array_equal(found, own.filter(planes, bit_depth, specification()))
