# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The one engine: walks the syntax tables, while a back-end supplies or consumes each value.

    spec/syntax ──► Engine.codestream ──► Backend.field ──► value ──► check: range, enumeration, constraints
                                          read: from bits             every back-end goes through the same checks
                                          write: from dataclasses, to bits
                                          draw: from hypothesis
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Protocol

from refsw import spec
from refsw.syntax.definition import Bind, Constraint, Field, For, If, Include, Item, Let, SegmentKind, Syntax
from refsw.syntax.expression import Expression, ExpressionError, Operand
from refsw.syntax.violation import Violation

Value = int | bytes


class Scope:
    """Names of one structure, then those of the structures around it."""

    def __init__(self, structure: str, parent: Scope | None = None) -> None:
        self.structure = structure
        self.parent = parent
        self.names: dict[str, Operand | Scope] = {}

    def lookup(self, name: str) -> Operand:
        """Value of a name; previous.x is 0 where there is no preceding structure."""
        scope: Scope | None = self
        while scope is not None:
            value = scope.names.get(name)
            if value is not None and not isinstance(value, Scope):
                return value
            scope = scope.parent
        if name.startswith("previous."):
            return 0
        raise ExpressionError(f"{self.structure}: name {name!r} is unknown")


class Backend(Protocol):
    """What a back-end does at each step of the walk."""

    def field(self, field: Field, scope: Scope, index: int | None) -> Value:
        """Read, write or draw one element; `index` inside a loop."""

    def absent(self, name: str, value: Operand) -> None:
        """An element is not present and takes `value`."""

    def branch(self, item: If, taken: bool) -> None:
        """A condition was evaluated."""

    def loop(self, item: For, count: int) -> None:
        """A loop is about to run `count` times."""

    def enter(self, name: str, index: int | None) -> None:
        """An included structure begins."""

    def leave(self) -> None:
        """The structure entered last ends."""

    def checked(self, field: Field, scope: Scope, value: Value) -> None:
        """An element passed its checks, or the back-end goes on in spite of them."""

    def more(self, kind: SegmentKind, count: int, limits: tuple[int, int]) -> bool:
        """Whether another segment of this kind follows the `count` ones before it."""

    def frame(self, kind: SegmentKind, header: Callable[[], Scope], payload: Callable[[int], Scope]) -> Scope:
        """Run `payload(marker)` inside a segment header."""

    def ended(self, kind: SegmentKind, count: int, limits: tuple[int, int]) -> None:
        """No more segments of this kind; report where their number is not within the limits."""

    def report(self, violation: Violation) -> None:
        """Raise, collect or ignore a violation."""

    def place(self) -> int | None:
        """Position in bits, None where there is none."""

    def row(self, item: Bind, key: int) -> spec.Level | spec.Profile:
        """The table row that a Bind makes readable."""


