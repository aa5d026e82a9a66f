# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(6.6.3, 6.17) What stands in the payloads of coding tools, for `refsw-probe`. Never imports torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from refsw import container
from refsw.constants import PROPOSAL_EXTENSION_ID
from refsw.errors import CodestreamError, RefswError
from refsw.syntax.headers import PictureHeader
from refsw.syntax.payload import PayloadSyntax, header_names, trace_payload
from refsw.syntax.reader import Entry
from refsw.syntax.salvage import salvage
from refsw.syntax.violation import ClauseLevelError, ClauseUnsupportedError, Violation
from refsw.tools.proposal import proposal_syntax
from refsw.tools.toolbox import Toolbox, syntax_of

PAYLOADS = {"tool.tool_payload", "extension.extension_data"}


def with_payloads(
    data: bytes, entries: Sequence[Entry], error: RefswError | None, toolbox: Toolbox
) -> tuple[tuple[Entry, ...], RefswError | None]:
    """Elements of a codestream or file, those inside the payloads of known tools after each payload."""
    header = _header(data) if any(entry.field.key in PAYLOADS for entry in entries) else None
    if header is None:
        return tuple(entries), error
    out, last = list[Entry](), dict[str, Entry]()
    for entry in entries:
        out.append(entry)
        last[entry.field.key] = entry
        if entry.field.key in PAYLOADS:
            more, wrong = _inside(entry, last, header, toolbox)
            out += more
            error = error or wrong
    return tuple(out), error


def payload_violations(data: bytes, entries: Sequence[Entry], toolbox: Toolbox) -> Iterator[Violation]:
    """The first violation in the payload of each known tool."""
    for entry in entries:
        if entry.field.key in PAYLOADS:
            _, error = with_payloads(data, [*_before(entries, entry), entry], None, toolbox)
            if isinstance(error, CodestreamError | ClauseLevelError | ClauseUnsupportedError):
                category = "malformed" if isinstance(error, CodestreamError) else "level"
                yield Violation(error.clause, str(error), category, entry.path, entry.offset)


def _before(entries: Sequence[Entry], payload: Entry) -> Iterator[Entry]:
    """The elements that say whose payload it is."""
    keys = ("tool.tool_id", "extension.extension_essential_flag", "extension.extension_id")
    upto = entries[: entries.index(payload)]
    yield from (found for key in keys if (found := next((e for e in reversed(upto) if e.field.key == key), None)))


def _inside(
    entry: Entry, last: dict[str, Entry], header: PictureHeader, toolbox: Toolbox
) -> tuple[tuple[Entry, ...], RefswError | None]:
    assert isinstance(entry.value, bytes)
    names = header_names(header)

    def walk(data: bytes, syntax: PayloadSyntax, offset: int) -> tuple[tuple[Entry, ...], RefswError | None]:
        inner, error = trace_payload(data, syntax, names, entry.path, offset)
        return inner, error

    if entry.field.key == "tool.tool_payload":
        tool_id = last["tool.tool_id"].value
        tool = toolbox.by_id(tool_id) if isinstance(tool_id, int) else None
        return walk(entry.value, syntax_of(tool), entry.offset) if tool is not None else ((), None)
    essential, number = (last[f"extension.{key}"].value for key in ("extension_essential_flag", "extension_id"))
    if not essential or number != PROPOSAL_EXTENSION_ID:
        return (), None
    block, error = walk(entry.value, proposal_syntax(), entry.offset)
    if error is not None:
        return block, error
    name = next(e.value for e in block if e.field.name == "proposal_name")
    payload = next((e for e in block if e.field.name == "proposal_payload"), None)
    tool = toolbox.proposal(name.decode("ascii", "replace")) if isinstance(name, bytes) else None
    if tool is None or payload is None or not isinstance(payload.value, bytes):
        return block, None
    inner, error = walk(payload.value, syntax_of(tool), payload.offset)
    return (*block, *inner), error


def _header(data: bytes) -> PictureHeader | None:
    try:
        return salvage(container.opened(data, conceal=True).codestream).codestream.picture_header
    except RefswError:
        return None
