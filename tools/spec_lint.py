# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Check the specification's data: schemas, clauses, names. Prints one line per finding and exits with 1 if any.

    schema     every YAML document that this project has a JSON Schema for obeys it
    elements   range, semantics and clause of each element; names in expressions are those of earlier elements
    clauses    each clause belongs to one thing; every constraint meets an element
    tools      the same of the payloads of coding tools, whose ids ascend
    boxes      each box of Table F-1 stands in one that holds boxes, and has a structure that exists
    levels     limits grow from level to level; the example that a level names fits it and no lower one
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import yaml

import refsw.tools
from refsw import spec
from refsw.resources import spec_dir
from refsw.spec import Level, Profile
from refsw.syntax.boxes import FILE, file_format
from refsw.syntax.definition import Bind, Constraint, Field, For, If, Include, Item, Let, Structure, Syntax, syntax
from refsw.syntax.documents import fields_of
from refsw.syntax.expression import Expression
from refsw.syntax.headers import PictureHeader
from refsw.syntax.payload import header_names
from refsw.tools.proposal import proposal_syntax
from refsw.tools.toolbox import OWN, syntax_of

TOOLS = Path(refsw.tools.__file__).parent
_HEADER = PictureHeader(
    level_idc=10, synthesis_transform_id=(0,), model_id=1, model_digest=bytes(4), coded_width_minus1=0,
    coded_height_minus1=0, components=(),
)  # fmt: skip
ROOT_NAMES = frozenset({"segment_index", "segment_marker", "remaining"})


def main() -> int:
    """Run every check; returns the exit code."""
    found = list(findings())
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


def findings() -> Iterator[str]:
    """One line for each thing that is wrong with spec/."""
    broken = list(_schemas())
    yield from broken
    if not broken:
        yield from _clauses()
        yield from _names()
        yield from _boxes()
        yield from _tools()
        yield from _levels()


def _schemas() -> Iterator[str]:
    folder = spec_dir() / "schema"
    documents = {"syntax": [f"syntax/{path.name}" for path in sorted((spec_dir() / "syntax").glob("*.yaml"))]}
    for name in ("constraints", "levels", "profiles", "models"):
        if (spec_dir() / f"{name}.yaml").exists():
            documents[name] = [f"{name}.yaml"]
    for schema, names in documents.items():
        path = folder / f"{schema}.schema.json"
        if not path.exists():
            yield f"spec/schema/{path.name}: missing"
            continue
        rules = json.loads(path.read_text(encoding="utf-8"))
        validator = jsonschema.Draft202012Validator(rules)
        jsonschema.Draft202012Validator.check_schema(rules)
        own = {f"spec/{name}": spec.document(name) for name in names}
        if schema == "syntax":
            files = [TOOLS / "proposal.yaml", *(tool.folder / "syntax.yaml" for tool in OWN)]
            own |= {str(file): yaml.safe_load(file.read_text(encoding="utf-8")) for file in files}
        for name, document in own.items():
            for error in validator.iter_errors(document):
                yield f"{name}: {error.json_path}: {error.message[:200]}"


def _clauses() -> Iterator[str]:
    tables, file = syntax(), file_format()
    payloads = [structure for own in _payloads() for structure in own.structures.values()]
    structures = (*tables.structures.values(), *file.syntax.structures.values(), *payloads)
    all_fields = [field for structure in structures for field in fields_of(structure)]
    owners: list[tuple[str, str]] = [(rule.clause, f"rule {rule.name}") for rule in file.syntax.rules.values()]
    owners += [(kind.clause, f"segment {kind.marker}") for kind in tables.segments]
    owners += [(kind.clause, f"box {kind.name}") for kind in file.kinds]
    owners += [(structure.clause, f"structure {structure.name}") for structure in structures]
    met: set[Constraint] = set()
    for field in all_fields:
        if field.descriptor.kind != "align":
            owners.append((field.clause, field.key))
            if not field.clause or len(field.semantics) < 3:
                yield f"{field.key}: no clause or semantics"
        met |= set(field.constraints)
        owners += [(constraint.clause, f"constraint on {field.key}") for constraint in field.constraints]
    for clause, count in Counter(clause for clause, _ in owners).items():
        if count > 1:
            yield f"clause {clause} belongs to {', '.join(name for other, name in owners if other == clause)}"
    for row in spec.document("constraints.yaml")["constraints"]:
        if not any(constraint.clause == row["clause"] for constraint in met):
            yield f"spec/constraints.yaml: {row['clause']}: element {row['element']} does not exist"
    for field in all_fields:
        if field.computed is None and field.values is not None and field.low == field.high and len(field.values) > 1:
            yield f"{field.key}: the range leaves one value, the enumeration has more"


