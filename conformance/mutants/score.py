# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Which vector catches which mutant, and what share of mutants is caught."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from conformance.mutants.behaviours import BEHAVIOURS
from conformance.mutants.outputs import OUTPUTS
from conformance.mutants.replay import play
from conformance.runner.claim import Claim
from conformance.runner.judge import PASS, Verdict, judge
from conformance.runner.process import Outcome
from conformance.runner.suite import Suite, Vector

PROCESSES = {
    "crashes": "bytes-empty",
    "segfaults": "cut-50",
    "aborts": "size-17x33",
    "hangs": "cut-50",
    "child-hangs": "cut-50",
    "eats-memory": "cut-50",
    "floods-the-disk": "size-17x33",
}
"""Mutants that need a process of their own, and what catches each; tests/conformance/test_run.py runs them."""


@dataclass(frozen=True)
class Caught:
    """A mutant, the vector that catches it ("" for none), and its verdict."""

    mutant: str
    text: str
    vector: str
    status: str


def in_process(suite: Suite, vector: Vector, claim: Claim, mutant: str) -> Verdict:
    """The verdict on a mutant of outputs or behaviours that needs no process."""
    with tempfile.TemporaryDirectory(prefix="refsw-conform-") as name:
        output, result = Path(name) / "planes.raw", Path(name) / "result.json"
        code = play(suite, vector, mutant, output, result)
        return judge(suite, vector, claim, Outcome(code, "", "", 0.0, 0.0), output, result)


def catch(suite: Suite, claim: Claim, mutant: str, vectors: Iterable[Vector]) -> Caught:
    """The first vector that does not pass."""
    text = (OUTPUTS.get(mutant) or BEHAVIOURS[mutant]).text
    for vector in vectors:
        verdict = in_process(suite, vector, claim, mutant)
        if verdict.status != PASS:
            return Caught(mutant, text, vector.id, verdict.status)
    return Caught(mutant, text, "", "")


def names() -> tuple[str, ...]:
    """All mutants that need no process."""
    return tuple(name for name in (*OUTPUTS, *BEHAVIOURS) if name not in PROCESSES)


def score(caught: Iterable[Caught], explained: Mapping[str, str]) -> tuple[float, list[str]]:
    """Share of mutants that are caught, and survivors without an explanation."""
    found = list(caught)
    alive = [one.mutant for one in found if not one.vector]
    return 1 - len(alive) / max(1, len(found)), [name for name in alive if name not in explained]
