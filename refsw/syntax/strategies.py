# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Back-end strategy: hypothesis draws every legal codestream, and near-legal ones. Needs hypothesis.

Counts and lengths that other fields decide are kept small, so that an example stays a few kilobytes; which
elements these are follows from the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from hypothesis import reject
from hypothesis import strategies as st

from refsw.spec import Level, Profile
from refsw.syntax.binding import build
from refsw.syntax.definition import Bind, Field, For, If, SegmentKind, syntax
from refsw.syntax.engine import Engine, Scope, Value, table_row
from refsw.syntax.expression import Operand
from refsw.syntax.headers import Codestream
from refsw.syntax.legal import choices, interval
from refsw.syntax.mutants import mutate
from refsw.syntax.violation import Violation
from refsw.syntax.writer import write

SMALL = 8
"""Values above the least that are drawn for a count or a length, and bytes of a payload."""

CAPS: Mapping[str, int] = MappingProxyType(
    {"picture_header.num_ver_splits_minus1": 2, "picture_header.num_hor_splits_minus1": 2}
)
"""Elements that multiply the number of segments, and how far above the least they are drawn."""


class _Drawer:
    """Takes each value from hypothesis."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.targets: dict[str, int] = {}

    def field(self, field: Field, scope: Scope, index: int | None) -> Value:
        descriptor = field.descriptor
        if descriptor.kind in ("f", "align"):
            return field.low.evaluate(scope.lookup)
        limits = interval(field, scope)
        if descriptor.kind == "b":
            if descriptor.size.text == "remaining":
                most = min(limits.high, limits.low + SMALL)
                return self.draw(st.binary(min_size=limits.low, max_size=most))
            size = descriptor.size.evaluate(scope.lookup)
            return self.draw(st.binary(min_size=size, max_size=size))
        allowed = choices(field, scope)
        if allowed == ():
            reject()  # earlier draws left nothing: tools in ascending order, for instance
        if allowed is not None:
            return self.draw(st.sampled_from(allowed))
        high = limits.high
        if field.computed is not None or field.key in CAPS:
            high = min(high, limits.low + CAPS.get(field.key, SMALL))
        return self.draw(st.integers(limits.low, high))

    def absent(self, name: str, value: Operand) -> None:
        pass

    def branch(self, item: If, taken: bool) -> None:
        pass

    def loop(self, item: For, count: int) -> None:
        pass

    def enter(self, name: str, index: int | None) -> None:
        pass

    def leave(self) -> None:
        pass

    def checked(self, field: Field, scope: Scope, value: Value) -> None:
        pass

    def more(self, kind: SegmentKind, count: int, limits: tuple[int, int]) -> bool:
        if count == 0:
            most = min(limits[1], limits[0] + 2)
            self.targets[kind.name] = self.draw(st.integers(limits[0], most))
        return count < self.targets[kind.name]

    def frame(self, kind: SegmentKind, header: Callable[[], Scope], payload: Callable[[int], Scope]) -> Scope:
        return payload(self.draw(st.integers(kind.first_value, kind.last_value)))

    def ended(self, kind: SegmentKind, count: int, limits: tuple[int, int]) -> None:
        pass

    def report(self, violation: Violation) -> None:
        raise AssertionError(f"the strategy drew an illegal value: {violation.error()}")

    def place(self) -> int | None:
        return None

    def row(self, item: Bind, key: int) -> Level | Profile:
        return table_row(item, key)


@st.composite
def codestreams(draw: st.DrawFn) -> Codestream:
    """Every legal codestream, small."""
    stream = build(Engine(syntax(), _Drawer(draw)).codestream())
    assert isinstance(stream, Codestream)
    return stream


@st.composite
def near_legal(draw: st.DrawFn) -> bytes:
    """A legal codestream with one clause broken, a few bits flipped, or its end cut off."""
    data = write(draw(codestreams()))
    match draw(st.sampled_from(("mutant", "flip", "cut"))):
        case "mutant":
            mutants = mutate(data)
            return draw(st.sampled_from(mutants)).data
        case "flip":
            damaged = bytearray(data)
            for place in draw(st.lists(st.integers(0, 8 * len(data) - 1), min_size=1, max_size=4)):
                damaged[place // 8] ^= 128 >> place % 8
            return bytes(damaged)
        case _:
            return data[: draw(st.integers(0, len(data) - 1))]
