# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The shipped suite, and a decoder that plays it back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conformance.runner.adapter import Adapter
from conformance.runner.claim import Claim, load_claim
from conformance.runner.suite import Suite, find_suite, load_suite

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def suite() -> Suite:
    return load_suite(find_suite("smoke")[0])


@pytest.fixture(scope="session")
def exact(suite: Suite) -> Claim:
    return load_claim(ROOT / "conformance" / "claims" / "base-1-exact.yaml", suite)


@pytest.fixture(scope="session")
def few(suite: Suite) -> Suite:
    """A dozen vectors of all kinds."""
    names = (
        "size-17x33",
        "depth-10",
        "chroma-420",
        "alpha-8",
        "grey-16",
        "cut-50",
        "digest-0",
        "alpha-bomb",
        "bytes-empty",
        "other-weights",
        "digest-plane",
        "symbol-16-bit",
    )
    return replace(suite, vectors=tuple(suite.vector(name) for name in names))


def replay(*more: str) -> Adapter:
    """The decoder that plays golden values back; more: words of its command line."""
    words = (
        "{python}",
        "-m",
        "conformance.mutants.replay",
        "{stream}",
        "--suite",
        "{suite}",
        "--output",
        "{output}",
        "--result",
        "{result}",
        *more,
    )
    return Adapter("replay", words, environment={"PYTHONPATH": str(ROOT)})
