# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Back-ends read, validate and trace: one walk over the bits of a codestream.

Nothing is allocated from a size or count before it was held against the bits that are left and against the
level, so that a hostile file costs a small multiple of its own size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from refsw.errors import CodestreamError, RefswError
from refsw.spec import Level, Profile
from refsw.syntax.binding import build
from refsw.syntax.bitio import BadCodeError, BitReader, ExhaustedError
from refsw.syntax.definition import Bind, Field, For, If, SegmentKind, Syntax, syntax
from refsw.syntax.engine import Engine, Scope, Value, range_message, table_row
from refsw.syntax.expression import Operand
from refsw.syntax.headers import Codestream
from refsw.syntax.violation import Violation

EOC_BITS = 16


@dataclass(frozen=True)
class Entry:
    """One element as it stands in a codestream: byte offset and bit, number of bits, path, value, clause."""

    offset: int
    bit: int
    bits: int
    path: str
    value: Value
    clause: str
    field: Field


class _StoppedError(Exception):
    """The walk cannot go on after a violation that was collected."""


class Reader:
    """Takes each value from the bits.

    entries: filled where a trace is wanted; violations: filled where they are collected instead of raised.
    """

    def __init__(
        self, data: bytes, entries: list[Entry] | None, violations: list[Violation] | None, tables: Syntax | None = None
    ) -> None:
        self.bits = BitReader(data)
        self.entries = entries
        self.violations = violations
        self.engine = Engine(tables or syntax(), self)
        self.counts: dict[str, tuple[int, int]] = {}

    @property
    def syntax(self) -> Syntax:
        """The tables that are walked."""
        return self.engine.syntax

    def run(self) -> Scope:
        """Walk the whole codestream."""
        root = self.engine.codestream()
        if self.bits.left:
            self.stop("end", f"{self.bits.left // 8} bytes follow EOC")
        return root

    def field(self, field: Field, scope: Scope, index: int | None) -> Value:
        """Read one element."""
        start = self.bits.position
        if field.name == "eoc_marker":
            self._before_end()
        try:
            value = self._value(field, scope)
        except ExhaustedError:
            self.bits.position = start
            raise self._fatal("truncated", f"data end {self.bits.left} bits after the start of the element") from None
        except BadCodeError:
            self.bits.position = start
            raise self._fatal("exp_golomb", "Exp-Golomb code with too many leading zero bits") from None
        if self.entries is not None and self.bits.position > start:
            path = ".".join(self.engine.path)
            self.entries.append(Entry(*divmod(start, 8), self.bits.position - start, path, value, field.clause, field))
        return value

    def _value(self, field: Field, scope: Scope) -> Value:
        descriptor = field.descriptor
        match descriptor.kind:
            case "ue":
                return self.bits.exp_golomb()
            case "se":
                return self.bits.signed_exp_golomb()
            case "align":
                return self.bits.unsigned(-self.bits.position % 8)
            case "b" if descriptor.size.text == "remaining":
                return self.bits.octets(self.bits.left // 8)
        size = descriptor.size.evaluate(scope.lookup)
        if descriptor.kind == "b":
            return self.bits.octets(size)
        return self.bits.signed(size) if descriptor.kind == "s" else self.bits.unsigned(size)

    def absent(self, name: str, value: Operand) -> None:
        """Nothing stands in the bits."""

    def branch(self, item: If, taken: bool) -> None:
        """Nothing to do."""

    def loop(self, item: For, count: int) -> None:
        """Refuse a count that the bits left cannot hold: every element of a loop takes at least one bit."""
        if count > self.bits.left:
            self.stop("truncated", f"{count} elements announced, {self.bits.left} bits left")

    def enter(self, name: str, index: int | None) -> None:
        """Nothing to do."""

    def leave(self) -> None:
        """Nothing to do."""

    def checked(self, field: Field, scope: Scope, value: Value) -> None:
        """Stop where a collected violation leaves open by which tables to read on."""
        decisive = field.category == "unsupported" or field.descriptor.kind == "f"
        if self.violations and decisive and range_message(field, scope, value) is not None:
            raise _StoppedError

    def more(self, kind: SegmentKind, count: int, limits: tuple[int, int]) -> bool:
        """Whether the next marker is of this kind and one more is allowed."""
        marker = self.bits.peek(16)
        return marker is not None and kind.owns(marker) and count < limits[1]

    def frame(self, kind: SegmentKind, header: Callable[[], Scope], payload: Callable[[int], Scope]) -> Scope:
        """Read a segment header, then the payload in a window of its size."""
        names = header().lookup
        marker, size = names("segment_marker"), names("segment_size")
        assert isinstance(marker, int) and isinstance(size, int)
        self.limit_size(kind, size, names)
        if 8 * size > self.bits.left:
            self.stop("truncated", f"payload of {size} bytes announced, {self.bits.left // 8} left in the file")
        outer, self.bits.end = self.bits.end, self.bits.position + 8 * size
        scope = payload(marker)
        self._close_payload()
        self.bits.end = outer
        return scope

    def limit_size(self, kind: SegmentKind, size: int, names: Callable[[str], Operand]) -> None:
        """(5.3.6) Hold the size of a segment against the level."""
        limit = kind.max_size.evaluate(names)
        if size > limit:
            self.stop("segment_limit", f"payload of {size} bytes, at most {limit} allowed")

    def ended(self, kind: SegmentKind, count: int, limits: tuple[int, int]) -> None:
        """Report missing segments."""
        self.counts[kind.name] = count, limits[1]
        if count < limits[0]:
            self._unexpected(kind)

    def report(self, violation: Violation) -> None:
        """Raise, or collect."""
        if self.violations is None:
            raise violation.error()
        self.violations.append(violation)

    def place(self) -> int:
        """Position in bits."""
        return self.bits.position

    def row(self, item: Bind, key: int) -> Level | Profile:
        """The row with this number."""
        return table_row(item, key)

    def stop(self, rule: str, message: str) -> None:
        """Report the violation of a rule after which reading cannot go on."""
        raise self._fatal(rule, message)

    def _fatal(self, rule: str, message: str) -> Exception:
        row = self.syntax.rules[rule]
        return self._violated(row.clause, row.category, message)

    def _violated(self, clause: str, category: str, message: str) -> Exception:
        offset, bit = divmod(self.bits.position, 8)
        violation = Violation(clause, message, category, ".".join(self.engine.path), offset, bit)
        if self.violations is None:
            return violation.error()
        self.violations.append(violation)
        return _StoppedError()

    def _close_payload(self) -> None:
        left = -self.bits.position % 8
        start = self.bits.position
        if left:
            padding = self.bits.unsigned(left)
            if padding:
                self.bits.position = start
                self.stop("alignment", f"found {padding:0{left}b}, expected zero bits")
            if self.entries is not None:
                header = self.syntax.structures["segment_header"].items[-1]
                assert isinstance(header, Field)
                path = ".".join([*self.engine.path, header.name])
                self.entries.append(Entry(*divmod(start, 8), left, path, 0, header.clause, header))
        if self.bits.left:
            self.stop("payload_end", f"{self.bits.left // 8} bytes follow the last element of the payload")

    def _before_end(self) -> None:
        """(5.2.14) A segment that stands where EOC is expected is out of place."""
        marker = self.bits.peek(EOC_BITS)
        if marker is not None and any(kind.owns(marker) for kind in self.syntax.segments):
            self._unexpected(None)
        elif marker is not None and marker != self._end_marker():
            self.stop("unknown_marker", f"marker {marker:04X} is not one of Table 5-1")

    def _end_marker(self) -> int:
        field = self.syntax.structures["end_of_codestream"].items[0]
        assert isinstance(field, Field)
        return field.low.evaluate(lambda name: 0)

    def _unexpected(self, expected: SegmentKind | None) -> None:
        """Report the marker that stands where `expected` (None: EOC) should."""
        marker = self.bits.peek(16)
        if marker is None:
            self.stop("truncated", f"data end where {expected.marker if expected else 'EOC'} is expected")
        found = next((kind for kind in self.syntax.segments if marker is not None and kind.owns(marker)), None)
        if found is not None and found.name in self.counts and found is not expected:
            count, limit = self.counts[found.name]
            if count >= limit:
                raise self._violated(found.clause, "malformed", f"{found.marker} after the {count} allowed")
            self.stop("order", f"{found.marker} is too late")
        if found is None and marker != self._end_marker():
            self.stop("unknown_marker", f"marker {marker:04X} is not one of Table 5-1")
        assert expected is not None
        seen = found.marker if found else "EOC"
        raise self._violated(expected.clause, "malformed", f"{expected.marker} is missing, found {seen}")


def read(data: bytes) -> Codestream:
    """(5.2) Parse a codestream.

    Raises CodestreamError, LevelError or UnsupportedError at the first violated clause.
    """
    stream = build(_walked(Reader(data, None, None)))
    assert isinstance(stream, Codestream)
    return stream


def validate(data: bytes) -> tuple[Violation, ...]:
    """Violations of a codestream, in order of their place, as far as it can be parsed; () where there are none."""
    violations: list[Violation] = []
    try:
        _walked(Reader(data, None, violations))
    except _StoppedError:
        pass
    return tuple(violations)


def trace(data: bytes) -> tuple[tuple[Entry, ...], RefswError | None]:
    """Elements of a codestream in order, and the error at which parsing ended (None where it did not)."""
    entries: list[Entry] = []
    try:
        _walked(Reader(data, entries, None))
    except RefswError as error:
        return tuple(entries), error
    return tuple(entries), None


def bits(data: bytes) -> dict[str, int]:
    """Bits that each element of the syntax takes in a valid codestream: structure.element -> bits of all its places.

    Raises what `read` raises.
    """
    entries, error = trace(data)
    if error is not None:
        raise error
    total: dict[str, int] = {}
    for entry in entries:
        total[entry.field.key] = total.get(entry.field.key, 0) + entry.bits
    return total


def _walked(reader: Reader) -> Scope:
    """Walk, and turn every escape from the tables' arithmetic into a rejection."""
    try:
        return reader.run()
    except (OverflowError, MemoryError) as error:
        raise CodestreamError(f"not decodable: {type(error).__name__}") from None
