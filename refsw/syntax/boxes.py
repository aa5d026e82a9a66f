# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(Annex F) spec/syntax/file_format.yaml as frozen objects: which boxes a file has, and what stands in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from refsw import spec
from refsw.syntax.definition import Syntax, rules_of, structures_of

FILE = "file"
"""What contains the outermost boxes, in Table F-1."""


@dataclass(frozen=True)
class BoxKind:
    """(Table F-1) One kind of box; structure: of its payload, "" for none; holds: "boxes", "data" or "" after it."""

    name: str
    within: str
    structure: str
    minimum: int
    maximum: int
    holds: str
    clause: str
    semantics: str


@dataclass(frozen=True)
class FileFormat:
    """The file format as data. codes: names that the rules mean; transformations: properties that turn a picture."""

    syntax: Syntax
    kinds: tuple[BoxKind, ...]
    codes: Mapping[str, str]
    transformations: tuple[str, ...]
    max_skipped_boxes: int

    def inside(self, within: str) -> tuple[BoxKind, ...]:
        """Kinds of boxes that one contains."""
        return tuple(kind for kind in self.kinds if kind.within == within)


@cache
def file_format() -> FileFormat:
    """The file format of spec/, parsed once."""
    document = spec.document("syntax/file_format.yaml")
    rules = rules_of([*spec.document("constraints.yaml")["rules"], *document["file_rules"]])
    return FileFormat(
        syntax=Syntax(structures_of([document], rules), (), rules),
        kinds=tuple(_kind(row) for row in document["boxes"]),
        codes=MappingProxyType(dict(document["codes"])),
        transformations=tuple(document["transformations"]),
        max_skipped_boxes=document["max_skipped_boxes"],
    )


def _kind(row: Mapping[str, Any]) -> BoxKind:
    return BoxKind(
        row["name"], row["within"], row.get("structure", ""), row["minimum"], row["maximum"], row.get("holds", ""),
        row["clause"], row["semantics"],
    )  # fmt: skip
