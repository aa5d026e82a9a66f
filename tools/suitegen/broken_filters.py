# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Payloads of post-filters (9.11) that a decoder shall reject: each breaks one clause, which refsw names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from refsw import syntax
from refsw.decode.tools import told
from refsw.errors import RefswError
from refsw.syntax.bitio import BitWriter
from refsw.syntax.headers import Codestream, ToolHeader
from refsw.syntax.surgery import without_digests
from refsw.tools.linear_enhancement.tool import LINEAR_ENHANCEMENT
from refsw.tools.switched_enhancement.tool import SWITCHED_ENHANCEMENT
from suitegen.filters import AIDED, SHARP
from suitegen.recipe import Recipe

COLOUR, GREY = "filters-both", "filters-grey"
SWITCHED, LINEAR = SWITCHED_ENHANCEMENT.tool_id, LINEAR_ENHANCEMENT.tool_id
TOOL_HEADER = 0xFF83
LONG_CODE = 33
"""Leading zero bits of an Exp-Golomb code that 5.1 does not allow."""


@dataclass(frozen=True)
class Case:
    """A payload of a tool, in place of the one that the parent has."""

    name: str
    title: str
    clause: str
    tool_id: int
    payload: bytes
    parent: str = COLOUR


def recipes(streams: Mapping[str, bytes]) -> Iterator[Recipe]:
    """All vectors of this kind. streams: bytes of the valid vectors."""
    stream = without_digests(syntax.read(streams[COLOUR]))
    assert stream.tool_header is not None
    own = {tool.tool_id: tool.tool_payload for tool in stream.tool_header.tools}
    for case in (*_switched(), *_linear(), *_any(own)):
        broken = _with(without_digests(syntax.read(streams[case.parent])), case.tool_id, case.payload)
        assert not syntax.validate(syntax.write(broken)), f"{case.name}: more than the payload is broken"
        assert_broken(case.name, case.clause, broken)
        text = f"The payload of tool {case.tool_id} has {case.title}: the stream is malformed."
        yield _recipe(case, text, syntax.write(broken), "malformed")
    whole, first = syntax.read(streams[COLOUR]), own[SWITCHED]
    others = {SWITCHED: first[:1] + bytes([first[1] ^ 8]) + first[2:], LINEAR: _linear_payload((7, *SHARP[1:]), AIDED)}
    for tool_id, data in others.items():
        other = Case("digest", "another payload under the old digest", "8.7", tool_id, data)
        broken = _with(whole, tool_id, data)
        told(broken)
        text = f"A changed payload of tool {tool_id} is found by the digest, though tensors are as they were."
        yield _recipe(other, text, syntax.write(broken), "damage")
    yield from _blocks(stream, own)


def _blocks(stream: Codestream, own: Mapping[int, bytes]) -> Iterator[Recipe]:
    """(6.6) Blocks that are right by themselves."""
    first, second = own.items()
    cases = (
        ("order", "linear enhancement before switched enhancement", "6.6.4", "malformed", (second, first)),
        ("twice", "switched enhancement twice", "6.6.4", "malformed", (first, first)),
        ("tool-3", "a tool that the profile lacks", "A.1.7", "level", (first, (3, b"\x80"))),
    )
    data = syntax.write(stream)
    right = _header(tuple(own.items()))
    for name, title, clause, error_class, blocks in cases:
        broken = data.replace(right, _header(blocks), 1)
        found = syntax.validate(broken)
        assert data.count(right) == 1 and [one.clause for one in found] == [clause], f"{name}: {found}"
        yield replace(
            _recipe(Case(name, title, clause, SWITCHED, b""), f"The tool header has {title}.", broken, error_class),
            id=f"filters-broken-{name}", title=f"tool header: {title}", revision=2 if name == "tool-3" else 1,
        )  # fmt: skip


def _header(blocks: Sequence[tuple[int, bytes]]) -> bytes:
    """(6.5) The segment, which the writer would refuse."""
    body = BitWriter()
    body.unsigned(len(blocks), 8)
    for tool_id, payload in blocks:
        body.unsigned(tool_id, 8)
        body.exp_golomb(len(payload))
        body.align()
        body.octets(payload)
    out = BitWriter()
    out.unsigned(TOOL_HEADER, 16)
    out.exp_golomb(len(body.getvalue()))
    out.align()
    out.octets(body.getvalue())
    return out.getvalue()


def _with(stream: Codestream, tool_id: int, payload: bytes) -> Codestream:
    assert stream.tool_header is not None
    tools = tuple(replace(t, tool_payload=payload) if t.tool_id == tool_id else t for t in stream.tool_header.tools)
    return replace(stream, tool_header=ToolHeader(tools=tools))


