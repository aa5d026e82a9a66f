# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(Annex F) Files as a whole: .jai or .jaif, by their first bytes, and from one to the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from refsw import syntax
from refsw.container.items import Contents, Span, contents
from refsw.container.metadata import check_once, in_picture, separated, united
from refsw.container.reader import BoxReader
from refsw.container.refusal import ViolatedError, refuse, refusing
from refsw.container.writer import bits_per_channel, write_file
from refsw.errors import RefswError
from refsw.syntax.headers import Codestream
from refsw.syntax.reader import Entry
from refsw.syntax.resolution import shown_header
from refsw.syntax.violation import Violation
from refsw.types import Metadata

_TYPE = slice(4, 8)
_FIRST = b"ftyp"


@dataclass(frozen=True)
class Opened:
    """codestream: as it stands in the file; metadata: what the file carries besides, nothing for .jai."""

    codestream: bytes
    metadata: Metadata = field(default_factory=Metadata)

    def in_picture(self, shown: Metadata) -> Metadata:
        """Metadata of a picture that was decoded from the codestream, with those of the file."""
        return in_picture(shown, self.metadata)


def is_file(data: bytes) -> bool:
    """Whether bytes begin as a file of boxes does."""
    return data[_TYPE] == _FIRST


def opened(data: bytes, *, conceal: bool = False) -> Opened:
    """(F.20) The codestream of a file, held against what the file says of it; bytes that are no file come back.

    conceal: whether the file may end early and the codestream be damaged. Raises CodestreamError, LevelError,
    UnsupportedError.
    """
    return _checked(data, conceal)[0] if is_file(data) else Opened(data)


def whole(data: bytes) -> bytes:
    """(F.21) The codestream with everything that a file carries: .jaif to .jai. Raises what `opened` raises."""
    if not is_file(data):
        return data
    file, parsed = _checked(data, False)
    return file.codestream if file.metadata == Metadata() else syntax.write(united(parsed, file.metadata))


def wrapped(codestream: bytes) -> bytes:
    """(F.22) A codestream as a file: .jai to .jaif. Raises InputError, UnsupportedError, UsageError."""
    parsed, metadata = separated(syntax.read(codestream))
    return write_file(syntax.write(parsed), parsed, metadata)


def trace(data: bytes) -> tuple[tuple[Entry, ...], RefswError | None]:
    """Elements of boxes, then those of the codestream at their place in the file; and the error that ended it."""
    if not is_file(data):
        return syntax.trace(data)
    entries: list[Entry] = []
    try:
        with refusing():
            found = contents(BoxReader(data, entries).file(), data)
        stream = found.codestream(data)
        inner, _ = syntax.trace(stream)
        entries += (replace(entry, offset=_place(found.spans, entry.offset)) for entry in inner)
        _checked(data, False)
    except RefswError as error:
        return tuple(entries), error
    return tuple(entries), None


def validate(data: bytes) -> tuple[Violation, ...]:
    """The first violation of Annex F, or those of the codestream; () where there are none."""
    if not is_file(data):
        return syntax.validate(data)
    try:
        found = contents(BoxReader(data).file(), data)
        stream = found.codestream(data)
        violations = syntax.validate(stream)
        if not violations:
            _agree(found, syntax.read(stream), False)
    except ViolatedError as error:
        return (error.violation,)
    return tuple(
        replace(violation, offset=None if violation.offset is None else _place(found.spans, violation.offset))
        for violation in violations
    )


def _checked(data: bytes, conceal: bool) -> tuple[Opened, Codestream]:
    with refusing():
        found = contents(BoxReader(data, cut=conceal).file(), data, conceal)
        stream = found.codestream(data)
        parsed = _parsed(stream, found.item_id, conceal)
        _agree(found, parsed, conceal)
    return Opened(stream, found.metadata), parsed


def _parsed(stream: bytes, item_id: int, conceal: bool) -> Codestream:
    try:
        return syntax.salvage(stream).codestream if conceal else syntax.read(stream)
    except RefswError as error:
        error.args = (f"item {item_id}: {error}",)  # its offsets count from the first byte of the codestream
        raise


def _agree(found: Contents, parsed: Codestream, conceal: bool) -> None:
    """(F.20.12 to F.20.14) Raises ViolatedError. conceal: whether an alpha plane may be lost."""
    header = shown_header(parsed)
    if found.size != (header.width, header.height):
        text = f"ispe says {found.size[0]} x {found.size[1]}, the codestream {header.width} x {header.height}"
        refuse("agreement", text)
    wanted = bits_per_channel(parsed)
    lost = conceal and parsed.alpha is None and found.bits_per_channel == (*wanted, header.bit_depth)
    if found.bits_per_channel != wanted and not lost:
        text = f"pixi says bits {list(found.bits_per_channel)}, the codestream {list(wanted)}"
        refuse("agreement", text)
    check_once(parsed, found.metadata)


def _place(spans: Sequence[Span], offset: int) -> int:
    """Byte of the file at which byte `offset` of the codestream stands."""
    for span in spans:
        if offset < span.end - span.first:
            return span.first + offset
        offset -= span.end - span.first
    return spans[-1].end + offset
