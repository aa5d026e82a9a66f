# SPDX-License-Identifier: BSD-3-Clause-Clear
"""junit.xml: one test case for each vector; what is outside the claim is skipped, everything else passes or fails."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as Tree

_ERRORS = ("CRASH", "TIMEOUT", "MEMORY", "SUITE-ERROR", "NOT-RUN")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Mapping[str, Any]) -> str:
    """The report as JUnit XML."""
    entries = report["vectors"]
    skipped = sum(entry["status"] == "OUTSIDE" for entry in entries)
    errors = sum(entry["status"] in _ERRORS for entry in entries)
    failures = sum(entry["status"] not in ("PASS", "OUTSIDE", *_ERRORS) for entry in entries)
    suite = Tree.Element(
        "testsuite", name=_text(f"refsw-conform {report['suite']['edition']}"), tests=str(len(entries)),
        failures=str(failures), errors=str(errors), skipped=str(skipped),
        time=f"{sum(entry['seconds'] for entry in entries):.3f}", timestamp=report["environment"]["date"],
    )  # fmt: skip
    for entry in entries:
        name, kind = _text(entry["id"]), _text(entry["kind"])
        case = Tree.SubElement(suite, "testcase", name=name, classname=kind, time=f"{entry['seconds']:.3f}")
        if entry["status"] == "OUTSIDE":
            Tree.SubElement(case, "skipped", message=_text(entry["detail"]))
        elif entry["status"] != "PASS":
            tag = "error" if entry["status"] in _ERRORS else "failure"
            Tree.SubElement(case, tag, message=_text(entry["detail"]), type=entry["status"]).text = _text(
                entry["purpose"]
            )
    if not entries:
        case = Tree.SubElement(suite, "testcase", name="nothing was run", classname="refsw-conform")
        Tree.SubElement(case, "error", message=_text(report["conclusion"]), type="NOT-RUN")
    root = Tree.Element("testsuites")
    root.append(suite)
    Tree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Tree.tostring(root, encoding="unicode") + "\n"


def _text(value: str) -> str:
    return _NOT_XML.sub("?", value)
