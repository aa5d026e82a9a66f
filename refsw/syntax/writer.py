# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Back-end write: takes each value from the dataclasses of headers.py and puts it into bits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from refsw.spec import Level, Profile
from refsw.syntax.bitio import BitReader, BitWriter
from refsw.syntax.definition import Bind, Field, For, If, SegmentKind, Syntax, syntax
from refsw.syntax.engine import Engine, Scope, Value, table_row
from refsw.syntax.expression import Operand
from refsw.syntax.headers import Codestream, Substream
from refsw.syntax.violation import Violation


class Writer:
    """Writes one codestream; counts and lengths that follow from other fields are computed."""

    def __init__(self, source: Any, tables: Syntax | None = None) -> None:
        self.sources: list[Any] = [source]
        self.writers: list[BitWriter] = [BitWriter()]
        self.segment: dict[str, int] = {}
        self.engine = Engine(tables or syntax(), self)

    def run(self) -> bytes:
        """The bytes of the codestream."""
        self.engine.codestream()
        return self.writers[0].getvalue()

    def field(self, field: Field, scope: Scope, index: int | None) -> Value:
        """Write one element."""
        value = self.value(field, scope, index)
        self.put(field, scope, value)
        return value

    def value(self, field: Field, scope: Scope, index: int | None) -> Value:
        """The value that the element gets."""
        if field.descriptor.kind in ("f", "align"):
            return field.low.evaluate(scope.lookup)
        if field.structure == "segment_header":
            return self.segment[field.name]
        source = self.sources[-1]

        def lookup(name: str) -> Operand:
            value: Operand = getattr(source, name) if hasattr(source, name) else scope.lookup(name)
            return value

        if field.computed is not None:
            return field.computed.evaluate(lookup)
        value = getattr(source, field.name)
        if index is not None:
            value = self.at(value, index)
        wanted = bytes if field.descriptor.kind == "b" else int
        if not isinstance(value, wanted):
            self.refuse(field.clause, f"{type(value).__name__} where {wanted.__name__} is expected")
        return value if isinstance(value, bytes) else int(value)

    def at(self, values: Any, index: int) -> Any:
        """One of a tuple's values; 0 where the tuple is too short, which `loop` has refused."""
        return values[index] if index < len(values) else 0

    def put(self, field: Field, scope: Scope, value: Value) -> None:
        """Append the bits of a value; a value that does not fit is cut, and refused by the checks that follow."""
        out = self.writers[-1]
        if isinstance(value, bytes):
            out.octets(value)
            return
        match field.descriptor.kind:
            case "align":
                out.align()
            case "ue":
                out.exp_golomb(max(0, value))
            case "se":
                out.signed_exp_golomb(value)
            case _:
                out.unsigned(value, field.descriptor.size.evaluate(scope.lookup))

    def absent(self, name: str, value: Operand) -> None:
        """A field that cannot be written keeps the value that readers infer."""
        given = getattr(self.sources[-1], name, value)
        if given != value:
            self.refuse(self._clause(name), f"value {given!r} of an element that is not present, expected {value!r}")

    def _clause(self, name: str) -> str:
        return next(
            (clause for structure in self.engine.syntax.structures.values() for clause in find(structure.items, name)),
            "",
        )

    def branch(self, item: If, taken: bool) -> None:
        """Nothing to do."""

    def loop(self, item: For, count: int) -> None:
        """Refuse a tuple whose length is not the count of the loop."""
        inner = item.items[0]
        assert not isinstance(inner, If)
        name = getattr(inner, "name", "")
        given = len(getattr(self.sources[-1], name))
        if given != count:
            clauses = find((inner,), name) or [self.engine.syntax.structures[self.structure_of(inner)].clause]
            self.refuse(clauses[0], f"{given} values of {name}, expected {count}")

    def structure_of(self, item: object) -> str:
        """Name of the structure that an include refers to."""
        return str(getattr(item, "structure", ""))

    def enter(self, name: str, index: int | None) -> None:
        """Descend into a field of the present dataclass."""
        value = getattr(self.sources[-1], name)
        self.sources.append(value[index] if isinstance(value, tuple) and index is not None else value)

    def leave(self) -> None:
        """Return to the dataclass around it."""
        self.sources.pop()

    def checked(self, field: Field, scope: Scope, value: Value) -> None:
        """Nothing to do."""

    def more(self, kind: SegmentKind, count: int, limits: tuple[int, int]) -> bool:
        """Whether another segment is given."""
        return count < len(self._given(kind)) and count < limits[1]

    def _given(self, kind: SegmentKind) -> tuple[Any, ...]:
        value = getattr(self.sources[0], kind.name)
        if value is None:
            return ()
        return value if isinstance(value, tuple) else (value,)

    def frame(self, kind: SegmentKind, header: Callable[[], Scope], payload: Callable[[int], Scope]) -> Scope:
        """Write the payload aside, then its header and itself."""
        marker = getattr(self.sources[-1], "segment_marker", kind.first_value)
        if not kind.owns(marker):
            self.refuse(kind.clause, f"marker {marker:04X} is not one of {kind.marker}")
        self.writers.append(BitWriter())
        scope = payload(marker)
        inner = self.writers.pop()
        inner.align()
        data = inner.getvalue()
        limit = kind.max_size.evaluate(scope.lookup)
        if len(data) > limit:
            rule = self.engine.syntax.rules["segment_limit"]
            self.refuse(rule.clause, f"payload of {len(data)} bytes, at most {limit} allowed", rule.category)
        self.segment = {"segment_marker": marker, "segment_size": len(data)}
        header()
        self.writers[-1].octets(data)
        return scope

    def ended(self, kind: SegmentKind, count: int, limits: tuple[int, int]) -> None:
        """Refuse missing and surplus segments."""
        given = len(self._given(kind))
        if not limits[0] <= given <= limits[1]:
            wanted = str(limits[0]) if limits[0] == limits[1] else f"{limits[0]}..{limits[1]}"
            self.refuse(kind.clause, f"{given} segments {kind.marker}, expected {wanted}")

    def row(self, item: Bind, key: int) -> Level | Profile:
        """The row with this number."""
        return table_row(item, key)

    def refuse(self, clause: str, message: str, category: str = "malformed") -> None:
        """Report a violation at the present path."""
        self.report(Violation(clause, message, category, ".".join(self.engine.path)))

    def report(self, violation: Violation) -> None:
        """Raise: nothing that a reader would reject is written."""
        raise violation.error()

    def place(self) -> int | None:
        """A writer reports no position, because payloads are written before their headers."""
        return None


