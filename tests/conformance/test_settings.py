# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The small part of YAML is a part of YAML: what it reads, PyYAML reads alike; what it does not, it refuses."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from conformance.runner.errors import UsageError
from conformance.runner.settings import parse_settings

WORDS = st.text("abcdefghijklmnopqrstuvwxyz.-/ {}", min_size=1, max_size=12)
SCALARS = st.one_of(st.booleans(), st.none(), st.integers(-(10**9), 10**9), WORDS)
KEYS = st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=4), st.dictionaries(KEYS, SCALARS, min_size=1, max_size=3))


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=5), st.sampled_from([True, False, None]))
def test_reads_what_pyyaml_writes(settings: dict[str, Any], flow: bool | None) -> None:
    text = yaml.safe_dump(settings, default_flow_style=flow, width=10**6, default_style=None)
    if text.startswith("{"):
        return  # a whole file in braces is not a mapping of lines
    assert parse_settings(text) == settings


TEXTS = """
name: a decoder   # comment
==
a: 'x y'
==
a:
  - 1
  - two
==
a:
- 1
b: 2
==
command: ["{python}", -m, x.y, "{stream}", --to, "{output}"]
==
e: {A: "1", B: two}
==
a:
==
a: #b
==
deep:
  er:
    est: [1, [2, 3]]
next: ~
==
a: x#y
==
a: "a quote \\" inside"
"""
WRONG = """
1: a: &x 1
==
2: a: 1
a: 2
==
2: a: 1
   b: 2
==
1: just text
==
1: a: [1, 2
==
1: a: "x
==
1: - 1
- 2
==
1: a: |
  text
==
1: a: [1] 2
==
1: a: !!python/object:os.system x
"""


@pytest.mark.parametrize("text", TEXTS.strip().split("\n==\n"))
def test_agrees_with_pyyaml(text: str) -> None:
    assert parse_settings(text) == yaml.safe_load(text)


@pytest.mark.parametrize("case", WRONG.strip().split("\n==\n"))
def test_refuses_by_line(case: str) -> None:
    line, _, text = case.partition(": ")
    with pytest.raises(UsageError, match=rf"^settings:{line}: "):
        parse_settings(text)
