# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Payloads with a syntax of their own: those of coding tools (6.6.3) and of proposals (6.13.3).

The same engine, the same language, other tables: bytes <-> frozen dataclasses, refused by clause, traced bit by bit.
A payload ends like that of a segment (5.3.3): zero bits up to the byte boundary, and nothing after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from refsw import spec
from refsw.errors import RefswError, UsageError
from refsw.syntax.binding import build
from refsw.syntax.definition import SpecError, Syntax, rules_of, structures_of
from refsw.syntax.engine import Scope
from refsw.syntax.expression import Operand
from refsw.syntax.headers import Codestream, PictureHeader
from refsw.syntax.reader import Entry, Reader
from refsw.syntax.writer import Writer

Names = Mapping[str, Operand]


@dataclass(frozen=True)
class PayloadSyntax:
    """Tables of one kind of payload.

    root: the structure that fills it; classes: the dataclass of each structure; its fields are the elements' names.
    """

    tables: Syntax
    root: str
    classes: Mapping[str, type[Any]]


def load_syntax(file: Path, root: str, classes: Mapping[str, type[Any]]) -> PayloadSyntax:
    """A syntax.yaml in the language of spec/syntax. Raises SpecError, UsageError where it cannot be read."""
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{file}: cannot be read: {' '.join(str(error).split())}") from None
    rules = rules_of(spec.document("constraints.yaml")["rules"])
    try:
        structures = structures_of([document], rules, document.get("constraints", ()))
    except (KeyError, TypeError, AttributeError) as error:
        raise SpecError(f"{file}: is not a syntax: {error}") from None
    if missing := ({root, *classes} - structures.keys()) | (structures.keys() - classes.keys()):
        raise SpecError(f"{file}: structures and dataclasses differ: {', '.join(sorted(missing))}")
    return PayloadSyntax(Syntax(structures, (), rules), root, MappingProxyType(dict(classes)))


def header_names(header: PictureHeader) -> Names:
    """What expressions of a payload may say besides its own elements (6.6.5)."""
    level = spec.level(header.level_idc)
    rows, columns = header.latent_size
    return {
        "num_components": len(header.components),
        "num_planes": 1 if header.source_chroma_format_idc == 0 else 3,
        "num_regions": header.num_regions,
        "bit_depth": header.bit_depth,
        "coded_width": header.coded_width,
        "coded_height": header.coded_height,
        "latent_rows": rows,
        "latent_columns": columns,
        "level.max_header_bytes": level.max_header_bytes,
        "level.max_metadata_bytes": level.max_metadata_bytes,
    }


def read_payload(data: bytes, syntax: PayloadSyntax, names: Names, label: str) -> Any:
    """The dataclass of a payload. Raises CodestreamError, LevelError, UnsupportedError by clause; label: its path."""
    return build(PayloadReader(data, syntax, names, label, None).run(), syntax.classes)


def payload_of(codestream: Codestream, tool_id: int, syntax: PayloadSyntax) -> Any | None:
    """(6.6.3) The payload of a coding tool, None where the codestream has not that tool. Raises as `read_payload`."""
    for block in codestream.tools:
        if block.tool_id == tool_id:
            return read_payload(block.tool_payload, syntax, header_names(codestream.picture_header), syntax.root)
    return None


def write_payload(value: Any, syntax: PayloadSyntax, names: Names, label: str) -> bytes:
    """The bytes of a payload. Raises what `read_payload` would."""
    writer = Writer(value, syntax.tables)
    writer.engine.root.names.update(names)
    writer.engine.path.append(label)
    writer.engine.structure(syntax.root, Scope(syntax.root, writer.engine.root))
    out = writer.writers[0]
    out.align()
    return out.getvalue()


def trace_payload(
    data: bytes, syntax: PayloadSyntax, names: Names, label: str, offset: int = 0
) -> tuple[tuple[Entry, ...], RefswError | None]:
    """Elements of a payload that begins at byte `offset`, and the error at which reading ended."""
    entries: list[Entry] = []
    error: RefswError | None = None
    try:
        PayloadReader(data, syntax, names, label, entries).run()
    except RefswError as found:
        error = found
    return tuple(replace(entry, offset=entry.offset + offset) for entry in entries), error


class PayloadReader(Reader):
    """Reads one structure that fills all bytes."""

    def __init__(
        self, data: bytes, syntax: PayloadSyntax, names: Names, label: str, entries: list[Entry] | None
    ) -> None:
        super().__init__(data, entries, None, syntax.tables)
        self.root = syntax.root
        self.engine.root.names.update(names)
        self.engine.path.append(label)

    def run(self) -> Scope:
        """The walked structure."""
        scope = self.engine.structure(self.root, Scope(self.root, self.engine.root))
        left = -self.bits.position % 8
        if left and self.bits.left >= left and (padding := self.bits.unsigned(left)):
            self.stop("alignment", f"found {padding:0{left}b}, expected zero bits")
        if self.bits.left:
            self.stop("payload_end", f"{self.bits.left // 8} bytes follow the last element of the payload")
        return scope