def _names() -> Iterator[str]:
    tables = syntax()
    columns = {f"level.{field.name}" for field in fields(Level)}
    columns |= {f"profile.{field.name}" for field in fields(Profile)}
    published: set[str] = set()
    for kind in tables.segments:
        if kind.structure not in tables.structures:
            yield f"segment {kind.marker}: structure {kind.structure} does not exist"
            continue
        for expression in (kind.minimum, kind.maximum, kind.max_size):
            yield from _unknown(f"segment {kind.marker}", expression, published)
        known = published | ROOT_NAMES | set(kind.names)
        yield from _walk(tables.structures[kind.structure], known, columns, tables)
        if kind.publish:
            published |= known


def _payloads() -> list[Syntax]:
    return [proposal_syntax().tables, *(syntax_of(tool).tables for tool in OWN)]


def _tools() -> Iterator[str]:
    """Names in the payloads of coding tools, and that tool ids ascend."""
    known = set(header_names(_HEADER)) | ROOT_NAMES
    for own in _payloads():
        root = next(iter(own.structures.values()))
        yield from _walk(root, set(known), set(), own)
    if [tool.tool_id for tool in OWN] != sorted({tool.tool_id for tool in OWN}) or not all(t.tool_id for t in OWN):
        yield "refsw/tools: tool ids of OWN do not ascend"


def _boxes() -> Iterator[str]:
    file = file_format()
    structures = file.syntax.structures
    yield from (f"structure {name} is defined twice" for name in syntax().structures.keys() & structures.keys())
    holders = {FILE}
    for kind in file.kinds:
        if kind.within not in holders:
            yield f"box {kind.name}: {kind.within} does not hold boxes before it in Table F-1"
        if kind.structure and kind.structure not in structures:
            yield f"box {kind.name}: structure {kind.structure} does not exist"
        holders |= {kind.name} if kind.holds == "boxes" else set()
    for name in ("box_header", *sorted({kind.structure for kind in file.kinds} & structures.keys())):
        yield from _walk(structures[name], set(ROOT_NAMES), set(), file.syntax)


def _walk(structure: Structure, known: set[str], columns: set[str], tables: Syntax) -> Iterator[str]:
    """Names in the order of the walk; `known` grows."""
    previous = {f"previous.{field.name}" for field in fields_of(structure)}
    yield from _items(structure, structure.items, known, columns, previous, tables)


def _items(
    structure: Structure, items: Iterable[Item], known: set[str], columns: set[str], previous: set[str],
    tables: Syntax,
) -> Iterator[str]:  # fmt: skip
    for item in items:
        match item:
            case Field():
                yield from _field(structure, item, known | previous)
                known.add(item.name)
            case Let(name, value):
                yield from _unknown(structure.name, value, known)
                known.add(name)
            case Bind(table, key):
                if key not in known:
                    yield f"{structure.name}: bind {table}: name {key} is unknown"
                known |= {column for column in columns if column.startswith(f"{table}.")}
            case If():
                yield from _unknown(structure.name, item.condition, known)
                yield from _items(structure, (*item.then, *item.otherwise), known, columns, previous, tables)
            case For():
                yield from _unknown(structure.name, item.count, known)
                known |= {item.variable, *(inner.name for inner in item.items if isinstance(inner, Field))}
                yield from _items(structure, item.items, known, columns, previous, tables)
            case Include(name, as_name):
                if name not in tables.structures:
                    yield f"{structure.name}: structure {name} does not exist"
                else:
                    yield from _walk(tables.structures[name], set(known), columns, tables)
                known.add(as_name)


def _field(structure: Structure, field: Field, known: set[str]) -> Iterator[str]:
    expressions = [field.low, field.high, field.descriptor.size, *([field.inferred] if field.inferred else [])]
    for expression in expressions:
        yield from _unknown(field.key, expression, known)
    for constraint in field.constraints:
        for bound in (constraint.minimum, constraint.maximum, constraint.test):
            if bound is not None:
                yield from _unknown(f"{field.key} [{constraint.clause}]", bound, known | {"value"})
    later = {inner.name for inner in structure.items if isinstance(inner, Field)}
    loops = [loop for loop in structure.items if isinstance(loop, For)]
    later |= {inner.name for loop in loops for inner in loop.items if isinstance(inner, Field | Include)}
    if field.computed is not None and (unknown := field.computed.names() - known - later):
        yield f"{field.key}: computed from unknown names {sorted(unknown)}"


def _unknown(where: str, expression: Expression, known: set[str]) -> Iterator[str]:
    for name in sorted(expression.names() - known):
        yield f"{where}: expression {expression.text!r}: name {name} is unknown at its place"


def _levels() -> Iterator[str]:
    rows = spec.levels()
    for low, high in pairwise(rows):
        for field in fields(Level):
            before, after = getattr(low, field.name), getattr(high, field.name)
            if isinstance(before, int) and before > after:
                yield f"spec/levels.yaml: {field.name} falls from level {low.name} to level {high.name}"
    for row in rows:
        width, height = map(int, row.holds.split(" x "))
        if spec.lowest_level(width, height) != row:
            yield f"spec/levels.yaml: level {row.name} is not the lowest that holds {row.holds}"


if __name__ == "__main__":
    sys.exit(main())
