# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Parts taken out of a codestream; what is left is a codestream again. Needs no weights.

Sizes and counts follow from what is left. A tensor digest ends in the picture header (8.7), so that a changed header
changes it: the header's bytes are taken back out of the checksum and the new ones put in, without decoding anything.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection
from dataclasses import replace

from refsw.constants import RESOLUTION_TOOL_ID, SCALING_TOOL_ID
from refsw.errors import UsageError
from refsw.syntax.headers import Codestream, PictureHeader, Substream, ToolHeader
from refsw.syntax.writer import digested_headers

STAYING = (RESOLUTION_TOOL_ID, SCALING_TOOL_ID)
_POLYNOMIAL = 0xEDB88320  # of the CRC-32 that 8.7 names, bits reversed
_ONES = 0xFFFFFFFF


def without_regions(codestream: Codestream, regions: Collection[int]) -> Codestream:
    """(5.4) Regions become absent: their substreams have no bytes. Raises UsageError where there is no such region."""
    count = codestream.picture_header.num_regions
    for region in regions:
        if not 0 <= region < count:
            raise UsageError(f"region {region}: this picture has regions 0 to {count - 1}")
    if len(set(regions)) == count:
        raise UsageError("no region would be left")

    def emptied(streams: tuple[Substream, ...]) -> tuple[Substream, ...]:
        return tuple(replace(s, substream_data=b"") if s.region_index in regions else s for s in streams)

    return replace(
        without_plane_digests(codestream) if regions else codestream,
        z=emptied(codestream.z),
        primary_residual=emptied(codestream.primary_residual),
        secondary_residual=emptied(codestream.secondary_residual),
        lossless=tuple(
            replace(layer, lossless_parameters=b"", lossless_data=b"")
            if layer.lossless_region_index in regions else layer
            for layer in codestream.lossless
        ),
    )  # fmt: skip


def without_tools(codestream: Codestream) -> Codestream:
    """(6.5) Coding tools are off, and the picture is another one where a tool was on; resolution change stays, because
    alpha, boxes and users count in its samples, and variance scaling, without which symbols cannot be parsed."""
    if codestream.tool_header is None:
        return codestream
    kept = tuple(tool for tool in codestream.tool_header.tools if tool.tool_id in STAYING)
    header = replace(codestream.picture_header, tools_enabled_flag=bool(kept))
    left = ToolHeader(tools=kept) if kept else None
    return with_header(without_lossless(without_plane_digests(codestream)), header, left)


def without_metadata(codestream: Codestream) -> Codestream:
    """(6.7) No rendering information, and so no ICC profile, EXIF and XMP."""
    return replace(codestream, rendering_information=None)


def without_extensions(codestream: Codestream) -> Codestream:
    """(6.13, 5.3.4) No extensions, and no segments of the skippable range."""
    return replace(codestream, extensions=(), skipped_segments=())


def without_user_data(codestream: Codestream) -> Codestream:
    """(6.11) No user data."""
    return replace(codestream, user_data=())


def without_lossless(codestream: Codestream) -> Codestream:
    """(6.16) No lossless layer: the picture under it is left, whose samples the plane digests do not state."""
    return replace(without_plane_digests(codestream), lossless=()) if codestream.lossless else codestream


def without_digests(codestream: Codestream) -> Codestream:
    """(6.12) No digests."""
    return replace(codestream, digest_segment=None)


def without_plane_digests(codestream: Codestream) -> Codestream:
    """(6.12.4) No checksums of decoded planes: what is done to the codestream changes samples."""
    segment = codestream.digest_segment
    return codestream if segment is None else replace(codestream, digest_segment=replace(segment, plane_digest=()))


def with_header(codestream: Codestream, header: PictureHeader, tools: ToolHeader | None) -> Codestream:
    """(8.7) Other headers, and tensor digests that hold with them; the exact tensors must be the same."""
    changed = replace(codestream, picture_header=header, tool_header=tools)
    segment = codestream.digest_segment
    if segment is None:
        return changed
    before, after = digested_headers(codestream), digested_headers(changed)
    digests = tuple(zlib.crc32(after, crc32_before(before, digest)) for digest in segment.tensor_digest)
    return replace(changed, digest_segment=replace(segment, tensor_digest=digests))


def crc32_before(data: bytes, crc: int) -> int:
    """The CRC-32 that `data` continued to `crc`: crc32_before(d, zlib.crc32(d, c)) == c."""
    table = [_entry(index) for index in range(256)]
    place = {entry >> 24: index for index, entry in enumerate(table)}  # the upper bytes of all entries differ
    state = crc ^ _ONES
    for byte in reversed(data):
        index = place[state >> 24]
        state = (state ^ table[index]) << 8 | index ^ byte
    return state ^ _ONES


def _entry(index: int) -> int:
    for _ in range(8):
        index = index >> 1 ^ (_POLYNOMIAL if index & 1 else 0)
    return index
