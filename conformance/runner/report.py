# SPDX-License-Identifier: BSD-3-Clause-Clear
"""report.json: what ran, what held, of which decoder, against which claim. Everything else is rendered from it."""

from __future__ import annotations

import datetime
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from conformance.runner.adapter import Adapter
from conformance.runner.claim import Claim, as_claimed
from conformance.runner.errors import OutputError, UsageError
from conformance.runner.judge import PASS, STATUSES, Verdict
from conformance.runner.planes import sha256
from conformance.runner.suite import Suite, Vector

SCHEMA_VERSION = 1
_MAXIMUM_BYTES = 1 << 28


@dataclass(frozen=True)
class Run:
    """One run as the report states it."""

    suite: Suite
    tier: str | None
    claim: Claim
    adapter: Adapter
    decoder: str
    verdicts: tuple[Verdict, ...]
    command: tuple[str, ...]
    selected: bool


def conclusion(verdicts: Sequence[Verdict], selected: bool) -> tuple[bool, str]:
    """Whether the claim holds, and one line that says so; not-run is no pass, and nothing run is no pass."""
    inside = [v for v in verdicts if v.status != "OUTSIDE"]
    passed = sum(v.status == PASS for v in inside)
    if not inside:
        return False, "no vector applies to this claim: nothing is shown"
    if passed < len(inside):
        return False, f"{passed} of {len(inside)} vectors of the claim pass: the claim does not hold"
    if selected:
        return False, f"{passed} of {passed} selected vectors pass; only all vectors of a tier show that a claim holds"
    return True, f"{passed} of {passed} vectors of the claim pass: the claim holds"


def report_of(run: Run) -> dict[str, Any]:
    """The report as plain values."""
    holds, text = conclusion(run.verdicts, run.selected)
    by_id = {vector.id: vector for vector in run.suite.vectors}
    claim = run.claim.to_dict()
    return {
        "schema_version": SCHEMA_VERSION,
        "holds": holds,
        "conclusion": text,
        "counts": {status: sum(v.status == status for v in run.verdicts) for status in STATUSES},
        "suite": {
            "edition": run.suite.edition, "version": run.suite.version, "manifest_sha256": run.suite.digest,
            "spec": run.suite.spec, "tier": run.tier or "all", "weights": dict(run.suite.weights),
        },
        "claim": claim | {"sha256": sha256(json.dumps(claim, sort_keys=True).encode())},
        "adapter": {
            "name": run.adapter.name, "sha256": run.adapter.digest, "command": list(run.adapter.command),
            "decoder": run.decoder,
        },
        "environment": environment(),
        "command": list(run.command),
        "vectors": [_entry(verdict, run.claim, by_id[verdict.vector]) for verdict in run.verdicts],
    }  # fmt: skip


def _entry(verdict: Verdict, claim: Claim, own: Vector) -> dict[str, Any]:
    vector = as_claimed(claim, own)
    return verdict.to_dict() | {
        "left_aside": list(own.without.tools) if own.without and vector is not own else [],
        "title": vector.title, "purpose": vector.purpose, "kind": vector.kind, "result": vector.result,
        "profile": vector.profile, "level": vector.level, "clauses": list(vector.clauses), "clause": vector.clause,
        "stream_sha256": vector.sha256,
    }  # fmt: skip


def environment() -> dict[str, str]:
    """The machine, and when."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "system": platform.platform(),
        "machine": platform.machine(),
        "processors": str(os.cpu_count()),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def decoder_name(report: Mapping[str, Any]) -> str:
    """What was tested, as its adapter and its probe say; the product of a claim may be another."""
    return f"{report['adapter']['name']} {report['adapter']['decoder']}".strip()


def canonical(report: Mapping[str, Any]) -> bytes:
    """The bytes of report.json."""
    return (json.dumps(report, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def read_report(path: Path) -> dict[str, Any]:
    """Raises UsageError where it is no report."""
    try:
        if path.stat().st_size > _MAXIMUM_BYTES:
            raise UsageError(f"{path}: more than {_MAXIMUM_BYTES} bytes")
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{path}: is no JSON") from None
    if not isinstance(found, dict) or found.get("schema_version") != SCHEMA_VERSION or "vectors" not in found:
        raise UsageError(f"{path}: is no report of schema version {SCHEMA_VERSION}")
    return found


def write(path: Path, data: bytes) -> None:
    """A file, whole or not at all. Raises OutputError."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from None


@dataclass(frozen=True)
class Change:
    """A vector whose verdict is another than in an older report."""

    vector: str
    before: str
    after: str

    @property
    def worse(self) -> bool:
        """It passed, and does not now."""
        return self.before == PASS


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Change, ...]:
    """Vectors that pass now and did not, or the other way round, by id; one that is gone is NOT-RUN."""
    before = {entry["id"]: entry["status"] for entry in old["vectors"]}
    after = {entry["id"]: entry["status"] for entry in new["vectors"]}
    found = [Change(name, before.get(name, "NOT-RUN"), after.get(name, "NOT-RUN")) for name in before | after]
    return tuple(change for change in found if (change.before == PASS) != (change.after == PASS))
