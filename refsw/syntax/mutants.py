# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Back-end mutate: from one valid codestream, codestreams that break one clause each, which is named.

    elements   each element in turn gets a value that its range, or one constraint, forbids; elements that only
               then become present get their least legal value, so that as little else breaks as can be
    segments   segments are dropped, doubled, moved, cut, lengthened; fill bits are set; markers are unknown
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from refsw import spec
from refsw.errors import RefswError
from refsw.spec import Level, Profile
from refsw.syntax.bitio import BitReader, BitWriter
from refsw.syntax.definition import Bind, Field, For, SegmentKind, syntax
from refsw.syntax.engine import Scope, Value, table_row
from refsw.syntax.expression import ExpressionError, Operand
from refsw.syntax.headers import Codestream
from refsw.syntax.legal import choices, illegal, interval
from refsw.syntax.reader import Entry, read, trace
from refsw.syntax.violation import Violation
from refsw.syntax.writer import Writer


@dataclass(frozen=True)
class Mutant:
    """A codestream that violates `clause` and, as far as parsing goes, nothing before it."""

    clause: str
    description: str
    data: bytes


class _Mutator(Writer):
    """Writes a codestream with one element overridden; records what could be overridden."""

    def __init__(self, codestream: Codestream, overrides: dict[str, int]) -> None:
        super().__init__(codestream)
        self.overrides = overrides
        self.found: dict[str, tuple[str, int]] = {}

    def value(self, field: Field, scope: Scope, index: int | None) -> Value:
        """The override, the codestream's value, or the least legal one."""
        path = ".".join(self.engine.path)
        if path in self.overrides:
            return self.overrides[path]
        try:
            value = super().value(field, scope, index)
        except (AttributeError, ExpressionError, IndexError, TypeError):
            value = self.least(field, scope)
        clauses = {field.clause, *(constraint.clause for constraint in field.constraints)}
        coded = field.descriptor.kind not in ("b", "align") and field.structure != "end_of_codestream"
        if coded and not self.overrides and not clauses <= self.found.keys():
            for clause, wrong in illegal(field, scope).items():
                self.found.setdefault(clause, (path, wrong))
        return value

    def least(self, field: Field, scope: Scope) -> Value:
        """The least legal value."""
        if field.descriptor.kind == "b":
            if field.descriptor.size.text == "remaining":
                return b""
            return bytes(field.descriptor.size.evaluate(scope.lookup))
        allowed = choices(field, scope)
        return allowed[0] if allowed else interval(field, scope).low

    def at(self, values: Any, index: int) -> Any:
        """One of a tuple's values; raises IndexError beyond its end."""
        return values[index]

    def absent(self, name: str, value: Operand) -> None:
        """A value that an override made absent is left out."""

    def loop(self, item: For, count: int) -> None:
        """A count that an override changed is obeyed."""

    def enter(self, name: str, index: int | None) -> None:
        """Descend; None stands for a structure that the codestream does not have."""
        try:
            super().enter(name, index)
        except (AttributeError, IndexError):
            self.sources.append(None)

    def ended(self, kind: SegmentKind, count: int, limits: tuple[int, int]) -> None:
        """Numbers of segments are not checked."""

    def report(self, violation: Violation) -> None:
        """Violations are the purpose."""

    def row(self, item: Bind, key: int) -> Level | Profile:
        """The row, or the greatest one for a number that is reserved."""
        rows: tuple[Level | Profile, ...] = spec.levels() if item.table == "level" else spec.profiles()
        known = {row.level_idc if isinstance(row, Level) else row.decoder_profile_idc for row in rows}
        return table_row(item, key) if key in known else rows[-1]


@dataclass(frozen=True)
class _Segment:
    """A segment as bytes: data[start:end], payload data[payload:end]."""

    kind: SegmentKind
    start: int
    payload: int
    end: int


def mutate(data: bytes) -> tuple[Mutant, ...]:
    """Every mutant that this valid codestream allows, one for each clause; raises what `read` raises."""
    codestream = read(data)
    mutants: dict[str, Mutant] = {}
    for mutant in (*_elements(codestream), *_segments(data)):
        mutants.setdefault(mutant.clause, mutant)
    return tuple(mutants.values())


