# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Decoder A holds the claim base@1, exact, over every vector of the tier smoke."""

from __future__ import annotations

import json
from pathlib import Path

from conformance.runner.cli import main

ROOT = Path(__file__).resolve().parents[3]


def test_claim(tmp_path: Path) -> None:
    arguments = [
        "--adapter", str(ROOT / "conformance" / "adapters" / "independent.yaml"),
        "--claim", str(ROOT / "conformance" / "claims" / "base-1-exact.yaml"),
        "--models", str(ROOT / "refsw" / "models"), "--report", str(tmp_path), "--time-scale", "20",
    ]  # fmt: skip
    assert main(["run", "--suite", "smoke", *arguments]) == 0
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["holds"] and len(report["vectors"]) > 200
