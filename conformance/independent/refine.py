# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.9) Lossless layers over a picture: the regions of each plane, and the digests that prove them."""

from __future__ import annotations

import zlib

from conformance.independent.codestream import Codestream
from conformance.independent.entropy import DamagedError
from conformance.independent.errors import RejectedError
from conformance.independent.headers import HALF_BOTH, HALF_WIDTH, NO_TRANSFORM, PictureHeader, Region
from conformance.independent.layers import Tensor
from conformance.independent.lossless import decode_deflate, decode_lattices
from conformance.independent.package import canonical
from conformance.independent.planes import stored
from conformance.independent.segments import DEFLATE
from conformance.independent.symbols import FrequencyTable


def refined(
    codestream: Codestream, base: list[Tensor], gaussian: FrequencyTable, residual: FrequencyTable
) -> list[Tensor]:
    """Planes of the displayed picture, from those of 9.5. Raises RejectedError where a layer is damaged."""
    header, planes = codestream.header, [plane.copy() for plane in base]
    order = coding_order(header, len(planes))
    for number, (region, layer) in enumerate(zip(header.regions(), codestream.lossless, strict=False)):
        parts = [planes[i][displayed(header, region, i)] for i in order]
        if not layer.data or not parts[0].size:
            continue
        try:
            if layer.coding_idc == DEFLATE:
                found = decode_deflate(layer, parts, header.bit_depth)
            else:
                found = decode_lattices(layer, parts, header.bit_depth, gaussian, residual)
        except DamagedError as error:
            raise RejectedError("9.9", f"lossless layer of region {number}: {error}") from error
        for i, part, samples in zip(order, parts, found, strict=True):
            if zlib.crc32(canonical(stored(samples, header.bit_depth))) != layer.digests[i]:
                raise RejectedError("9.9.6", f"lossless layer of region {number}: plane {i} differs from its digest")
            part[...] = samples
    return planes


def coding_order(header: PictureHeader, count: int) -> list[int]:
    """(9.9.1) Numbers of planes: G, R, B, or the order of the picture."""
    return [1, 0, 2] if header.colour_transform_idc != NO_TRANSFORM and count > 1 else list(range(count))


def displayed(header: PictureHeader, region: Region, plane: int) -> tuple[slice, slice]:
    """(9.9.1) Rows and columns of a plane of the displayed picture that belong to a region."""
    rows = region.top, min(region.bottom, header.display_height)
    columns = region.left, min(region.right, header.display_width)
    if plane and header.source_chroma_format_idc == HALF_BOTH:
        rows = rows[0] >> 1, (rows[1] + 1) >> 1
    if plane and header.source_chroma_format_idc in (HALF_BOTH, HALF_WIDTH):
        columns = columns[0] >> 1, (columns[1] + 1) >> 1
    return slice(*rows), slice(*columns)