class Engine:
    """Walks `syntax` with one back-end; used once."""

    def __init__(self, syntax: Syntax, backend: Backend) -> None:
        self.syntax = syntax
        self.backend = backend
        self.path: list[str] = []
        self.root = Scope("codestream")

    def codestream(self) -> Scope:
        """(5.2) The whole codestream; the scope has one entry for each kind of segment, `root` those walked so far."""
        root = self.root
        self.structure("start_of_codestream", Scope("start_of_codestream", root))
        for kind in self.syntax.segments:
            limits = kind.minimum.evaluate(root.lookup), kind.maximum.evaluate(root.lookup)
            segments: list[Scope] = []
            root.names[kind.name] = segments
            while self.backend.more(kind, len(segments), limits):
                segments.append(self._segment(kind, len(segments), limits[1], root))
            self.backend.ended(kind, len(segments), limits)
        self.structure("end_of_codestream", Scope("end_of_codestream", root))
        return root

    def structure(self, name: str, scope: Scope) -> Scope:
        """Walk one structure; its names are left in `scope`."""
        for item in self.syntax.structures[name].items:
            self._item(item, scope)
        return scope

    def report(self, violation_of: Constraint | Field, message: str, place: int | None) -> None:
        """Report a violation of an element at the present path."""
        offset, bit = (None, 0) if place is None else divmod(place, 8)
        path = ".".join(self.path)
        self.backend.report(Violation(violation_of.clause, message, violation_of.category, path, offset, bit))

    def _segment(self, kind: SegmentKind, index: int, maximum: int, root: Scope) -> Scope:
        def header() -> Scope:
            return self.structure("segment_header", Scope("segment_header", root))

        def payload(marker: int) -> Scope:
            scope = Scope(kind.structure, root)
            scope.names |= {"segment_index": index, "segment_marker": marker, **kind.names}
            self.structure(kind.structure, scope)
            if kind.publish:
                root.names |= scope.names
            return scope

        self.path.append(kind.name if maximum == 1 else f"{kind.name}[{index}]")
        self.backend.enter(kind.name, index)
        scope = self.backend.frame(kind, header, payload)
        self.backend.leave()
        self.path.pop()
        return scope

    def _item(self, item: Item, scope: Scope) -> None:
        match item:
            case Field():
                scope.names[item.name] = self._field(item, scope, None)
            case Let(name, value):
                scope.names[name] = value.evaluate(scope.lookup)
            case Bind():
                self._bind(item, scope)
            case If():
                self._if(item, scope)
            case For():
                self._for(item, scope)
            case Include(structure, name):
                scope.names[name] = self._include(structure, name, None, scope, None)

    def _field(self, field: Field, scope: Scope, index: int | None) -> Value:
        self.path.append(field.name if index is None else f"{field.name}[{index}]")
        place = self.backend.place()
        value = self.backend.field(field, scope, index)
        self._check(field, scope, value, place)
        self.backend.checked(field, scope, value)
        self.path.pop()
        return value

    def _check(self, field: Field, scope: Scope, value: Value, place: int | None) -> None:
        if (message := range_message(field, scope, value)) is not None:
            self.report(field, message, place)
        for constraint in field.constraints:
            if (message := constraint_message(constraint, scope, value)) is not None:
                self.report(constraint, message, place)

    def _bind(self, item: Bind, scope: Scope) -> None:
        key = scope.lookup(item.key)
        assert isinstance(key, int)
        for column, value in asdict(self.backend.row(item, key)).items():
            scope.names[f"{item.table}.{column}"] = value

    def _if(self, item: If, scope: Scope) -> None:
        taken = bool(item.condition.evaluate(scope.lookup))
        self.backend.branch(item, taken)
        for inner in item.otherwise if taken else item.then:
            self._absent(inner, scope)
        for inner in item.then if taken else item.otherwise:
            self._item(inner, scope)

    def _absent(self, item: Item, scope: Scope) -> None:
        match item:
            case Field():
                value = 0 if item.inferred is None else item.inferred.evaluate(scope.lookup)
                scope.names[item.name] = value
                self.backend.absent(item.name, value)
            case For():
                for inner in item.items:
                    if isinstance(inner, Field | Include):
                        scope.names[inner.name] = ()
                        self.backend.absent(inner.name, ())
            case If():
                for inner in (*item.then, *item.otherwise):
                    self._absent(inner, scope)

    def _for(self, item: For, scope: Scope) -> None:
        count = item.count.evaluate(scope.lookup)
        self.backend.loop(item, count)
        inner = item.items[0]  # the specification's lint allows exactly one element or structure in a loop
        if isinstance(inner, Field):
            values: list[Value] = []
            scope.names[inner.name] = values
            for index in range(count):
                scope.names[item.variable] = index
                values.append(self._field(inner, scope, index))
        elif isinstance(inner, Include):
            scopes: list[Scope] = []
            scope.names[inner.name] = scopes
            for index in range(count):
                scope.names[item.variable] = index
                previous = scopes[-1] if scopes else None
                scopes.append(self._include(inner.structure, inner.name, index, scope, previous))

    def _include(self, structure: str, name: str, index: int | None, parent: Scope, previous: Scope | None) -> Scope:
        scope = Scope(structure, parent)
        if previous is not None:
            kept = previous.names.items()
            scope.names |= {f"previous.{key}": value for key, value in kept if not key.startswith("previous.")}
        self.path.append(name if index is None else f"{name}[{index}]")
        self.backend.enter(name, index)
        self.structure(structure, scope)
        self.backend.leave()
        self.path.pop()
        return scope


def table_row(item: Bind, key: int) -> spec.Level | spec.Profile:
    """The row of Table A-1 or A-2 with this number; raises UnsupportedError where there is none."""
    return spec.level(key) if item.table == "level" else spec.profile(key)


def range_message(field: Field, scope: Scope, value: Value) -> str | None:
    """What is wrong with `value` by the range and enumeration of its element; None where nothing is."""
    low, high = field.low.evaluate(scope.lookup), field.high.evaluate(scope.lookup)
    if isinstance(value, bytes):
        wrong = not low <= len(value) <= high
        return f"{len(value)} bytes, expected {_interval(low, high)} bytes" if wrong else None
    if not low <= value <= high:
        if field.descriptor.kind == "f":
            return f"found {value:04X}, expected {low:04X}: {field.semantics}"
        return f"value {value}, expected {_interval(low, high)}"
    if field.values is not None and value not in field.values:
        allowed = ", ".join(f"{key} ({name})" for key, name in field.values.items())
        return f"value {value} is reserved, expected one of {allowed}"
    return None


def constraint_message(constraint: Constraint, scope: Scope, value: Value) -> str | None:
    """What is wrong with `value` by one constraint; None where nothing is."""

    def lookup(name: str) -> Operand:
        return value if name == "value" else scope.lookup(name)

    def bound(expression: Expression | None) -> int | None:
        return None if expression is None else expression.evaluate(lookup)

    measure = len(value) if isinstance(value, bytes) else value
    low, high = bound(constraint.minimum), bound(constraint.maximum)
    if low is not None and measure < low:
        return f"value {measure}, expected at least {low}: {constraint.text}"
    if high is not None and measure > high:
        return f"value {measure}, expected at most {high}: {constraint.text}"
    if constraint.test is not None and not constraint.test.evaluate(lookup):
        return f"value {measure} is not allowed: {constraint.text}"
    return None


def _interval(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}..{high}"
