# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Back-end document: the printed specification's tables as Markdown, from the same data that the reader walks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from refsw.syntax.boxes import file_format
from refsw.syntax.definition import (
    Bind,
    Constraint,
    Field,
    For,
    If,
    Include,
    Item,
    Let,
    SegmentKind,
    Structure,
    Syntax,
    syntax,
)
from refsw.syntax.expression import Expression

INDENT = "&emsp;"


def structure_table(name: str, tables: Syntax | None = None) -> str:
    """Syntax table of one structure: element, descriptor, range, clause; tables: None for the codestream and boxes."""
    structure = _structure(name, tables)
    rows = [(f"{name}( ) {{", "", "", structure.clause), *_rows(structure.items, 1, tables), ("}", "", "", "")]
    return table(("Syntax", "Descriptor", "Range", "Clause"), rows)


def structure_semantics(name: str, tables: Syntax | None = None) -> str:
    """Semantics of one structure and of each of its elements."""
    structure = _structure(name, tables)
    lines = [structure.semantics, ""]
    for item in flatten(structure.items):
        if isinstance(item, Let):
            lines += [f"The variable `{item.name}` is {code(item.value)}.", ""]
        elif isinstance(item, Bind):
            rows = "A-1" if item.table == "profile" else "A-2"
            lines += [f"`{item.table}` is the row of Table {rows} with this `{item.key}`.", ""]
        elif isinstance(item, Field) and item.descriptor.kind != "align":
            lines += [*_semantics(item), ""]
    return "\n".join(lines).rstrip()


def segment_table() -> str:
    """Table 5-1."""
    rows = []
    for kind in syntax().segments:
        first, last = f"{kind.first_value:04X}", f"{kind.last_value:04X}"
        value = first if first == last else f"{first}..{last}"
        payload, size = code_text(f"{kind.structure}( )"), code(kind.max_size)
        rows.append((kind.marker, value, payload, _occurrence(kind), size, kind.semantics, kind.clause))
    return table(("Marker", "Value", "Payload", "Occurs", "Greatest payload, bytes", "Meaning", "Clause"), rows)


def constraint_table(prefix: str) -> str:
    """Constraints whose clause begins with `prefix`."""
    structures = (*syntax().structures.values(), *file_format().syntax.structures.values())
    fields = [field for structure in structures for field in fields_of(structure)]
    rows = [
        (constraint.clause, code_text(constraint.element), _limit(constraint), constraint.text, constraint.category)
        for field in fields
        for constraint in field.constraints
        if constraint.clause.startswith(prefix)
    ]
    rows.sort(key=lambda row: [int(part) if part.isdecimal() else 0 for part in row[0].split(".")])
    return table(("Clause", "Element", "Allowed", "Why", "Kind of violation"), rows)


def rule_table() -> str:
    """Rules that no single element carries."""
    rows = [(rule.clause, rule.text, rule.category) for rule in syntax().rules.values()]
    return table(("Clause", "Rule", "Kind of violation"), rows)


def box_table() -> str:
    """Table F-1."""
    rows = []
    for kind in file_format().kinds:
        payload = [code_text(f"{kind.structure}( )")] if kind.structure else []
        occurs = str(kind.minimum) if kind.minimum == kind.maximum else f"{kind.minimum} to {kind.maximum}"
        holds = ", then ".join(payload + ([kind.holds] if kind.holds else []))
        rows.append((code_text(kind.name), kind.within, holds, occurs, kind.semantics, kind.clause))
    return table(("Box", "In", "Payload", "Occurs", "Meaning", "Clause"), rows)


def file_rule_table() -> str:
    """Rules of Annex F that no single element carries."""
    own = file_format().syntax.rules.keys() - syntax().rules.keys()
    rows = [(rule.clause, rule.text, rule.category) for rule in file_format().syntax.rules.values() if rule.name in own]
    return table(("Clause", "Rule", "Kind of violation"), rows)


def data_table(rows: Sequence[Mapping[str, object]]) -> str:
    """A list of equal YAML rows as a table, its keys as the head."""
    keys = list(rows[0])
    return table([code_text(key) for key in keys], [[_cell(row[key]) for key in keys] for row in rows])


