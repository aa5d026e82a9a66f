# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.6.4) Decoding less than everything: a rectangle, a prefix of the channels, luma alone."""

from __future__ import annotations

from dataclasses import dataclass

from refsw.decode.windows import Box, latent_box, plan
from refsw.errors import UsageError
from refsw.nets.halo import Halo
from refsw.syntax.geometry import Region
from refsw.syntax.headers import PictureHeader


@dataclass(frozen=True)
class Selection:
    """What to decode of a picture.

    area: rectangle of the displayed picture, None for all of it; channels: symbols of channels from here on are taken
    as 0, None for none; luma: the first component alone, a grey picture; conceal: damage is concealed (9.7) instead of
    raised; filters: post-filters (9.11) are applied.
    """

    area: Region | None = None
    channels: int | None = None
    luma: bool = False
    conceal: bool = False
    filters: bool = True


WHOLE = Selection()


def displayed(header: PictureHeader, selection: Selection) -> Region:
    """The rectangle to decode. Raises UsageError where it is not inside the displayed picture."""
    own = selection.area
    if own is None:
        return Region(0, 0, header.height, header.width)
    if not (0 <= own.top < own.bottom <= header.height and 0 <= own.left < own.right <= header.width):
        raise UsageError(
            f"region {own.left},{own.top},{own.right - own.left},{own.bottom - own.top}: "
            f"is not inside the picture of {header.width} x {header.height} samples"
        )
    rows, columns = chroma_shifts(header.source_chroma_format_idc)
    for name, first, last, size, shift in (
        ("rows", own.top, own.bottom, header.height, rows), ("columns", own.left, own.right, header.width, columns),
    ):  # fmt: skip
        if shift and not selection.luma and (first % 2 or (last % 2 and last != size)):
            raise UsageError(f"region {own.left},{own.top}: chroma has half the {name} here; take even ones")
    return own


def chroma_shifts(source_chroma_format_idc: int) -> tuple[int, int]:
    """(6.3.14) Base-2 logarithm of the luma rows and columns for each of the chroma."""
    return int(source_chroma_format_idc == 1), int(source_chroma_format_idc in (1, 2))


def latent_area(area: Region) -> Box:
    """Latent samples whose planes hold the rectangle."""
    return latent_box(area)


def needed_regions(header: PictureHeader, wanted: Box, halo: Halo, margin: int = 0) -> tuple[int, ...]:
    """Regions whose symbols the windows of `wanted` read, in raster order; margin: as of `plan`."""
    if wanted == Box(0, 0, *header.latent_size):
        return tuple(range(header.num_regions))
    crops = [window.crop for window in plan(header, wanted, halo, margin=margin)]
    boxes = [latent_box(header.region(index)) for index in range(header.num_regions)]
    return tuple(index for index, box in enumerate(boxes) if any(not box.cut(crop).empty for crop in crops))
