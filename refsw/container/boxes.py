# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(Annex F) Structures of the file format as frozen dataclasses; field names are those of spec/syntax/file_format.yaml.

Ranges are checked where structures are read and written, not here, because they stand in the specification alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


def code(text: str) -> int:
    """Four characters as the number that stands in the file."""
    return int.from_bytes(text.encode("ascii"), "big")


def shown(number: int) -> str:
    """The four characters of a number, in hexadecimal where they cannot be printed."""
    text = number.to_bytes(4, "big")
    return text.decode("ascii") if all(0x20 <= byte < 0x7F for byte in text) else f"0x{number:08X}"


@dataclass(frozen=True, kw_only=True)
class FileType:
    """(F.4)."""

    major_brand: int
    minor_version: int = 0
    compatible_brands: bytes


@dataclass(frozen=True, kw_only=True)
class FullBox:
    """(F.5)."""

    version: int = 0
    flags: int = 0


@dataclass(frozen=True, kw_only=True)
class Handler:
    """(F.6)."""

    version: int = 0
    flags: int = 0
    pre_defined: int = 0
    handler_type: int
    reserved: bytes = bytes(12)
    handler_name: bytes = b"\0"


@dataclass(frozen=True, kw_only=True)
class PrimaryItem:
    """(F.7)."""

    version: int = 0
    flags: int = 0
    item_id: int


@dataclass(frozen=True, kw_only=True)
class Extent:
    """(F.10)."""

    extent_offset: int
    extent_length: int


@dataclass(frozen=True, kw_only=True)
class ItemLocation:
    """(F.9)."""

    item_id: int
    reserved: int = 0
    construction_method: int = 0
    data_reference_index: int = 0
    base_offset: int = 0
    extents: tuple[Extent, ...]


@dataclass(frozen=True, kw_only=True)
class ItemLocations:
    """(F.8)."""

    version: int = 1
    flags: int = 0
    offset_size: int = 4
    length_size: int = 4
    base_offset_size: int = 0
    index_size: int = 0
    locations: tuple[ItemLocation, ...]


@dataclass(frozen=True, kw_only=True)
class ItemInformation:
    """(F.11)."""

    version: int = 0
    flags: int = 0
    entry_count: int


@dataclass(frozen=True, kw_only=True)
class ItemEntry:
    """(F.12)."""

    version: int = 2
    flags: int = 0
    item_id: int
    item_protection_index: int = 0
    item_type: int
    item_strings: bytes = b"\0"


@dataclass(frozen=True, kw_only=True)
class References:
    """(F.13)."""

    from_item_id: int
    to_item_id: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class PictureExtent:
    """(F.14)."""

    version: int = 0
    flags: int = 0
    image_width: int
    image_height: int


@dataclass(frozen=True, kw_only=True)
class PixelInformation:
    """(F.15)."""

    version: int = 0
    flags: int = 0
    bits_per_channel: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class ColourInformation:
    """(F.16) Code points, or an ICC profile (b"" where there is none)."""

    colour_type: int
    colour_primaries: int = 0
    transfer_characteristics: int = 0
    matrix_coefficients: int = 0
    full_range_flag: bool = False
    reserved: int = 0
    icc_profile: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Association:
    """(F.19)."""

    essential: bool
    property_index: int


@dataclass(frozen=True, kw_only=True)
class ItemPropertyList:
    """(F.18)."""

    item_id: int
    associations: tuple[Association, ...]


@dataclass(frozen=True, kw_only=True)
class ItemProperties:
    """(F.17)."""

    version: int = 0
    flags: int = 0
    entries: tuple[ItemPropertyList, ...]


CLASSES: Mapping[str, type[Any]] = MappingProxyType(
    {
        "file_type": FileType,
        "full_box": FullBox,
        "handler": Handler,
        "primary_item": PrimaryItem,
        "item_locations": ItemLocations,
        "item_location": ItemLocation,
        "extent": Extent,
        "item_information": ItemInformation,
        "item_entry": ItemEntry,
        "references": References,
        "picture_extent": PictureExtent,
        "pixel_information": PixelInformation,
        "colour_information": ColourInformation,
        "item_properties": ItemProperties,
        "item_property_list": ItemPropertyList,
        "association": Association,
    }
)
"""Dataclass of each structure."""


@dataclass(frozen=True)
class Box:
    """One box as it stands in a file.

    type: four characters; name: in Table F-1, "" for a box that is skipped; offset, payload, end: bytes of the file at
    which the box, its payload and what follows begin; content: its structure; boxes: inside it.
    """

    type: str
    name: str
    offset: int
    payload: int
    end: int
    content: Any = None
    boxes: tuple[Box, ...] = ()

    def all(self, name: str) -> tuple[Box, ...]:
        """Boxes of one kind in this one."""
        return tuple(box for box in self.boxes if box.name == name)

    def one(self, name: str) -> Box:
        """A box that Table F-1 has exactly once."""
        return self.all(name)[0]
