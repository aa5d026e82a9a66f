# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(F.21) Metadata stand once: what a file carries is taken out of its codestream, and put back into it.

ICC profile, Exif, XMP and code points go into boxes, where programs that know nothing of this codestream find them.
Mastering display, content light level, metadata of other kinds, user data and extensions stay in the codestream.
"""

from __future__ import annotations

from dataclasses import replace

from refsw.container.refusal import refuse
from refsw.errors import UsageError
from refsw.spec import level
from refsw.syntax.headers import EXIF, ICC, XMP, Codestream, MetadataBlock, RenderingInformation
from refsw.types import Cicp, Metadata

_NAMES = {ICC: "ICC profile", EXIF: "Exif", XMP: "XMP"}


def separated(codestream: Codestream) -> tuple[Codestream, Metadata]:
    """(F.21) The codestream that stands in a file, and what the file carries.

    A block without bytes stays, since no item is empty. Raises UsageError for a codestream that has two of a kind: a
    file could not say which of them counts.
    """
    rendering = codestream.rendering_information
    if rendering is None:
        return codestream, Metadata()
    moved: dict[int, bytes] = {}
    for block in rendering.blocks:
        if block.metadata_type in _NAMES and block.metadata_payload:
            if block.metadata_type in moved:
                raise UsageError(f"the codestream has two {_NAMES[block.metadata_type]} blocks; a file holds one")
            moved[block.metadata_type] = block.metadata_payload
    cicp = _code_points(rendering)
    if not moved and cicp is None:
        return codestream, Metadata()
    rest = tuple(b for b in rendering.blocks if b.metadata_type not in moved or not b.metadata_payload)
    left: RenderingInformation | None = replace(
        rendering, blocks=rest, cicp_present_flag=False, colour_primaries=2, transfer_characteristics=2,
        matrix_coefficients=2, video_full_range_flag=True,
    )  # fmt: skip
    left = None if left == RenderingInformation() else left
    metadata = Metadata(icc=moved.get(ICC), exif=moved.get(EXIF), xmp=moved.get(XMP), cicp=cicp)
    return replace(codestream, rendering_information=left), metadata


def united(codestream: Codestream, metadata: Metadata) -> Codestream:
    """(F.21) The codestream with what the file carries: blocks in the order ICC profile, Exif, XMP, then its own."""
    if metadata == Metadata():
        return codestream
    check_once(codestream, metadata)
    rendering = codestream.rendering_information or RenderingInformation()
    if (cicp := metadata.cicp) is not None:
        rendering = replace(
            rendering, cicp_present_flag=True, colour_primaries=cicp.colour_primaries,
            transfer_characteristics=cicp.transfer_characteristics, matrix_coefficients=cicp.matrix_coefficients,
            video_full_range_flag=cicp.full_range,
        )  # fmt: skip
    blocks = tuple(MetadataBlock(metadata_type=kind, metadata_payload=p) for kind, p in _carried(metadata).items())
    return replace(codestream, rendering_information=replace(rendering, blocks=blocks + rendering.blocks))


def check_once(codestream: Codestream, metadata: Metadata) -> None:
    """(F.20.12, F.20.14) Raises ViolatedError for what stands twice, or is more than the level holds."""
    carried = _carried(metadata)
    row = level(codestream.picture_header.level_idc)
    total = sum(map(len, carried.values()))
    if total > row.max_metadata_bytes:
        text = f"metadata of {total} bytes, level {row.name} allows {row.max_metadata_bytes}"
        refuse("metadata_limit", text)
    rendering = codestream.rendering_information
    if rendering is None:
        return
    twice = [_NAMES[b.metadata_type] for b in rendering.blocks if b.metadata_type in carried and b.metadata_payload]
    if rendering.cicp_present_flag and metadata.cicp is not None:
        twice.append("code points")
    if twice:
        refuse("once", f"{twice[0]}: in the file and in the codestream, expected in one of them")


def in_picture(shown: Metadata, carried: Metadata) -> Metadata:
    """Metadata of a decoded picture with those that the file carries."""
    return replace(
        shown, icc=carried.icc or shown.icc, exif=carried.exif or shown.exif, xmp=carried.xmp or shown.xmp,
        cicp=carried.cicp or shown.cicp,
    )  # fmt: skip


def _carried(metadata: Metadata) -> dict[int, bytes]:
    named = {ICC: metadata.icc, EXIF: metadata.exif, XMP: metadata.xmp}
    return {kind: payload for kind, payload in named.items() if payload is not None}


def _code_points(rendering: RenderingInformation) -> Cicp | None:
    if not rendering.cicp_present_flag:
        return None
    return Cicp(
        rendering.colour_primaries, rendering.transfer_characteristics, rendering.matrix_coefficients,
        rendering.video_full_range_flag,
    )  # fmt: skip
