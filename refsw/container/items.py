# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(F.20) From boxes to what the file says of its picture: where the codestream stands, properties, metadata."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from refsw.container.boxes import (
    Box,
    ColourInformation,
    ItemEntry,
    ItemLocation,
    PictureExtent,
    PixelInformation,
    code,
    shown,
)
from refsw.container.refusal import refuse
from refsw.syntax.boxes import file_format
from refsw.types import Cicp, Metadata


@dataclass(frozen=True)
class Span:
    """Bytes first..end - 1 of the file."""

    first: int
    end: int


@dataclass(frozen=True)
class Contents:
    """What a file says of its picture.

    item_id: of the picture; spans: its codestream, in order; size: (columns, rows); bits_per_channel: of each channel;
    metadata: ICC profile, Exif, XMP and code points of the file, nothing of the codestream.
    """

    item_id: int
    spans: tuple[Span, ...]
    size: tuple[int, int]
    bits_per_channel: tuple[int, ...]
    metadata: Metadata

    def codestream(self, data: bytes) -> bytes:
        """The bytes of the codestream, out of those of the file."""
        return joined(data, self.spans)


def contents(file: Box, data: bytes, cut: bool = False) -> Contents:
    """(F.20) Resolves the boxes of a file.

    cut: whether the codestream may be incomplete at its end. Raises ViolatedError.
    """
    _check_brand(file.one("ftyp"))
    meta = file.one("meta")
    entries = _entries(meta)
    item_id = _primary(meta, entries)
    spans = _spans(file, meta, entries, item_id if cut else None)
    properties = list(_properties(meta, entries, item_id))
    size = _only(meta, properties, "ispe").content
    pixels = _only(meta, properties, "pixi").content
    assert isinstance(size, PictureExtent) and isinstance(pixels, PixelInformation)
    metadata = _colour(meta, properties)
    for identity in _describing(meta, entries, item_id):
        metadata = _with_item(metadata, entries[identity], joined(data, spans.get(identity, ())), meta)
    if item_id not in spans:
        refuse("items", f"item {item_id} has no location", meta.one("iloc").offset)
    return Contents(item_id, spans[item_id], (size.image_width, size.image_height), pixels.bits_per_channel, metadata)


def joined(data: bytes, spans: Sequence[Span]) -> bytes:
    """Bytes of several spans, one after the other."""
    return b"".join(data[span.first : span.end] for span in spans)


def _check_brand(box: Box) -> None:
    brands: bytes = box.content.compatible_brands
    found = [shown(int.from_bytes(brands[place : place + 4])) for place in range(0, len(brands), 4)]
    wanted = file_format().codes["brand"]
    if wanted not in found:
        refuse("brand", f"compatible brands {', '.join(found)}, expected {wanted} among them", box.offset)


def _entries(meta: Box) -> dict[int, ItemEntry]:
    """Items by item_id."""
    box, found = meta.one("iinf"), {}
    if len(box.all("infe")) != box.content.entry_count:
        refuse("items", f"{len(box.all('infe'))} items, entry_count is {box.content.entry_count}", box.offset)
    for item in box.all("infe"):
        if item.content.item_id in found:
            refuse("items", f"item_id {item.content.item_id} is that of two items", item.offset)
        found[item.content.item_id] = item.content
    return found


def _known(identity: int, entries: dict[int, ItemEntry], box: Box) -> int:
    if identity not in entries:
        refuse("items", f"{box.type} names item {identity}, which iinf does not have", box.offset)
    return identity


def _primary(meta: Box, entries: dict[int, ItemEntry]) -> int:
    box = meta.one("pitm")
    item_id = _known(box.content.item_id, entries, box)
    wanted, found = file_format().codes["codestream"], shown(entries[item_id].item_type)
    if found != wanted:
        refuse("primary", f"primary item {item_id} is of type {found}, expected {wanted}", box.offset)
    return item_id


def _spans(file: Box, meta: Box, entries: dict[int, ItemEntry], cut: int | None) -> dict[int, tuple[Span, ...]]:
    """Extents of every item; those of item `cut` may reach beyond the end of the file, and lose what is not there."""
    box = meta.one("iloc")
    found: dict[int, tuple[Span, ...]] = {}
    for location in box.content.locations:
        if _known(location.item_id, entries, box) in found:
            refuse("items", f"iloc names item {location.item_id} twice", box.offset)
        spans = tuple(_located(location, file, meta))
        if location.item_id == cut:
            spans = tuple(Span(s.first, min(s.end, file.end)) for s in spans if s.first < file.end)
        for span in spans:
            payload = meta.all("idat") if location.construction_method else file.all("mdat")
            if not any(b.payload <= span.first and span.end <= b.end for b in payload):
                where = f"bytes {span.first} to {span.end - 1}"
                refuse("extent", f"item {location.item_id}: extent at {where} lies in no box of data", box.offset)
        found[location.item_id] = spans
    every = sorted(((s, item) for item, spans in found.items() for s in spans), key=lambda pair: pair[0].first)
    for (before, first), (after, second) in pairwise(every):
        if after.first < before.end:
            refuse("overlap", f"extents of items {first} and {second} share byte {after.first}", box.offset)
    return found


