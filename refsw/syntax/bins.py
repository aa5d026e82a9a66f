# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Back-end coverage: which bins of the syntax a codestream exercises.

    structure.element = min | max | typical        integers, and lengths of bytes, against the range at their place
    structure.element = 3 (4:4:4)                  each enumerated value
    structure: if condition = 0 | 1                each condition both ways
    structure: for element = 0 | 1 | max | some    each loop
    segments: MARKER = 0 | 1 | some                each optional or repeated kind of segment

Payloads with a syntax of their own (payload.py) have bins of their own, by the same rules.
"""

from __future__ import annotations

from collections.abc import Iterator

from refsw.syntax.definition import Field, For, If, Item, SegmentKind, syntax
from refsw.syntax.engine import Scope, Value
from refsw.syntax.legal import interval
from refsw.syntax.payload import Names, PayloadReader, PayloadSyntax
from refsw.syntax.reader import Reader


class _Noting(Reader):
    """A reader that notes bins."""

    bins: set[str]

    def checked(self, field: Field, scope: Scope, value: Value) -> None:
        """Note where the value lies."""
        if field.descriptor.kind in ("f", "align"):
            return
        if field.values is not None and isinstance(value, int):
            self.bins.add(_enumerated(field, value))
            return
        limits = interval(field, scope)
        measure = value if isinstance(value, int) else len(value)
        if measure == limits.low:
            self.bins.add(f"{field.key} = min")
        if measure == limits.high > limits.low:
            self.bins.add(f"{field.key} = max")
        if limits.low < measure < limits.high:
            self.bins.add(f"{field.key} = typical")

    def branch(self, item: If, taken: bool) -> None:
        """Note the outcome."""
        self.bins.add(f"{item.key} = {int(taken)}")

    def loop(self, item: For, count: int) -> None:
        """Note the count."""
        super().loop(item, count)
        self.bins.add(f"{item.key} = {_count(count, item.maximum)}")

    def ended(self, kind: SegmentKind, count: int, limits: tuple[int, int]) -> None:
        """Note how often the kind occurs."""
        super().ended(kind, count, limits)
        self.bins.add(f"segments: {kind.marker} = {min(count, 1) if count < 2 else 'some'}")


class _Observer(_Noting):
    """Of a codestream."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data, None, None)
        self.bins = set()


class _PayloadObserver(_Noting, PayloadReader):
    """Of a payload."""

    def __init__(self, data: bytes, syntax: PayloadSyntax, names: Names) -> None:
        PayloadReader.__init__(self, data, syntax, names, syntax.root, None)
        self.bins = set()


def coverage(data: bytes) -> frozenset[str]:
    """Bins that this codestream hits; raises what `read` raises."""
    observer = _Observer(data)
    observer.run()
    return frozenset(observer.bins)


def payload_coverage(data: bytes, syntax: PayloadSyntax, names: Names) -> frozenset[str]:
    """Bins of its own syntax that a payload hits; names: of its picture header; raises what `read_payload` raises."""
    observer = _PayloadObserver(data, syntax, names)
    observer.run()
    return frozenset(observer.bins)


def payload_bins(syntax: PayloadSyntax) -> tuple[str, ...]:
    """Every bin of the syntax of a payload, in the order of its tables."""
    return tuple(name for structure in syntax.tables.structures.values() for name in _bins(structure.items))


def all_bins() -> tuple[str, ...]:
    """Every bin of the syntax, in the order of the tables."""
    tables = syntax()
    bins = [name for structure in tables.structures.values() for name in _bins(structure.items)]
    for kind in tables.segments:
        counts = {"1": ("1",), "tools_enabled_flag": ("0", "1")}.get(kind.maximum.text, ("0", "1", "some"))
        if kind.maximum.text == "1" and kind.minimum.text == "0":
            counts = ("0", "1")
        if kind.minimum.text not in ("0", "1") and "num_regions" in kind.minimum.text:
            counts = ("1", "some") if "- 1" not in kind.minimum.text else ("0", "1", "some")
        bins += [f"segments: {kind.marker} = {count}" for count in counts]
    return tuple(bins)


def _bins(items: tuple[Item, ...]) -> Iterator[str]:
    for item in items:
        match item:
            case Field() if item.descriptor.kind not in ("f", "align"):
                if item.values is not None:
                    yield from (_enumerated(item, value) for value in item.values)
                else:
                    yield from (f"{item.key} = {place}" for place in _places(item))
            case If():
                yield f"{item.key} = 0"
                yield f"{item.key} = 1"
                yield from _bins((*item.then, *item.otherwise))
            case For():
                counts = sorted({item.minimum, min(2, item.maximum), min(1, item.maximum), item.maximum})
                names = dict.fromkeys(_count(count, item.maximum) for count in counts if count >= item.minimum)
                yield from (f"{item.key} = {name}" for name in names)
                yield from _bins(item.items)


def _places(field: Field) -> tuple[str, ...]:
    low, high = field.low.text, field.high.text
    if low == high:
        return ("min",)
    flag = field.descriptor.text == "u(1)"
    return ("min", "max") if flag else ("min", "typical", "max")


def _enumerated(field: Field, value: int) -> str:
    assert field.values is not None
    return f"{field.key} = {value} ({field.values[value]})"


def _count(count: int, maximum: int) -> str:
    if count == maximum:
        return "max"
    return str(count) if count < 2 else "some"
