# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Streams whose segments are well-formed and whose entropy-coded data is not what an encoder writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from refsw import syntax
from refsw.syntax.headers import Codestream, Substream
from refsw.syntax.surgery import without_digests
from suitegen.recipe import Recipe

GROUPS = (("z", "8.2.1"), ("primary_residual", "8.6"), ("secondary_residual", "8.6"))
Change = Callable[[bytes], bytes]


def recipes(streams: Mapping[str, bytes]) -> Iterator[Recipe]:
    """All vectors of this kind."""
    yield from _damaged(streams["size-65x63"], "size-65x63", "")
    yield from _damaged(streams["lanes-32"], "lanes-32", "-32-lanes")
    yield from _exchanged(streams["region-both-dependent"], "region-both-dependent")
    yield from _escapes(streams["symbol-255"], "symbol-255")


def _recipe(name: str, title: str, purpose: str, clause: str, parent: str, data: bytes) -> Recipe:
    return Recipe(
        name, title, purpose, (clause, "8.4.4"), lambda bench: data, f"bytes of {parent}, changed", kind="negative",
        result="invalid", clause=clause, error_class="damage", parent=parent, seconds=30,
    )  # fmt: skip


def _with(stream: Codestream, group: str, index: int, data: bytes) -> Codestream:
    parts: list[Substream] = list(getattr(stream, group))
    parts[index] = replace(parts[index], substream_data=data)
    match group:
        case "z":
            return replace(stream, z=tuple(parts))
        case "primary_residual":
            return replace(stream, primary_residual=tuple(parts))
        case _:
            return replace(stream, secondary_residual=tuple(parts))


def _damaged(data: bytes, parent: str, suffix: str) -> Iterator[Recipe]:
    """Each kind of substream: bits flipped, bytes missing and to spare; the coder notices without digests."""
    stream = without_digests(syntax.read(data))
    for group, clause in GROUPS:
        own = getattr(stream, group)[0].substream_data
        if not own:
            continue
        middle = len(own) // 2
        changes: dict[str, tuple[str, Change]] = {
            "first-bit": ("the first bit flipped", lambda d: bytes([d[0] ^ 128]) + d[1:]),
            "middle-bit": ("a bit in the middle flipped", lambda d, m=middle: d[:m] + bytes([d[m] ^ 8]) + d[m + 1 :]),  # type: ignore[misc]
            "last-bit": ("the last bit flipped", lambda d: d[:-1] + bytes([d[-1] ^ 1])),
            "short": ("the last byte missing", lambda d: d[:-1]),
            "shorter": ("the last two bytes missing", lambda d: d[:-2]),
            "long": ("a byte after its end", lambda d: d + b"\0"),
            "longer": ("two bytes after its end", lambda d: d + b"\0\0"),
            "state": ("a state below 2^16", lambda d: bytes(4) + d[4:]),
            "absent": ("no bytes", lambda d: b""),
        }  # fmt: skip
        for name, (title, change) in changes.items():
            broken = syntax.write(_with(stream, group, 0, change(own)))
            text = f"{group.replace('_', ' ')} substream with {title}: the coder finds it without a digest."
            short = {"z": "z", "primary_residual": "primary", "secondary_residual": "secondary"}[group]
            yield _recipe(f"damage-{short}-{name}{suffix}", f"{short}: {title}", text, clause, parent, broken)


def _exchanged(data: bytes, parent: str) -> Iterator[Recipe]:
    """Data of two regions, and of two components, change places."""
    stream = without_digests(syntax.read(data))
    first, second = (part.substream_data for part in stream.primary_residual[:2])
    broken = _with(_with(stream, "primary_residual", 0, second), "primary_residual", 1, first)
    yield _recipe("damage-regions-exchanged", "two regions exchanged", "Residuals of regions 0 and 1 changed places.",
                  "8.6", parent, syntax.write(broken))  # fmt: skip
    count = stream.picture_header.num_regions
    luma, chroma = stream.z[0].substream_data, stream.z[count].substream_data
    broken = _with(_with(stream, "z", 0, chroma), "z", count, luma)
    yield _recipe("damage-components-exchanged", "two components exchanged", "z of components 0 and 1 changed places.",
                  "8.2.1", parent, syntax.write(broken))  # fmt: skip
    last = count - 1
    broken = _with(_with(stream, "z", last, b""), "primary_residual", last, b"")
    yield _recipe("damage-region-absent", "an absent region", "Without concealment an absent region is rejected (5.4).",
                  "5.4", parent, syntax.write(broken))  # fmt: skip


def _escapes(data: bytes, parent: str) -> Iterator[Recipe]:
    """Bypass bits are proven by the states."""
    stream = without_digests(syntax.read(data))
    own = stream.primary_residual[0].substream_data
    for name, back in (("last", 1), ("near-end", 9), ("far", 40)):
        broken = own[:-back] + bytes([own[-back] ^ 16]) + own[len(own) - back + 1 :]
        text = f"A bypass bit {back} bytes from the end is flipped: another escaped value, or another sign."
        yield _recipe(f"damage-bypass-{name}", "a bypass bit flipped", text, "8.4.4", parent,
                      syntax.write(_with(stream, "primary_residual", 0, broken)))  # fmt: skip
