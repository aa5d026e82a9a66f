# SPDX-License-Identifier: BSD-3-Clause-Clear
"""report.md: what goes into a patch or an issue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.runner.report import decoder_name


def render(report: Mapping[str, Any]) -> str:
    """The report as Markdown."""
    claim, suite, adapter = report["claim"], report["suite"], report["adapter"]
    lines = [
        f"# Conformance of {_cell(decoder_name(report))}",
        "",
        f"**{report['conclusion']}.**",
        "",
        "| | |",
        "|---|---|",
        f"| claim | stated for {_cell(claim['product'])} {_cell(claim['version'])}: "
        f"{claim['profile']}@{claim['level']}, {claim['strictness']} ({claim['sha256'][:12]}) |",
        f"| suite | {suite['edition']} {suite['version']}, {suite['tier']} ({suite['manifest_sha256'][:12]}) |",
        f"| adapter | {adapter['sha256'][:12]} |",
        f"| date | {report['environment']['date']} |",
        "",
        "| verdict | vectors |",
        "|---|---|",
        *(f"| {status} | {count} |" for status, count in report["counts"].items() if count),
    ]
    wrong = [entry for entry in report["vectors"] if entry["status"] not in ("PASS", "OUTSIDE")]
    if wrong:
        lines += ["", "| vector | verdict | what happened |", "|---|---|---|"]
        lines += [f"| `{entry['id']}` | {entry['status']} | {_cell(entry['detail'])} |" for entry in wrong]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Text that cannot end a cell or begin anything."""
    return "".join(f"\\{c}" if c in "\\|`*_<>[]" else " " if ord(c) < 32 else c for c in text)
