# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsw.syntax.expression import ExpressionError, Operand, parse

NAMES: dict[str, Operand] = {"a": 7, "b": 3, "zero": 0, "level.max_side": 4096, "items": [4, 5, 6], "none": ()}


def value(text: str | int) -> int:
    return parse(text).evaluate(NAMES.__getitem__)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 3 - 2", 5),
        ("-7 / 2", -4),
        ("-7 % 2", 1),
        ("0xFF >> 4", 15),
        ("1 << 4 + 1", 32),
        ("a == 7 && b != 7", 1),
        ("a < b || b <= 3", 1),
        ("!a", 0),
        ("!zero && -a < 0", 1),
        ("1 < 2 == 1", 1),
        ("level.max_side - 1", 4095),
        ("min(a, b) + max(a, b)", 10),
        ("ceil_div(65, 64)", 2),
        ("length(items) + last(items)", 9),
        ("last(none)", 0),
        ("contains(items, 5) && !contains(items, a)", 1),
        ("zero && 1 / zero", 0),
        (42, 42),
    ],
)
def test_values(text: str | int, expected: int) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    "text", ["", "1 +", "1 2", "(1", "a b", "min(1)", "min(1, 2", "1 ? 2", "__import__('os')", "a.b()", "a;b", "f(1)"]
)
def test_malformed(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


@pytest.mark.parametrize(
    "text", ["1 / zero", "1 % zero", "1 << 65", "1 << -1", "items + 1", "length(a)", "ceil_div(1, 0)"]
)
def test_undefined(text: str) -> None:
    with pytest.raises(ExpressionError):
        value(text)


def test_names() -> None:
    assert parse("min(a, level.max_side) + contains(items, -b)").names() == {"a", "level.max_side", "items", "b"}


@settings(max_examples=200)
@given(st.recursive(
    st.integers(0, 99).map(str),
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*", "<", "==", "<="]), inner).map(
        lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
    ),
    max_leaves=12,
))  # fmt: skip
def test_agrees_with_python(text: str) -> None:
    assert value(text) == int(eval(text))  # the only eval of the project: digits, brackets and operators drawn above
