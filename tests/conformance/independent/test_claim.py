# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Decoder A holds the claim experimental@1, exact, with all tools, over every vector of the tier smoke."""

from __future__ import annotations

import json
from pathlib import Path

from conformance.runner.cli import main

ROOT = Path(__file__).resolve().parents[3]


def test_claim(tmp_path: Path) -> None:
    arguments = [
        "--adapter", str(ROOT / "conformance" / "adapters" / "independent.yaml"),
        "--claim", str(ROOT / "conformance" / "claims" / "experimental-1-exact.yaml"),
        "--models", str(ROOT / "refsw" / "models"), "--report", str(tmp_path), "--time-scale", "20",
    ]  # fmt: skip
    assert main(["run", "--suite", "smoke", *arguments]) == 0
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["holds"] and len(report["vectors"]) > 200


def test_claim_that_leaves_layers_aside(tmp_path: Path) -> None:
    """The vectors of the tool are judged by their base, damaged layers as well."""
    claims, adapters = ROOT / "conformance" / "claims", ROOT / "conformance" / "adapters"
    adapter, claim = tmp_path / "adapter.yaml", tmp_path / "claim.yaml"
    text = (adapters / "independent.yaml").read_text(encoding="utf-8").replace("{here}/../..", str(ROOT))
    adapter.write_text(text.replace("--serve,", "--serve, --base,"), encoding="utf-8")
    without = (claims / "base-1-exact.yaml").read_text(encoding="utf-8").replace("tools: [lossless]", "tools: []")
    claim.write_text(without, encoding="utf-8")
    names = "lossless-rgb", "lossless-plane-digest", "lossless-broken-digest-G", "lossless-broken-deflate-bomb"
    words = ["--models", str(ROOT / "refsw" / "models"), "--report", str(tmp_path), "--time-scale", "20"]
    words += [word for name in names for word in ("--only", name)]
    assert main(["run", "--adapter", str(adapter), "--claim", str(claim), *words]) == 0
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert all(entry["left_aside"] == ["lossless"] for entry in report["vectors"])
    wrong = ["run", "--adapter", str(adapters / "independent.yaml"), "--claim", str(claim), *words]
    assert main(wrong) == 1, "a decoder that shows the layer does not do what this claim says"
