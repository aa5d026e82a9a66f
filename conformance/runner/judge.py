# SPDX-License-Identifier: BSD-3-Clause-Clear
"""From what a decoder did with one vector to a verdict."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from conformance.runner.claim import Claim
from conformance.runner.compare import (
    Divergence,
    Measure,
    first_plane_divergence,
    geometry_problem,
    measures,
    tile_peaks,
)
from conformance.runner.planes import Geometry, Plane, split
from conformance.runner.process import Outcome
from conformance.runner.suite import Suite, Tolerance, Vector

DECODED, REJECTED, UNSUPPORTED = 0, 3, 6
PASS = "PASS"
STATUSES = (
    PASS, "FAIL", "BAD-RESULT", "ACCEPTED-WRONGLY", "REJECTED-WRONGLY", "UNSUPPORTED", "CRASH", "TIMEOUT", "MEMORY",
    "SUITE-ERROR", "NOT-RUN", "OUTSIDE",
)  # fmt: skip
_EXACT = Tolerance(0, 0, 0, 0)
_RESULT_BYTES = 1 << 16


@dataclass(frozen=True)
class Verdict:
    """What holds of one vector. OUTSIDE: it is not part of the claim; NOT-RUN is not a pass.

    divergence, measures, peaks: where planes differ first, by how much each, and by how much each tile of the worst.
    """

    vector: str
    status: str
    detail: str = ""
    divergence: Divergence | None = None
    measures: tuple[Measure, ...] = ()
    peaks: tuple[tuple[float, ...], ...] = ()
    seconds: float = 0.0
    peak_mib: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a report."""
        return {
            "id": self.vector,
            "status": self.status,
            "detail": self.detail,
            "divergence": self.divergence and self.divergence.to_dict(),
            "peaks": [list(row) for row in self.peaks],
            "measures": [one.to_dict() for one in self.measures],
            "seconds": round(self.seconds, 3),
            "peak_mib": round(self.peak_mib, 1),
        }


def judge(suite: Suite, vector: Vector, claim: Claim, outcome: Outcome, output: Path, result: Path) -> Verdict:
    """The verdict on one run. Raises SuiteError where the suite is damaged."""
    verdict = _judge(suite, vector, claim, outcome, output, result)
    return replace(verdict, seconds=outcome.seconds, peak_mib=outcome.peak_mib)


def _judge(suite: Suite, vector: Vector, claim: Claim, outcome: Outcome, output: Path, result: Path) -> Verdict:
    said = f": {outcome.message}" if outcome.message else ""
    if outcome.ended:
        limit = f"{vector.seconds:g} s" if outcome.ended == "timeout" else f"{vector.memory_mib} MiB"
        return Verdict(
            vector.id, outcome.ended.upper(), f"ended by the runner after {outcome.seconds:.1f} s; limit {limit}"
        )
    if outcome.code not in (DECODED, REJECTED, UNSUPPORTED):
        return Verdict(vector.id, "CRASH", f"{_ending(outcome.code)}{said}")
    if outcome.code != DECODED and output.exists() and output.stat().st_size:
        return Verdict(vector.id, "BAD-RESULT", f"exit {outcome.code}, and yet an output")
    if vector.result == "invalid" or vector.result == "unsupported":
        wanted = REJECTED if vector.result == "invalid" else UNSUPPORTED
        if outcome.code == wanted:
            return Verdict(vector.id, PASS, outcome.message)
        if outcome.code == DECODED:
            return Verdict(vector.id, "ACCEPTED-WRONGLY", f"decoded; {_wanted(vector)}")
        status = "UNSUPPORTED" if outcome.code == UNSUPPORTED else "REJECTED-WRONGLY"
        return Verdict(vector.id, status, f"exit {outcome.code}, expected {wanted}: {_wanted(vector)}{said}")
    if outcome.code == REJECTED and vector.result == "acceptable":
        return Verdict(vector.id, PASS, "rejected, which is allowed")
    if outcome.code == REJECTED:
        return Verdict(vector.id, "REJECTED-WRONGLY", f"a valid stream{said}")
    if outcome.code == UNSUPPORTED:
        return Verdict(vector.id, "UNSUPPORTED", f"inside the claim{said}")
    return _decoded(suite, vector, claim, output, result)


def _decoded(suite: Suite, vector: Vector, claim: Claim, output: Path, result: Path) -> Verdict:
    geometry = vector.geometry
    assert geometry is not None
    problem = result_problem(result, geometry) or output_problem(output, geometry)
    if problem:
        return Verdict(vector.id, "BAD-RESULT", problem)
    planes = split(output.read_bytes(), geometry)
    divergence = first_plane_divergence(planes, geometry, suite.golden(vector))
    if divergence is None:
        return Verdict(vector.id, PASS)
    golden = suite.planes(vector)
    found = tuple(measures(planes, golden, geometry))
    problem = tolerance_problem(vector, claim.strictness, found, planes)
    if problem:
        worst = max(range(len(found)), key=lambda index: found[index].mse)
        peaks = tile_peaks(planes[worst], golden[worst], geometry.bit_depth)
        return Verdict(vector.id, "FAIL", f"{divergence}; {problem}", divergence, found, peaks)
    return Verdict(vector.id, PASS, _within(vector, claim), divergence, found)


def _within(vector: Vector, claim: Claim) -> str:
    if vector.tolerance[claim.strictness] is None:
        return "decoded; float samples of this vector are not compared"
    return f"within the {claim.strictness} tolerance"


def tolerance_problem(vector: Vector, strictness: str, found: tuple[Measure, ...], planes: tuple[Plane, ...]) -> str:
    """The first component that is over its bound, and by what; alpha is exact in every class."""
    assert vector.geometry is not None
    bound = _EXACT if strictness == "exact" else vector.tolerance[strictness]
    top = (1 << vector.geometry.bit_depth) - 1
    for own, plane in zip(found, planes, strict=True):
        own_bound = _EXACT if own.component == "A" else bound
        excess = "" if own_bound is None else own.excess(own_bound)
        if int(plane.max()) > top:
            excess = f"sample {int(plane.max())}, the bit depth allows {top}"
        if excess:
            return f"{own.component}: {excess}"
    return ""


def result_problem(path: Path, geometry: Geometry) -> str:
    """What is wrong with result.json; "" where nothing."""
    try:
        if path.stat().st_size > _RESULT_BYTES:
            return f"result.json: more than {_RESULT_BYTES} bytes"
        found = json.loads(path.read_bytes())
    except OSError:
        return "result.json: exit 0 and no such file"
    except (ValueError, RecursionError):
        return "result.json: is no JSON"
    if not isinstance(found, dict) or found.get("status") != "decoded":
        return "result.json: exit 0, and status is not decoded"
    return geometry_problem(found, geometry)


def output_problem(path: Path, geometry: Geometry) -> str:
    """What is wrong with the size of the planes; "" where nothing."""
    try:
        size = path.stat().st_size
    except OSError:
        return "exit 0 and no output"
    if size != geometry.bytes:
        what = f"{geometry.width} x {geometry.height} {geometry.chroma_format} of {geometry.bit_depth} bits"
        return f"output of {size} bytes, {what} with planes {' '.join(geometry.names)} has {geometry.bytes}"
    return ""


def _wanted(vector: Vector) -> str:
    clause = f" [clause {vector.clause}]" if vector.clause else ""
    return f"{vector.purpose}{clause}"


def _ending(code: int | None) -> str:
    return f"signal {-code}" if code is not None and code < 0 else f"exit {code}"