def flatten(items: Iterable[Item]) -> Iterator[Item]:
    """Items at every depth of conditions and loops, in order."""
    for item in items:
        yield item
        if isinstance(item, If):
            yield from flatten((*item.then, *item.otherwise))
        elif isinstance(item, For):
            yield from flatten(item.items)


def fields_of(structure: Structure) -> Iterator[Field]:
    """Elements of a structure at every depth."""
    return (item for item in flatten(structure.items) if isinstance(item, Field))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rows)]
    return "\n".join(lines)


def code(expression: Expression) -> str:
    """An expression as code, a number as itself."""
    return expression.text if expression.text.lstrip("-").isdecimal() else code_text(expression.text)


def code_text(text: str) -> str:
    """Text as code; a vertical bar would end the cell of a table."""
    return "`" + text.replace("|", "\\|") + "`"


def _structure(name: str, tables: Syntax | None) -> Structure:
    """A structure of these tables, None: of the codestream or of the file format."""
    if tables is not None:
        return tables.structures[name]
    own = syntax().structures
    return own[name] if name in own else file_format().syntax.structures[name]


def _rows(items: Iterable[Item], depth: int, tables: Syntax | None) -> Iterator[tuple[str, str, str, str]]:
    pad = INDENT * depth
    for item in items:
        match item:
            case Field() if item.descriptor.kind == "align":
                yield f"{pad}alignment to a byte boundary", code_text("align"), "0", item.clause
            case Field():
                yield f"{pad}**{item.name}**", code_text(item.descriptor.text), _range(item), item.clause
            case Include(structure, name):
                yield f"{pad}{name}: {structure}( )", "", "", _structure(structure, tables).clause
            case If():
                yield f"{pad}if( {code(item.condition)} ) {{", "", "", ""
                yield from _rows(item.then, depth + 1, tables)
                if item.otherwise:
                    yield f"{pad}}} else {{", "", "", ""
                    yield from _rows(item.otherwise, depth + 1, tables)
                yield f"{pad}}}", "", "", ""
            case For():
                loop = f"for( {item.variable} = 0; {item.variable} < {code(item.count)}; {item.variable}++ ) {{"
                yield f"{pad}{loop}", "", "", ""
                for row in _rows(item.items, depth + 1, tables):
                    name = row[0]
                    if name.endswith("**"):
                        name = f"{name}[{item.variable}]"
                    elif name.endswith("( )"):
                        name = name.replace(":", f"[{item.variable}]:", 1)
                    yield name, *row[1:]
                yield f"{pad}}}", "", "", ""


def _range(field: Field) -> str:
    low, high = code(field.low), code(field.high)
    if field.descriptor.kind == "f":
        return f"{field.low.evaluate(lambda name: 0):04X}"
    unit = " bytes" if field.descriptor.kind == "b" else ""
    if field.values is not None:
        return ", ".join(str(value) for value in field.values)
    return f"{low}{unit}" if low == high else f"{low}..{high}{unit}"


def _semantics(field: Field) -> Iterator[str]:
    yield f"**{field.clause}** &ensp; **{field.name}** &ensp; {field.semantics}"
    if field.values is not None:
        listed = "; ".join(f"{value}: {name}" for value, name in field.values.items())
        yield f"Values: {listed}. Other values are reserved."
        if not (field.low.text.isdecimal() and field.high.text.isdecimal()):
            yield f"It lies in the range of {code(field.low)} to {code(field.high)}."
    if field.inferred is not None:
        yield f"When not present it is {code(field.inferred)}."


def _occurrence(kind: SegmentKind) -> str:
    low, high = code(kind.minimum), code(kind.maximum)
    return low if low == high else f"{low} to {high}"


def _limit(constraint: Constraint) -> str:
    if constraint.test is not None:
        return code(constraint.test)
    low = "" if constraint.minimum is None else f"at least {code(constraint.minimum)}"
    high = "" if constraint.maximum is None else f"at most {code(constraint.maximum)}"
    if low and high and constraint.minimum == constraint.maximum:
        return low.removeprefix("at least ")
    return f"{low}{', ' if low and high else ''}{high}"


def _cell(value: object) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
