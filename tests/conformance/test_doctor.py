# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The doctor names what is wrong with a layout."""

from __future__ import annotations

import pytest

from conformance.runner.claim import load_claim
from conformance.runner.doctor import examine
from conformance.runner.execute import Options
from conformance.runner.suite import Suite
from tests.conformance.conftest import ROOT, replay


@pytest.mark.parametrize(("mutant", "text"), [
    ("", ""), ("planes-reversed", "planes swapped: they come as B G R"), ("big-endian", "big-endian"),
    ("rows-padded", "rows are padded to multiples of 64"), ("shifted-left", "shifted left by 6"),
    ("eight-bit-precision", ""), ("upside-down", "bottom"), ("interleaved", "interleaved"), ("constant", "constant"),
    ("no-output", "exit 0 and no planes.raw"), ("says-eight-bits", "bit_depth is '8', expected 10"),
    ("transposed", "transposed"),
])  # fmt: skip
def test_diagnosis(suite: Suite, mutant: str, text: str) -> None:
    findings = examine(suite, replay("--mutant", mutant), Options())
    problems = " / ".join(finding.text for finding in findings if not finding.healthy)
    assert (text in problems) if text else not problems, problems


def test_a_claim_of_profile_simple_has_vectors_of_its_own(suite: Suite) -> None:
    claim = load_claim(ROOT / "conformance" / "claims" / "simple-1-exact.yaml", suite)
    findings = examine(suite, replay(), Options(), claim)
    assert [one.vector for one in findings if one.healthy] == [
        "simple-size-17x33", "simple-depth-10", "simple-chroma-420"
    ]  # fmt: skip
