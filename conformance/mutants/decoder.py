# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Decoder A in this process, as it is or with a wrong line, judged as the runner judges any decoder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from conformance.independent.library import Library
from conformance.independent.main import PROGRAM, ROOT, Job, run, specification
from conformance.independent.picture import Decoded, decode_picture
from conformance.mutants.enlarge import ENLARGE
from conformance.mutants.filters import FILTERS
from conformance.mutants.local import LOCAL
from conformance.mutants.patch import Patch
from conformance.mutants.points import POINTS
from conformance.mutants.scaling import SCALING
from conformance.mutants.score import Caught
from conformance.mutants.switched import SWITCHED
from conformance.runner.claim import Claim
from conformance.runner.judge import PASS, Verdict, judge
from conformance.runner.process import Outcome
from conformance.runner.suite import Suite, Vector

CRASHED = 5
MUTANTS: Mapping[str, Patch] = {**FILTERS, **SWITCHED, **ENLARGE, **SCALING, **LOCAL, **POINTS}
"""Decoder A with one wrong line."""
RARE = frozenset({
    "linear-half-less", "linear-half-away", "linear-32-bit", "linear-unclipped", "switched-half-away",
    "switched-unclipped", "switched-threshold-above", "switched-threshold-rounded", "switched-direction-strict",
    "switched-direction-tie", "switched-direction-flat", "scaling-limit-above", "scaling-limit-below",
    "local-half-less", "local-clamped-to-8", "local-unclamped",
})  # fmt: skip
RARE_REASON = "With these weights no sample of the suite is where the line matters; its bin is a hole as well."
"""Mutants that differ at few samples, which other weights may not have, and what holds of one that survives then."""


@dataclass(frozen=True, eq=False)
class Decoder:
    """Decoder A; networks that it has built are kept."""

    suite: Suite
    claim: Claim
    models: Path = ROOT / "refsw" / "models"

    @cached_property
    def library(self) -> Library:
        """What it takes from files."""
        return Library(self.models, specification())

    def verdict(self, vector: Vector, patch: Patch | None = None) -> Verdict:
        """What the runner says of it."""

        def decode(data: bytes, wanted: str | None, keep: bool) -> Decoded:
            return decode_picture(data, self.library, wanted, keep)

        with tempfile.TemporaryDirectory(prefix="refsw-conform-") as name, patch.applied() if patch else nullcontext():
            output, result = Path(name) / "planes.raw", Path(name) / "result.json"
            job = Job(self.suite.folder / vector.stream, output, result, vector.operating_point, None)
            try:
                code = run(job, PROGRAM, decode)
            except Exception:  # what a wrong line leads to where nobody expects it
                code = CRASHED
            return judge(self.suite, vector, self.claim, Outcome(code, "", "", 0.0, 0.0), output, result)

    def catch(self, name: str, patch: Patch, vectors: Iterable[Vector]) -> Caught:
        """The first vector that it does not pass with this wrong line."""
        for vector in vectors:
            found = self.verdict(vector, patch)
            if found.status != PASS:
                return Caught(name, patch.text, vector.id, found.status)
        return Caught(name, patch.text, "", "")
