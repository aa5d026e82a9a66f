# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Which values an element may have at its place: the range, the enumeration and the constraints taken together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from refsw.syntax.definition import Field
from refsw.syntax.engine import Scope, Value, constraint_message, range_message

ENUMERABLE = 4096
FEW = 256


@dataclass(frozen=True)
class Interval:
    """Least and greatest allowed integer, or length of bytes; empty where low > high."""

    low: int
    high: int


def interval(field: Field, scope: Scope) -> Interval:
    """Range of an element narrowed by the bounds of its constraints; tests are not taken into account."""
    low, high = field.low.evaluate(scope.lookup), field.high.evaluate(scope.lookup)
    for constraint in field.constraints:
        if constraint.minimum is not None:
            low = max(low, constraint.minimum.evaluate(scope.lookup))
        if constraint.maximum is not None:
            high = min(high, constraint.maximum.evaluate(scope.lookup))
    return Interval(low, high)


def violated(field: Field, scope: Scope, value: Value) -> tuple[str, ...]:
    """Clauses of the element that `value` violates at its place."""
    clauses = [] if range_message(field, scope, value) is None else [field.clause]
    for constraint in field.constraints:
        if constraint_message(constraint, scope, value) is not None:
            clauses.append(constraint.clause)
    return tuple(clauses)


def choices(field: Field, scope: Scope) -> tuple[int, ...] | None:
    """All legal integers where they are few or enumerated; None where they are an interval."""
    limits = interval(field, scope)
    if field.values is not None:
        candidates: Iterator[int] | range = iter(field.values)
    elif any(constraint.test is not None for constraint in field.constraints) and limits.high - limits.low < ENUMERABLE:
        candidates = range(limits.low, limits.high + 1)
    else:
        return None
    return tuple(value for value in candidates if not violated(field, scope, value))


def encodable(field: Field, scope: Scope) -> Interval:
    """Integers that the descriptor can express."""
    size = 0
    if field.descriptor.kind in ("u", "s", "f"):
        size = field.descriptor.size.evaluate(scope.lookup)
    return Interval(*field.descriptor.encodable(size))


def illegal(field: Field, scope: Scope) -> dict[str, int]:
    """For each clause of an integer element, a value that can be coded and violates this clause alone.

    Where a constraint repeats the range, no value does; then one that violates this clause first.
    """
    limits, codes = interval(field, scope), encodable(field, scope)
    low, high = field.low.evaluate(scope.lookup), field.high.evaluate(scope.lookup)
    near = [limits.low - 1, limits.high + 1, low - 1, high + 1, codes.low, codes.high]
    earlier = scope.names.get(field.name)
    near += [value for value in earlier if isinstance(value, int)] if isinstance(earlier, list) else []
    if codes.high - codes.low < FEW:
        near += range(codes.low, codes.high + 1)
    found: dict[str, int] = {}
    first: dict[str, int] = {}
    for value in dict.fromkeys(near):
        if codes.low <= value <= codes.high:
            clauses = violated(field, scope, value)
            if clauses:
                (found if len(clauses) == 1 else first).setdefault(clauses[0], value)
    return first | found