def _elements(codestream: Codestream) -> Iterator[Mutant]:
    scout = _Mutator(codestream, {})
    scout.run()
    for clause, (path, wrong) in scout.found.items():
        yield Mutant(clause, f"{path} = {wrong}", _Mutator(codestream, {path: wrong}).run())


def _segments(data: bytes) -> Iterator[Mutant]:
    entries, _ = trace(data)
    segments = list(_split(data, entries))
    rules = {name: rule.clause for name, rule in syntax().rules.items()}
    last = segments[-1]
    yield Mutant(rules["truncated"], "cut inside the last segment", data[: last.end - 1])
    yield Mutant(rules["truncated"], "cut before EOC", data[: last.end])
    yield Mutant(rules["end"], "a byte after EOC", data + b"\0")
    unknown = _framed(0xFFA0, b"")
    yield Mutant(rules["unknown_marker"], "marker FFA0 before EOC", data[: last.end] + unknown + data[last.end :])
    zeros = data[last.start : last.start + 2] + bytes(5)
    yield Mutant(rules["exp_golomb"], "size of 40 zero bits", data[: last.start] + zeros + data[last.end :])
    first = segments[0]
    before, after, marker = data[: first.start], data[first.end :], first.kind.first_value
    longer = _framed(marker, data[first.payload : first.end] + b"\0")
    yield Mutant(rules["payload_end"], "a byte after the picture header", before + longer + after)
    huge = _framed(marker, bytes(first.kind.max_size.evaluate(lambda name: 0) + 1))
    yield Mutant(rules["segment_limit"], "an oversized picture header", before + huge + after)
    yield from _fill_bits(data, entries, rules["alignment"])
    yield from _occurrence(data, segments, rules["order"])


def _fill_bits(data: bytes, entries: tuple[Entry, ...], clause: str) -> Iterator[Mutant]:
    for entry in entries:
        if entry.field.descriptor.kind == "align":
            damaged = bytearray(data)
            damaged[entry.offset] |= 1
            yield Mutant(clause, f"{entry.path} = 1", bytes(damaged))
            return


def _occurrence(data: bytes, segments: list[_Segment], order_clause: str) -> Iterator[Mutant]:
    """Each kind of segment once too rarely or too often, and one in the wrong place."""
    present = {segment.kind.name for segment in segments}
    for segment in {segment.kind.name: segment for segment in segments}.values():  # the last one of each kind
        without = data[: segment.start] + data[segment.end :]
        twice = data[: segment.end] + data[segment.start :]
        try:
            read(without)
        except RefswError:
            yield Mutant(segment.kind.clause, f"{segment.kind.marker} dropped", without)
        else:
            if segment.kind.maximum.text == "1":
                yield Mutant(segment.kind.clause, f"{segment.kind.marker} doubled", twice)
    for kind in syntax().segments:
        if kind.name not in present and kind.maximum.text == "tools_enabled_flag":
            at = segments[0].end
            yield Mutant(kind.clause, f"{kind.marker} inserted", data[:at] + _framed(kind.first_value, b"") + data[at:])
    last = segments[-1]
    for kind in syntax().segments:
        if kind.minimum.text == "0" and kind.name not in present and kind.name != last.kind.name:
            late = _framed(kind.first_value, b"")
            if _rank(kind) < _rank(last.kind):
                yield Mutant(order_clause, f"{kind.marker} before EOC", data[: last.end] + late + data[last.end :])
                return


def _rank(kind: SegmentKind) -> int:
    return syntax().segments.index(kind)


def _split(data: bytes, entries: tuple[Entry, ...]) -> Iterator[_Segment]:
    """Segments of a valid codestream."""
    end = 0
    for entry in entries:
        if entry.field.structure == "segment_header" and entry.field.name == "segment_marker" and entry.offset >= end:
            bits = BitReader(data)
            bits.position = 8 * entry.offset + 16
            size = bits.exp_golomb()
            payload = (bits.position + 7) // 8
            end = payload + size
            kind = next(kind for kind in syntax().segments if kind.owns(int(entry.value)))
            yield _Segment(kind, entry.offset, payload, end)


def _framed(marker: int, payload: bytes) -> bytes:
    """A segment by hand, for what the writer refuses to write."""
    out = BitWriter()
    out.unsigned(marker, 16)
    out.exp_golomb(len(payload))
    out.align()
    return out.getvalue() + payload
