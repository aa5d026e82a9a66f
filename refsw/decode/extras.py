# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(6.7, 6.11, 9.5.5) What a codestream says besides its samples: metadata and opacity."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from refsw.errors import DamageError
from refsw.syntax.headers import EXIF, ICC, XMP, AlphaPlane, Codestream, PictureHeader
from refsw.types import Cicp, ContentLight, MasteringDisplay, Metadata


def metadata_of(codestream: Codestream) -> Metadata:
    """(6.7, 6.11) Rendering information and user data; of several blocks of one kind the first counts."""
    rendering, user_data = codestream.rendering_information, tuple(u.user_data for u in codestream.user_data)
    if rendering is None:
        return Metadata(user_data=user_data)
    found = {block.metadata_type: block.metadata_payload for block in reversed(rendering.blocks)}
    cicp = Cicp(
        rendering.colour_primaries, rendering.transfer_characteristics, rendering.matrix_coefficients,
        rendering.video_full_range_flag,
    )  # fmt: skip
    mastering = MasteringDisplay(
        rendering.display_primaries, rendering.white_point, rendering.max_display_luminance,
        rendering.min_display_luminance,
    )  # fmt: skip
    light = ContentLight(rendering.max_content_light_level, rendering.max_picture_average_light_level)
    return Metadata(
        icc=found.get(ICC), exif=found.get(EXIF), xmp=found.get(XMP),
        cicp=cicp if rendering.cicp_present_flag else None,
        mastering_display=mastering if rendering.mdcv_present_flag else None,
        content_light=light if rendering.clli_present_flag else None,
        user_data=user_data,
    )  # fmt: skip


def alpha_of(plane: AlphaPlane, header: PictureHeader) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """(9.5.5) Opacity of the displayed picture, uint8 or uint16 [H, W]. Raises DamageError."""
    kind = np.dtype(np.uint8 if header.bit_depth == 8 else ">u2")
    size = header.height * header.width * kind.itemsize
    try:
        stream = zlib.decompressobj()
        data = stream.decompress(plane.alpha_data, size + 1)  # one more, to notice what is too long
    except zlib.error:
        raise DamageError("alpha plane: damaged [clause 9.5.5]") from None
    if len(data) != size or not stream.eof or stream.unused_data:
        raise DamageError(f"alpha plane: does not hold {size} bytes exactly [clause 9.5.5]")
    steps = np.frombuffer(data, kind).reshape(header.height, header.width)
    alpha = np.cumsum(steps, axis=0, dtype=np.uint8 if header.bit_depth == 8 else np.uint16)
    return np.bitwise_and(alpha, alpha.dtype.type(2**header.bit_depth - 1))
