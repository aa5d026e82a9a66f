# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.7.1) What is left of a codestream that ends early or breaks: every segment before the first violation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from refsw.errors import CodestreamError, InputError
from refsw.syntax.binding import build
from refsw.syntax.definition import SegmentKind
from refsw.syntax.engine import Scope
from refsw.syntax.headers import Codestream, Substream
from refsw.syntax.reader import Reader
from refsw.syntax.violation import ClauseLevelError


@dataclass(frozen=True)
class Salvaged:
    """A codestream whose missing substreams have no bytes; the error at which reading ended, None for a sound one."""

    codestream: Codestream
    error: InputError | None


def salvage(data: bytes) -> Salvaged:
    """(9.7.1) Read as far as the codestream goes.

    Raises CodestreamError where picture header or tool header cannot be read, and LevelError and UnsupportedError
    as `read` does: those are not damage.
    """
    reader = Reader(data, None, None)
    root = reader.engine.root
    try:
        reader.run()
    except (CodestreamError, ClauseLevelError) as error:
        size = reader.syntax.rules["segment_limit"].clause  # a damaged size, unlike other limits of the level
        if isinstance(error, ClauseLevelError) and error.clause != size:
            raise
        header = root.names.get("picture_header")
        if not header or (_number(root, "tools_enabled_flag") and not root.names.get("tool_header")):
            raise
        return Salvaged(_completed(root, reader.syntax.segments), error)
    return Salvaged(build(root), None)


def _number(root: Scope, name: str) -> int:
    value = root.lookup(name)
    assert isinstance(value, int)
    return value


def _completed(root: Scope, kinds: tuple[SegmentKind, ...]) -> Codestream:
    """The codestream with an empty substream for each one that is missing."""
    for kind in kinds:
        root.names.setdefault(kind.name, [])
    names = {kind.name: kind for kind in kinds if kind.structure == "substream"}
    regions = _number(root, "num_regions")
    missing: dict[str, tuple[Substream, ...]] = {}
    for name, kind in names.items():
        present: Any = root.names[name]
        first = kind.names["first_component"]
        assert isinstance(first, int)
        missing[name] = tuple(
            Substream(component_index=first + place // regions, region_index=place % regions, substream_data=b"")
            for place in range(len(present), kind.minimum.evaluate(root.lookup))
        )
    stream = build(root)
    assert isinstance(stream, Codestream)
    return replace(stream, **{name: getattr(stream, name) + parts for name, parts in missing.items()})
