# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.9) Between reconstruction and output: layers of regions over the picture-exact picture.

`refsw.lossless` decodes one payload; here payloads are taken from the codestream's structures, regions from the
picture.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from refsw.decode.damage import Damage
from refsw.decode.select import Selection, chroma_shifts
from refsw.errors import DamageError
from refsw.lossless.region import Payload, decode_region
from refsw.lossless.stored import read_stored
from refsw.syntax.geometry import Region
from refsw.syntax.headers import Codestream, LosslessLayer, PictureHeader
from refsw.types import Chroma, Image, canonical_bytes

Plane = NDArray[np.int32]
LATTICES, STORED = 0, 1


def has_layer(codestream: Codestream) -> bool:
    """Whether a region has one."""
    return any(layer.lossless_data for layer in codestream.lossless)


def applies(codestream: Codestream, selection: Selection) -> bool:
    """Whether a decoder uses the layer: not where it shows less than all channels and components."""
    return has_layer(codestream) and selection.channels is None and not selection.luma


def displayed_region(header: PictureHeader, index: int) -> Region:
    """(9.9.1) What of a region is displayed."""
    own = header.region(index)
    return Region(own.top, own.left, min(own.bottom, header.height), min(own.right, header.width))


def met(header: PictureHeader, area: Region) -> list[int]:
    """Regions that have a displayed sample in the area, in raster order."""
    found = []
    for index in range(header.num_regions):
        own = displayed_region(header, index)
        if max(own.top, area.top) < min(own.bottom, area.bottom) and max(own.left, area.left) < min(
            own.right, area.right
        ):
            found.append(index)
    return found


def whole_regions(header: PictureHeader, area: Region) -> Region:
    """The area, grown to the displayed samples of the regions that it meets: a layer is decoded with its region."""
    own = [displayed_region(header, index) for index in met(header, area)]
    top, left = min(r.top for r in own), min(r.left for r in own)
    return Region(top, left, max(r.bottom for r in own), max(r.right for r in own))


@dataclass(frozen=True)
class Cut:
    """One region's place in the planes of a picture: slices of each plane, in the order of the picture."""

    places: tuple[tuple[slice, slice], ...]


def cut(header: PictureHeader, region: Region, area: Region) -> Cut:
    """Where a region lies in a picture of `area`; the corner of the area is even where chroma is subsampled."""
    rows, columns = chroma_shifts(header.source_chroma_format_idc)
    top, left, bottom, right = (
        region.top - area.top, region.left - area.left, region.bottom - area.top, region.right - area.left,
    )  # fmt: skip
    luma = (slice(top, bottom), slice(left, right))
    small = (slice(top >> rows, (bottom + rows) >> rows), slice(left >> columns, (right + columns) >> columns))
    return Cut((luma,) if header.source_chroma_format_idc == 0 else (luma, small, small))


def coding_order(image: Image) -> tuple[int, ...]:
    """(9.9.1) Planes of a picture in the order in which they are coded: green first."""
    if image.chroma is None and image.channels == 3 and not image.ycbcr:
        return 1, 0, 2
    return tuple(range(1 if image.chroma is None and image.channels == 1 else 3))


def planes_of(image: Image, place: Cut) -> list[Plane]:
    """Planes of a region, in the order of the picture, int32 [h, w]."""
    whole = [*np.moveaxis(image.samples, 2, 0), *(() if image.chroma is None else image.chroma.samples)]
    return [plane[own].astype(np.int32) for plane, own in zip(whole, place.places, strict=True)]


def digests(planes: Sequence[Plane], depth: int) -> tuple[int, ...]:
    """(6.16.7) CRC-32 of each plane in canonical layout."""
    kind = np.uint8 if depth == 8 else np.uint16
    return tuple(zlib.crc32(canonical_bytes(np.ascontiguousarray(plane, kind))) for plane in planes)


def decode_layer(layer: LosslessLayer, base: list[Plane], order: tuple[int, ...], depth: int) -> list[Plane]:
    """Planes of a region from its layer and the base, both in the order of the picture. Raises DamageError."""
    ordered = [base[index] for index in order]
    if layer.lossless_coding_idc == STORED:
        found = read_stored(layer.lossless_data, [(p.shape[0], p.shape[1]) for p in ordered], depth)
    else:
        w, e, s, f = layer.parameter_row
        payload = Payload((w, e, s, f), 1 << layer.log2_lanes_lossless, layer.lossless_parameters, layer.lossless_data)
        found = decode_region(payload, ordered, depth)
    return [found[order.index(index)] for index in range(len(base))]


def with_layers(
    codestream: Codestream, base: Image, area: Region, conceal: bool
) -> tuple[Image, tuple[Damage, ...]]:
    """(9.9) The picture of `area`, which consists of whole regions, with the layers of its regions.

    conceal: a region whose layer is damaged keeps the base picture, and is listed. Raises DamageError.
    """
    header, damage = codestream.picture_header, list[Damage]()
    samples = base.samples.copy()
    chroma = None if base.chroma is None else base.chroma.samples.copy()
    whole = [*np.moveaxis(samples, 2, 0), *(() if chroma is None else chroma)]
    for index in met(header, area):
        if index >= len(codestream.lossless) or not codestream.lossless[index].lossless_data:
            continue
        layer, place = codestream.lossless[index], cut(header, displayed_region(header, index), area)
        found, wrong = _checked(layer, planes_of(base, place), coding_order(base), base.bit_depth)
        if wrong is not None:
            one = Damage(wrong[0], index, "lossless", wrong[1], partitioned=header.num_regions > 1)
            if not conceal:
                raise DamageError(str(one))
            damage.append(one)
            continue
        for plane, own, values in zip(whole, place.places, found, strict=True):
            plane[own] = values
    shown = replace(base, samples=samples)
    if base.chroma is not None and chroma is not None:
        shown = replace(shown, chroma=replace(base.chroma, samples=chroma))
    return shown, tuple(damage)


def cropped(image: Image, area: Region, wanted: Region) -> Image:
    """The wanted part of a picture of `area`."""
    if area == wanted:
        return image
    rows, columns = (0, 0) if image.chroma is None else (image.chroma.rows, image.chroma.columns)
    top, left, bottom, right = (
        wanted.top - area.top, wanted.left - area.left, wanted.bottom - area.top, wanted.right - area.left,
    )  # fmt: skip
    samples = image.samples[top:bottom, left:right].copy()
    if image.chroma is None:
        return replace(image, samples=samples)
    down, across = slice(top >> rows, (bottom + rows) >> rows), slice(left >> columns, (right + columns) >> columns)
    small = image.chroma.samples[:, down, across].copy()
    return replace(image, samples=samples, chroma=Chroma(small, rows, columns))


def _checked(
    layer: LosslessLayer, base: list[Plane], order: tuple[int, ...], depth: int
) -> tuple[list[Plane], tuple[int, str] | None]:
    """Planes of a region, and the first plane that is wrong with what is wrong about it."""
    try:
        found = decode_layer(layer, base, order, depth)
    except DamageError as error:
        return base, (0, f"lossless layer: {str(error).removeprefix('lossless layer: ')}")
    for plane, (own, stated) in enumerate(zip(digests(found, depth), layer.lossless_digest, strict=True)):
        if own != stated:
            return base, (plane, f"lossless layer: digest is {own:08x}, the codestream states {stated:08x}")
    return found, None
