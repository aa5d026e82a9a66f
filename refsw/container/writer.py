# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(F.22) A codestream and its metadata as a file: ftyp, meta, mdat; metadata first, the codestream last.

    ftyp | meta: hdlr pitm iloc iinf(infe..) [iref(cdsc..)] iprp(ipco(ispe pixi [colr..]) ipma) | mdat
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from refsw.container import boxes as b
from refsw.syntax.boxes import file_format
from refsw.syntax.engine import Scope
from refsw.syntax.expression import Operand
from refsw.syntax.headers import Codestream
from refsw.syntax.resolution import shown_header
from refsw.syntax.writer import Writer
from refsw.types import Metadata

_PICTURE = 1
_HEADER_BYTES = 8
_LARGEST = (1 << 32) - 1


class _BoxWriter(Writer):
    """Writes the structure of one box."""

    def __init__(self, source: Any) -> None:
        super().__init__(source, file_format().syntax)

    def structure(self, name: str) -> bytes:
        self.engine.structure(name, Scope(name, self.engine.root))
        return self.writers[0].getvalue()

    def absent(self, name: str, value: Operand) -> None:
        """An element of the other kind of colr keeps its default."""


@dataclass(frozen=True)
class _Item:
    kind: str
    data: bytes
    strings: bytes = b"\0"


def write_file(codestream: bytes, parsed: Codestream, metadata: Metadata) -> bytes:
    """(F.22) The bytes of a file. codestream: of `parsed`, without what metadata says. Raises CodestreamError."""
    codes = file_format().codes
    items = [_Item(codes["codestream"], codestream)]
    if metadata.exif is not None:
        items.append(_Item(codes["exif"], bytes(4) + metadata.exif))
    if metadata.xmp is not None:
        content_type = codes["xmp_content_type"].encode()
        items.append(_Item(codes["mime"], metadata.xmp, b"\0" + content_type + b"\0"))
    brands = "".join((codes["brand"], codes["structural_brand"])).encode()
    first = _box("ftyp", b.FileType(major_brand=b.code(codes["brand"]), compatible_brands=brands))
    known = _meta(items, 0, parsed, metadata)  # offsets have a fixed size, so that its length does not depend on them
    begin = len(first) + len(known) + _HEADER_BYTES
    meta = _meta(items, begin, parsed, metadata)
    return first + meta + _framed("mdat", b"".join(item.data for item in items[1:]) + codestream)


def _meta(items: list[_Item], begin: int, parsed: Codestream, metadata: Metadata) -> bytes:
    codes = file_format().codes
    parts = [
        _box("hdlr", b.Handler(handler_type=b.code(codes["handler"]))),
        _box("pitm", b.PrimaryItem(item_id=_PICTURE)),
        _box("iloc", b.ItemLocations(locations=_locations(items, begin))),
        _box("iinf", b.ItemInformation(entry_count=len(items)), b"".join(
            _box("infe", b.ItemEntry(item_id=place, item_type=b.code(item.kind), item_strings=item.strings))
            for place, item in enumerate(items, _PICTURE))),
    ]  # fmt: skip
    if len(items) > 1:
        describing = range(_PICTURE + 1, _PICTURE + len(items))
        references = (b.References(from_item_id=place, to_item_id=(_PICTURE,)) for place in describing)
        parts.append(_box("iref", b.FullBox(), b"".join(_box("cdsc", reference) for reference in references)))
    properties = _properties(parsed, metadata)
    essential = tuple(b.Association(essential=False, property_index=place + 1) for place in range(len(properties)))
    listed = b.ItemPropertyList(item_id=_PICTURE, associations=essential)
    owned = _box("ipma", b.ItemProperties(entries=(listed,)))
    parts.append(_framed("iprp", _framed("ipco", b"".join(properties)) + owned))
    return _box("meta", b.FullBox(), b"".join(parts))


def _locations(items: list[_Item], begin: int) -> tuple[b.ItemLocation, ...]:
    """(F.22) Metadata in their order, then the codestream, so that a file that ends early loses that alone."""
    sizes = [len(item.data) for item in items]
    places = [begin + sum(sizes[1:]), *(begin + sum(sizes[1:place]) for place in range(1, len(items)))]
    return tuple(
        b.ItemLocation(item_id=place, extents=(b.Extent(extent_offset=first, extent_length=size),))
        for place, (first, size) in enumerate(zip(places, sizes, strict=True), _PICTURE)
    )


def _properties(parsed: Codestream, metadata: Metadata) -> list[bytes]:
    codes, header = file_format().codes, shown_header(parsed)
    found = [
        _box("ispe", b.PictureExtent(image_width=header.width, image_height=header.height)),
        _box("pixi", b.PixelInformation(bits_per_channel=bits_per_channel(parsed))),
    ]
    if (cicp := metadata.cicp) is not None:
        found.append(_box("colr", b.ColourInformation(
            colour_type=b.code(codes["code_points"]), colour_primaries=cicp.colour_primaries,
            transfer_characteristics=cicp.transfer_characteristics, matrix_coefficients=cicp.matrix_coefficients,
            full_range_flag=cicp.full_range,
        )))  # fmt: skip
    if metadata.icc is not None:
        found.append(_box("colr", b.ColourInformation(colour_type=b.code(codes["profile"]), icc_profile=metadata.icc)))
    return found


def bits_per_channel(parsed: Codestream) -> tuple[int, ...]:
    """(F.15) Of the channels of a picture: grey or colour, then alpha."""
    header = parsed.picture_header
    colour = 3 if header.source_chroma_format_idc else 1
    return (header.bit_depth,) * (colour + (parsed.alpha is not None))


def _box(name: str, content: Any, inside: bytes = b"") -> bytes:
    kind = next(kind for kind in file_format().kinds if kind.name == name)
    return _framed(name, _BoxWriter(content).structure(kind.structure) + inside)


def _framed(name: str, payload: bytes) -> bytes:
    size = _HEADER_BYTES + len(payload)
    assert size <= _LARGEST, "read_bytes and the levels bound codestreams far below 4 GiB"
    return size.to_bytes(4, "big") + name.encode("ascii") + payload
