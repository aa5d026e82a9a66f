# SPDX-License-Identifier: BSD-3-Clause-Clear
"""`refsw-conform validate` names the clause that an encoder's stream violates, in payloads of coding tools as well."""

from __future__ import annotations

import pytest

from conformance.runner.suite import Suite
from conformance.runner.validate import check


@pytest.mark.parametrize(("vector", "code", "text"), [
    ("filters-both", 0, "valid"), ("clause-A-2-2", 3, "A.2.2"), ("switched-broken-bank-1", 3, "9.11.3.1"),
    ("linear-broken-luma-128-last", 3, "9.11.2.3"), ("linear-broken-long", 3, "5.3.3"),
    ("proposal-tools-1", 6, "6.6.1"),
])  # fmt: skip
def test_the_clause_is_named(suite: Suite, vector: str, code: int, text: str) -> None:
    found, lines = check(suite.folder / suite.vector(vector).stream)
    assert found == code and text in lines[0]