def _located(location: ItemLocation, file: Box, meta: Box) -> Iterator[Span]:
    start = location.base_offset
    if location.construction_method:
        start += meta.one("idat").payload if meta.all("idat") else file.end
    for extent in location.extents:
        yield Span(start + extent.extent_offset, start + extent.extent_offset + extent.extent_length)


def _properties(meta: Box, entries: dict[int, ItemEntry], item_id: int) -> Iterator[Box]:
    """(F.17) Properties of the picture."""
    box = meta.one("iprp").one("ipma")
    properties = meta.one("iprp").one("ipco").boxes
    seen: set[int] = set()
    for listed in box.content.entries:
        if _known(listed.item_id, entries, box) in seen:
            refuse("items", f"ipma names item {listed.item_id} twice", box.offset)
        seen.add(listed.item_id)
        places = [association.property_index for association in listed.associations]
        if len(set(places)) < len(places) or max(places) > len(properties):
            refuse("properties", f"item {listed.item_id} has properties {places} of {len(properties)}", box.offset)
        for association in listed.associations if listed.item_id == item_id else ():
            found = properties[association.property_index - 1]
            if found.name:
                yield found
            elif association.essential or found.type in file_format().transformations:
                refuse("essential", f"the picture has property {found.type}, which is not known here", found.offset)


def _only(meta: Box, properties: Sequence[Box], name: str) -> Box:
    found = [box for box in properties if box.name == name]
    if len(found) != 1:
        refuse("properties", f"the picture has {len(found)} properties {name}, expected 1", meta.one("iprp").offset)
    return found[0]


def _colour(meta: Box, properties: Sequence[Box]) -> Metadata:
    codes, metadata = file_format().codes, Metadata()
    for box in properties:
        colour = box.content
        if not isinstance(colour, ColourInformation):
            continue
        points = colour.colour_type == code(codes["code_points"])
        if (metadata.cicp if points else metadata.icc) is not None:
            refuse("properties", f"the picture has two properties colr of type {shown(colour.colour_type)}", box.offset)
        if points:
            cicp = Cicp(
                colour.colour_primaries, colour.transfer_characteristics, colour.matrix_coefficients,
                bool(colour.full_range_flag),
            )  # fmt: skip
            metadata = replace(metadata, cicp=cicp)
        else:
            metadata = replace(metadata, icc=colour.icc_profile)
    return metadata


def _describing(meta: Box, entries: dict[int, ItemEntry], item_id: int) -> list[int]:
    """(F.13) Items that describe the picture and whose kind is known here."""
    codes, found = file_format().codes, set()
    boxes = [box for references in meta.all("iref") for box in references.all("cdsc")]
    for box in boxes:
        described = [_known(identity, entries, box) for identity in box.content.to_item_id]
        source = _known(box.content.from_item_id, entries, box)
        if source in found:
            refuse("metadata", f"item {source} has two boxes cdsc", box.offset)
        if item_id in described and described != [item_id]:
            refuse("metadata", f"item {source} describes items {described}, expected {[item_id]}", box.offset)
        if source == item_id:
            refuse("metadata", f"the picture, item {item_id}, describes items {described}", box.offset)
        if described == [item_id]:
            found.add(source)
    wanted = [code(codes["exif"]), code(codes["mime"])]
    for identity, entry in entries.items():
        if entry.item_type in wanted and identity not in found:
            refuse("metadata", f"item {identity}, {shown(entry.item_type)}, does not describe the picture", meta.offset)
    return sorted(identity for identity in found if entries[identity].item_type in wanted)


def _with_item(metadata: Metadata, entry: ItemEntry, payload: bytes, meta: Box) -> Metadata:
    """Metadata with those of one item. Raises ViolatedError where the item has no data, or is the second of a kind."""
    codes, place = file_format().codes, meta.one("iinf").offset
    exif = entry.item_type == code(codes["exif"])
    if not exif and not _is_xmp(entry, place):
        return metadata
    if not payload:
        refuse("items", f"item {entry.item_id} has no location", meta.one("iloc").offset)
    if (metadata.exif if exif else metadata.xmp) is not None:
        refuse("metadata", f"item {entry.item_id} is the second of its kind that describes the picture", place)
    if not exif:
        return replace(metadata, xmp=payload)
    if len(payload) < 5 or payload[:4] != bytes(4):
        found = f"begins with {payload[:4].hex()} and has {len(payload)} bytes"
        refuse("exif_offset", f"item {entry.item_id} {found}, expected 00000000 and at least 1 more", place)
    return replace(metadata, exif=payload[4:])


def _is_xmp(entry: ItemEntry, place: int) -> bool:
    """(F.12.6) Whether an item of type mime is XMP."""
    parts = entry.item_strings.split(b"\0")
    if len(parts) not in (3, 4) or parts[-1]:
        refuse("items", f"item {entry.item_id}: strings {entry.item_strings!r} are no name and content type", place)
    if parts[1] != file_format().codes["xmp_content_type"].encode():
        return False
    if len(parts) == 4 and parts[2]:
        refuse("items", f"item {entry.item_id}: content encoding {parts[2]!r}, expected none", place)
    return True
