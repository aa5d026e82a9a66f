# SPDX-License-Identifier: BSD-3-Clause-Clear
"""spec/syntax and spec/constraints.yaml as frozen objects: what the engine walks.

    Syntax ── segments: (SegmentKind, ...)             Table 5-1, in the order of the codestream
           ├─ structures: name -> Structure ── items: Field | Let | Bind | If | For | Include
           └─ rules: name -> Rule                      what no single element carries
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

from refsw import spec
from refsw.errors import RefswError
from refsw.syntax.expression import Expression, parse

DescriptorKind = Literal["u", "s", "ue", "se", "b", "f", "align"]
MAX_EXP_GOLOMB = 2**32 - 2
"""(5.1.6) Greatest code number: 31 leading zero bits."""


class SpecError(RefswError):
    """The specification's data contradict themselves; a defect of the specification, not of an input."""


@dataclass(frozen=True)
class Descriptor:
    """(5.1) How a value stands in the codestream; size in bits for u, s, f and in bytes for b."""

    kind: DescriptorKind
    size: Expression
    text: str

    def encodable(self, bits: int) -> tuple[int, int]:
        """Least and greatest integer that the descriptor can express with `bits` bits."""
        match self.kind:
            case "s":
                return -(1 << (bits - 1)), (1 << (bits - 1)) - 1
            case "ue":
                return 0, MAX_EXP_GOLOMB
            case "se":
                return -(MAX_EXP_GOLOMB // 2), MAX_EXP_GOLOMB // 2
            case _:
                return 0, (1 << bits) - 1


@dataclass(frozen=True)
class Constraint:
    """A limit on one element beyond its range; `test` and the bounds may read `value` and earlier elements."""

    clause: str
    element: str
    category: str
    text: str
    minimum: Expression | None
    maximum: Expression | None
    test: Expression | None


@dataclass(frozen=True)
class Field:
    """One syntax element; low..high is the range of an integer, or of the length of bytes."""

    structure: str
    name: str
    descriptor: Descriptor
    low: Expression
    high: Expression
    values: Mapping[int, str] | None
    computed: Expression | None
    inferred: Expression | None
    semantics: str
    clause: str
    category: str
    constraints: tuple[Constraint, ...]

    @property
    def key(self) -> str:
        """structure.element, the name in spec/constraints.yaml."""
        return f"{self.structure}.{self.name}"


@dataclass(frozen=True)
class Let:
    """A variable derived from earlier elements."""

    name: str
    value: Expression


@dataclass(frozen=True)
class Bind:
    """Makes the row of a table (profile or level) readable as table.column."""

    table: Literal["profile", "level"]
    key: str


@dataclass(frozen=True)
class If:
    """Items that depend on earlier elements."""

    key: str
    condition: Expression
    then: tuple[Item, ...]
    otherwise: tuple[Item, ...]


@dataclass(frozen=True)
class For:
    """Items that repeat; the elements inside become lists."""

    key: str
    variable: str
    count: Expression
    minimum: int
    maximum: int
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Include:
    """Another structure, under a name of its own."""

    structure: str
    name: str


Item = Field | Let | Bind | If | For | Include


@dataclass(frozen=True)
class Structure:
    """An ordered list of items with a title and a clause."""

    name: str
    title: str
    clause: str
    semantics: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class SegmentKind:
    """(Table 5-1) One kind of segment: its markers, payload, how often it occurs and how large it may be."""

    name: str
    marker: str
    first_value: int
    last_value: int
    structure: str
    publish: bool
    names: Mapping[str, int]
    minimum: Expression
    maximum: Expression
    max_size: Expression
    clause: str
    semantics: str

    def owns(self, marker: int) -> bool:
        """Whether `marker` introduces this kind."""
        return self.first_value <= marker <= self.last_value


@dataclass(frozen=True)
class Rule:
    """A rule that no single element carries."""

    name: str
    clause: str
    category: str
    text: str


@dataclass(frozen=True)
class Syntax:
    """The whole codestream as data."""

    structures: Mapping[str, Structure]
    segments: tuple[SegmentKind, ...]
    rules: Mapping[str, Rule]


@cache
def syntax() -> Syntax:
    """The syntax of spec/, parsed once; raises SpecError or ExpressionError where it is not well-formed."""
    documents = [spec.document(f"syntax/{name}.yaml") for name in ("codestream", "picture_header", "segments")]
    rules = rules_of(spec.document("constraints.yaml")["rules"])
    segments = [_segment(row) for document in documents for row in document.get("segments", [])]
    return Syntax(structures_of(documents, rules), tuple(segments), rules)


def rules_of(rows: list[Mapping[str, Any]]) -> Mapping[str, Rule]:
    """Rules by their name."""
    rules = [Rule(row["rule"], row["clause"], row.get("category", "malformed"), row["text"]) for row in rows]
    return MappingProxyType({rule.name: rule for rule in rules})


def structures_of(
    documents: list[Any], rules: Mapping[str, Rule], more: Iterable[Mapping[str, Any]] = ()
) -> Mapping[str, Structure]:
    """Structures by their name, with the constraints on their elements; more: rows beside spec/constraints.yaml."""
    constraints = [_constraint(row) for row in (*spec.document("constraints.yaml")["constraints"], *more)]
    rows = [row for document in documents for row in document["structures"]]
    return MappingProxyType({row["structure"]: _structure(row, constraints, rules["alignment"].clause) for row in rows})


def _constraint(row: Mapping[str, Any]) -> Constraint:
    bounds = {key: parse(row[key]) if key in row else None for key in ("minimum", "maximum", "test")}
    return Constraint(
        row["clause"], row["element"], row.get("category", "malformed"), row["text"],
        bounds["minimum"], bounds["maximum"], bounds["test"],
    )  # fmt: skip


def _segment(row: Mapping[str, Any]) -> SegmentKind:
    return SegmentKind(
        name=row["name"],
        marker=row["marker"],
        first_value=row["value"],
        last_value=row.get("last_value", row["value"]),
        structure=row["structure"],
        publish=row.get("publish", False),
        names=MappingProxyType(dict(row.get("names", {}))),
        minimum=parse(row["minimum"]),
        maximum=parse(row["maximum"]),
        max_size=parse(row["max_size"]),
        clause=row["clause"],
        semantics=row["semantics"],
    )


def _structure(row: Mapping[str, Any], constraints: list[Constraint], alignment_clause: str) -> Structure:
    builder = _Builder(row["structure"], constraints, alignment_clause)
    items = builder.items(row["elements"])
    return Structure(row["structure"], row["title"], row["clause"], row["semantics"], items)


class _Builder:
    """Turns the rows of one structure into items; conditions and loops are numbered for coverage."""

    def __init__(self, structure: str, constraints: list[Constraint], alignment_clause: str) -> None:
        self.structure = structure
        self.constraints = constraints
        self.alignment_clause = alignment_clause

    def items(self, rows: list[Mapping[str, Any]]) -> tuple[Item, ...]:
        return tuple(self.item(row) for row in rows)

    def item(self, row: Mapping[str, Any]) -> Item:
        if "if" in row:
            condition = parse(row["if"])
            then, otherwise = self.items(row["then"]), self.items(row.get("else", []))
            return If(f"{self.structure}: if {condition.text}", condition, then, otherwise)
        if "for" in row:
            items = self.items(row["elements"])
            inner = ", ".join(item.name for item in items if isinstance(item, Field | Include))
            key, count = f"{self.structure}: for {inner}", parse(row["count"])
            return For(key, row["for"], count, row["minimum"], row["maximum"], items)
        if "let" in row:
            return Let(row["let"], parse(row["value"]))
        if "bind" in row:
            return Bind(row["bind"], row["key"])
        if "include" in row:
            return Include(row["include"], row["as"])
        if "align" in row:
            name, clause = f"alignment_{row['align']}", self.alignment_clause
            return self.field({"name": name, "descriptor": "align", "clause": clause, "semantics": "Zero bits."})
        field = self.field(row)
        if "condition" in row:
            condition = parse(row["condition"])
            return If(f"{self.structure}: if {condition.text} [{field.name}]", condition, (field,), ())
        return field

    def field(self, row: Mapping[str, Any]) -> Field:
        descriptor = _descriptor(row["descriptor"])
        if descriptor.kind in ("f", "align"):
            low = high = parse(row.get("value", 0))
        else:
            low, high = (parse(bound) for bound in row["range"])
        name = f"{self.structure}.{row['name']}"
        return Field(
            structure=self.structure,
            name=row["name"],
            descriptor=descriptor,
            low=low,
            high=high,
            values=_values(row.get("values")),
            computed=parse(row["computed"]) if "computed" in row else None,
            inferred=parse(row["inferred"]) if "inferred" in row else None,
            semantics=row["semantics"],
            clause=row["clause"],
            category=row.get("category", "malformed"),
            constraints=tuple(constraint for constraint in self.constraints if constraint.element == name),
        )


def _descriptor(text: str) -> Descriptor:
    if text == "align":
        return Descriptor("align", parse(0), text)
    match = re.fullmatch(r"(u|s|ue|se|b|f)\((.+)\)", text)
    if match is None:
        raise SpecError(f"descriptor {text!r} is not one of u(n) s(n) ue(v) se(v) b(n) f(n) align")
    kind: Any = match.group(1)
    return Descriptor(kind, parse(0 if kind in ("ue", "se") else match.group(2)), text)


def _values(source: Any) -> Mapping[int, str] | None:
    if source is None:
        return None
    if source == "levels":
        return MappingProxyType({row.level_idc: f"level {row.name}" for row in spec.levels()})
    if source == "profiles":
        return MappingProxyType({row.decoder_profile_idc: row.name for row in spec.profiles()})
    return MappingProxyType({int(value): str(name) for value, name in source.items()})
