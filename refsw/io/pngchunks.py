# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Chunks of PNG that carry metadata: found before the samples, and put there. Damaged ones are passed over."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from refsw.types import Cicp, ContentLight, MasteringDisplay, Metadata

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEAD = len(SIGNATURE) + 25  # signature and IHDR
_XMP = b"XML:com.adobe.xmp"
_LARGEST = 1 << 24


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(name, payload) of each chunk before the samples whose checksum holds; ends where the file breaks."""
    place = len(SIGNATURE)
    while data.startswith(SIGNATURE) and place + 12 <= len(data):
        size, name = int.from_bytes(data[place : place + 4]), data[place + 4 : place + 8]
        payload = data[place + 8 : place + 8 + size]
        check = data[place + 8 + size : place + 12 + size]
        if name == b"IDAT" or len(check) < 4:
            return
        if zlib.crc32(name + payload) == int.from_bytes(check):
            yield name, payload
        place += 12 + size


def significant_bits(data: bytes) -> int | None:
    """Bits of every channel by sBIT, None where there is none or channels differ."""
    found = dict(chunks(data)).get(b"sBIT", b"")
    return found[0] if found and len(set(found)) == 1 else None


def colour_volume(data: bytes) -> tuple[Cicp | None, MasteringDisplay | None, ContentLight | None]:
    """cICP, mDCV and cLLI; anything out of range counts as absent."""
    found = dict(chunks(data))
    cicp, display, light = (found.get(name, b"") for name in (b"cICP", b"mDCV", b"cLLI"))
    code = Cicp(cicp[0], cicp[1], cicp[2], bool(cicp[3])) if len(cicp) == 4 and cicp[3] < 2 else None
    volume = None
    if len(display) == 24:
        values = struct.unpack(">8H2I", display)
        if max(values[:8]) <= 50000 and values[9] <= values[8]:
            volume = MasteringDisplay(values[:6], values[6:8], values[8], values[9])
    level = None
    if len(light) == 8:  # unit 0.0001 cd/m2 there, 1 cd/m2 here
        most, average = (round(value / 10000) for value in struct.unpack(">2I", light))
        if max(most, average) < 1 << 16:
            level = ContentLight(most, average)
    return code, volume, level


def with_metadata(data: bytes, metadata: Metadata, bit_depth: int, channels: int) -> bytes:
    """A PNG file with chunks for what it can carry: not user data. sBIT tells depths between 8 and 16."""
    added = []
    if (cicp := metadata.cicp) is not None and cicp.matrix_coefficients in (0, 2):
        codes = struct.pack(">4B", cicp.colour_primaries, cicp.transfer_characteristics, 0, cicp.full_range)
        added.append(_chunk(b"cICP", codes))
    if (display := metadata.mastering_display) is not None:
        values = (*display.primaries, *display.white_point, display.max_luminance, display.min_luminance)
        added.append(_chunk(b"mDCV", struct.pack(">8H2I", *values)))
    if (light := metadata.content_light) is not None:
        added.append(_chunk(b"cLLI", struct.pack(">2I", 10000 * light.maximum, 10000 * light.average)))
    if metadata.icc is not None:
        added.append(_chunk(b"iCCP", b"icc\0\0" + zlib.compress(metadata.icc)))
    if bit_depth not in (8, 16):
        added.append(_chunk(b"sBIT", bytes([bit_depth] * channels)))
    if metadata.exif is not None:
        added.append(_chunk(b"eXIf", metadata.exif))
    if metadata.xmp is not None:
        added.append(_chunk(b"iTXt", _XMP + b"\0\0\0\0\0" + metadata.xmp))
    return data[:_HEAD] + b"".join(added) + data[_HEAD:]


def _chunk(name: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + name + payload + struct.pack(">I", zlib.crc32(name + payload))