def find(items: tuple[Any, ...], name: str) -> list[str]:
    """Clauses of the elements called `name` in these items, at any depth of conditions and loops."""
    clauses: list[str] = []
    for item in items:
        if isinstance(item, Field) and item.name == name:
            clauses.append(item.clause)
        elif isinstance(item, If):
            clauses += find((*item.then, *item.otherwise), name)
        elif isinstance(item, For):
            clauses += find(item.items, name)
    return clauses


def write(codestream: Codestream) -> bytes:
    """(5.2) The bytes of a codestream.

    Raises CodestreamError, LevelError or UnsupportedError for whatever `read` would reject.
    """
    return Writer(codestream).run()


def digested_headers(codestream: Codestream) -> bytes:
    """(8.7) Payloads of the picture header and, where there is one, of the tool header, as they stand in bytes.

    A codestream has exactly one form, so they are the same whether it was read or is about to be written.
    """

    def emptied(parts: tuple[Substream, ...]) -> tuple[Substream, ...]:
        return tuple(replace(part, substream_data=b"") for part in parts)

    short = replace(
        codestream, z=emptied(codestream.z), primary_residual=emptied(codestream.primary_residual),
        secondary_residual=emptied(codestream.secondary_residual), digest_segment=None,
    )  # fmt: skip
    reader, payloads = BitReader(write(short)), b""
    reader.octets(2)  # start of codestream
    for _ in range(1 + (codestream.tool_header is not None)):
        reader.octets(2)  # marker
        size = reader.exp_golomb()
        reader.unsigned(-reader.position % 8)
        payloads += reader.octets(size)
    return payloads
