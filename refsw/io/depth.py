# SPDX-License-Identifier: BSD-3-Clause-Clear
"""How many bits a picture file stores per sample.

Pillow opens several deeper formats as 8-bit pictures without a word (16-bit colour PNG, TIFF and PPM, 10-bit AVIF,
JPEG 2000). A codec that measures distortion must not take the rounded samples for the original.
"""

from __future__ import annotations

from typing import BinaryIO

from PIL import Image as PillowImage

_HEAD_BYTES = 4096
_TIFF_BITS_PER_SAMPLE = 258


def stored_bits(picture: PillowImage.Image, file: BinaryIO) -> int:
    """Bits per sample as stored, 1..64.

    picture: opened, its samples not read yet; file: the same file at any position, which is kept.
    """
    position = file.tell()
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    file.seek(position)
    if picture.format == "PNG":
        return head[24]  # IHDR is the first chunk: 8 bytes of signature, length, type, width, height, bit depth
    if picture.format == "TIFF":
        bits: tuple[int, ...] = getattr(picture, "tag_v2", {}).get(_TIFF_BITS_PER_SAMPLE, (8,))
        return max(bits)
    if picture.format == "PPM":
        return _netpbm_bits(head)
    if picture.format == "JPEG2000":
        return _jpeg2000_bits(head)
    if picture.format == "AVIF":
        return _avif_bits(head)
    if picture.mode.startswith("I;16"):
        return 16
    return 32 if picture.mode in ("I", "F") else 8


def _netpbm_bits(head: bytes) -> int:
    """The fourth word of a Netpbm header is the greatest sample; bitmaps have none."""
    if head[:2] in (b"P1", b"P4"):
        return 1
    lines = (line.partition(b"#")[0] for line in head.splitlines())
    words = [word for line in lines for word in line.split()][:4]
    return int(words[3]).bit_length() if len(words) == 4 and words[3].isdigit() else 8


def _jpeg2000_bits(head: bytes) -> int:
    """Ssiz of each component in the SIZ marker segment, low seven bits, minus 1."""
    start = head.find(b"\xff\x4f\xff\x51")
    if start < 0 or len(head) < start + 42:
        return 8
    count = int.from_bytes(head[start + 40 : start + 42])
    depths = head[start + 42 : start + 42 + 3 * count : 3]
    return max((depth & 0x7F) + 1 for depth in depths) if depths else 8


def _avif_bits(head: bytes) -> int:
    """high_bitdepth and twelve_bit of the first AV1 configuration box."""
    start = head.find(b"av1C")
    if start < 0 or len(head) < start + 7:
        return 8
    flags = head[start + 6]
    return (12 if flags & 0x20 else 10) if flags & 0x40 else 8