def assert_broken(name: str, clause: str, stream: Codestream) -> None:
    """That a payload of the stream's tools is refused, by this clause."""
    try:
        told(stream)
    except RefswError as error:
        assert f"clause {clause}" in str(error), f"{name}: {error}"
    else:
        raise AssertionError(f"{name}: nothing is broken")


def _recipe(case: Case, purpose: str, data: bytes, error_class: str) -> Recipe:
    tool = {SWITCHED: "switched", LINEAR: "linear"}[case.tool_id]
    return Recipe(
        f"{tool}-broken-{case.name}", f"{tool} enhancement: {case.title}", purpose, (case.clause,), lambda bench: data,
        f"bytes of {case.parent}, changed", kind="negative", result="invalid", clause=case.clause,
        error_class=error_class, parent=case.parent, seconds=30,
    )  # fmt: skip


def _bits(*fields: tuple[int, int]) -> bytes:
    """Values and their numbers of bits, then zero bits to the end of the byte."""
    out = BitWriter()
    for value, size in fields:
        out.unsigned(value, size)
    out.align()
    return out.getvalue()


def _switched() -> Iterator[Case]:
    """(9.11.3) bank, flags, strengths."""
    luma = [(8, 5)] * 3
    yield Case("bank-1", "a bank that does not exist", "9.11.3.1", SWITCHED, _bits((1, 6), (1, 1), (0, 1), *luma))
    yield Case("bank-63", "bank 63", "9.11.3.1", SWITCHED, _bits((63, 6), (1, 1), (0, 1), *luma))
    yield Case("nothing", "no plane to filter", "9.11.3.3", SWITCHED, _bits((0, 8)))
    chroma = _bits((0, 6), (1, 1), (1, 1), *luma, *luma, *luma)
    yield Case("grey-chroma", "chroma of a grey picture", "9.11.3.3", SWITCHED, chroma, GREY)
    both = _bits((0, 6), (1, 1), (1, 1), *luma, *luma)
    yield Case("strengths-6", "six strengths where nine are announced", "5.1.8", SWITCHED, both)


def _linear() -> Iterator[Case]:
    """(9.11.2) flags and coefficients."""
    yield Case("nothing", "no plane to filter", "9.11.2.2", LINEAR, bytes(1))
    yield Case("grey-chroma", "chroma of a grey picture", "9.11.2.2", LINEAR, _linear_payload([0] * 10, [0] * 20), GREY)
    for value in (128, -129, 32767):
        word = f"minus-{-value}" if value < 0 else f"{value}"
        for place, at in (("first", 0), ("last", 9)):
            luma = [value if i == at else 1 for i in range(10)]
            yield Case(f"luma-{word}-{place}", f"a {place} coefficient of luma of {value}", "9.11.2.3", LINEAR,
                       _linear_payload(luma, []))  # fmt: skip
        chroma = [value if i == 19 else 1 for i in range(20)]
        yield Case(f"chroma-{word}", f"a last coefficient of chroma of {value}", "9.11.2.4", LINEAR,
                   _linear_payload([], chroma))  # fmt: skip
    yield Case("long-code", f"a code of {LONG_CODE} leading zero bits", "5.1.6", LINEAR,
               _bits((2, 2), (0, 32), (1, 1 + LONG_CODE - 32), (0, 32), (0, 8)))  # fmt: skip
    yield Case("coefficients-9", "nine coefficients where ten are announced", "5.1.8", LINEAR,
               _linear_payload([3] * 9, [], whole=False))  # fmt: skip


def _linear_payload(luma: Sequence[int], chroma: Sequence[int], whole: bool = True) -> bytes:
    out = BitWriter()
    out.unsigned(bool(luma), 1)
    out.unsigned(bool(chroma), 1)
    for value in (*luma, *chroma):
        out.signed_exp_golomb(value)
    out.align()
    data = out.getvalue()
    return data if whole else data[:-1]


def _any(own: Mapping[int, bytes]) -> Iterator[Case]:
    """Bytes missing and to spare, fill bits, of both."""
    for tool_id, data in own.items():
        yield Case("empty", "no bytes", "5.1.8", tool_id, b"")
        yield Case("short", "its last byte missing", "5.1.8", tool_id, data[:-1])
        yield Case("long", "a byte after its end", "5.3.3", tool_id, data + b"\0")
        yield Case("zeros", "1000 bytes after its end", "5.3.3", tool_id, data + bytes(1000))
        yield Case("ones", "nothing but ones", "5.3.3" if tool_id == LINEAR else "9.11.3.1", tool_id, b"\xff" * 9)
        yield Case("fill", "a fill bit set", "5.1.9", tool_id, data[:-1] + bytes([data[-1] | 1]))
