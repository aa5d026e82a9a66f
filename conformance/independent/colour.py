# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.5) Picture from planes: crop, colour transform, chroma sampling, alpha."""

from __future__ import annotations

import zlib

import numpy as np

from conformance.independent.errors import RejectedError
from conformance.independent.headers import BT709, CUSTOM, EVEN, GREY, HALF_BOTH, HALF_WIDTH, PictureHeader
from conformance.independent.layers import Tensor, clip

INVERSE = {  # spec/tables/colour.yaml
    BT709: ((16384, 0, 25802), (16384, -3069, -7670), (16384, 30402, 0)),
    EVEN: ((16384, -4151, 23019), (16384, -9418, -13090), (16384, 26692, 451)),
}


def picture(header: PictureHeader, planes: Tensor) -> list[Tensor]:
    """(9.5.1 to 9.5.4) Planes of the displayed picture, [rows, columns] each.

    planes: [1 or 3, coded_height, coded_width], 0..16 (2^bit depth - 1).
    """
    planes = planes[:, : header.display_height, : header.display_width]
    top = (1 << header.bit_depth) - 1
    if header.colour_transform_idc in INVERSE:
        inverse, centred = INVERSE[header.colour_transform_idc], planes - 8 * top * np.array([0, 1, 1])[:, None, None]
        return list(clip((product(np.array(inverse), centred) + (1 << 17)) >> 18, (0, top)))
    if header.colour_transform_idc == CUSTOM:
        matrix = np.array(header.colour_matrix).reshape(3, 3)
        offset = np.array(header.colour_offset, np.int64)[:, None, None] << header.bit_depth
        return list(clip((product(matrix, (planes << 11) - offset) + (1 << 27)) >> 28, (0, top)))
    if header.source_chroma_format_idc in (HALF_BOTH, HALF_WIDTH):
        rows = 2 if header.source_chroma_format_idc == HALF_BOTH else 1
        return [full(planes[0], top), *(reduce_chroma(plane, rows, top) for plane in planes[1:])]
    return [full(plane, top) for plane in planes]


def product(matrix: Tensor, planes: Tensor) -> Tensor:
    """Matrix [3, 3] times planes [3, H, W], sample by sample."""
    result: Tensor = np.einsum("cq,qhw->chw", matrix, planes)
    return result


def full(plane: Tensor, top: int) -> Tensor:
    """(9.5.2, 9.5.3) Samples of a plane without its 4 fractional bits."""
    return clip((plane + 8) >> 4, (0, top))


def reduce_chroma(plane: Tensor, rows: int, top: int) -> Tensor:
    """(9.5.4) Means over `rows` rows and 2 columns; the last row or column counts twice at an odd edge."""
    padded = np.pad(plane, ((0, plane.shape[0] % rows), (0, plane.shape[1] % 2)), mode="edge")
    total: Tensor = np.sum([padded[r::rows, c::2] for r in range(rows) for c in range(2)], axis=0)
    n = 2 * rows
    return clip((total + 8 * n) >> (4 + n.bit_length() - 1), (0, top))


def alpha_plane(header: PictureHeader, data: bytes) -> Tensor:
    """(9.5.5) The alpha plane, [rows, columns] of the displayed picture. Raises RejectedError where it is damaged."""
    size = 1 if header.bit_depth == 8 else 2
    expected = header.display_height * header.display_width * size
    stream = zlib.decompressobj()
    try:
        numbers = stream.decompress(data, expected + 1)
    except zlib.error as error:
        raise RejectedError("9.5.5", f"alpha_data: {error}") from error
    if len(numbers) != expected or not stream.eof or stream.unused_data:
        raise RejectedError("9.5.5", f"alpha_data does not inflate to {expected} bytes")
    differences = np.frombuffer(numbers, f">u{size}").astype(np.int64)
    sums = np.cumsum(differences.reshape(header.display_height, header.display_width), axis=0)
    return np.bitwise_and(sums, (1 << header.bit_depth) - 1)


def planes_of(header: PictureHeader) -> int:
    """(6.3.15) Number of coded planes."""
    return 1 if header.coded_chroma_format_idc == GREY else 3
