# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Metadata and opacity of a picture to segments, within the limits of its level."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from refsw.errors import LevelError
from refsw.spec import Level
from refsw.syntax.headers import EXIF, ICC, XMP, AlphaPlane, MetadataBlock, RenderingInformation, UserData
from refsw.types import Image, Metadata

_BLOCK_OVERHEAD, _FIXED = 16, 64
"""Most bytes of a metadata block's own header, and of all other elements of rendering information."""


@dataclass(frozen=True)
class Extras:
    """Segments besides the coded picture."""

    rendering_information: RenderingInformation | None = None
    alpha: AlphaPlane | None = None
    user_data: tuple[UserData, ...] = ()


NO_EXTRAS = Extras()


def extras_of(image: Image, level: Level) -> Extras:
    """Raises LevelError, naming what is too large for the level and by how much."""
    excess = too_large(image.metadata, level)
    if excess:
        raise LevelError(excess[0])
    alpha = None if image.alpha is None else AlphaPlane(alpha_data=_coded(image.alpha, image.bit_depth))
    if alpha is not None and len(alpha.alpha_data) >= level.max_substream_bytes:
        raise LevelError(
            f"alpha plane: {_over(len(alpha.alpha_data), 'bytes', level.max_substream_bytes - 1, level)}"
        )
    return Extras(_rendering(image.metadata), alpha, tuple(UserData(user_data=u) for u in image.metadata.user_data))


def too_large(metadata: Metadata, level: Level) -> list[str]:
    """What of the metadata a level does not hold, one line each."""
    limit, found = level.max_metadata_bytes, []
    total = _FIXED
    for name, payload in _blocks(metadata):
        total += len(payload) + _BLOCK_OVERHEAD
        if total > limit:
            found.append(f"{name}: {_over(total, 'bytes of metadata with it', limit, level)}")
    for payload in metadata.user_data:
        if len(payload) > limit:
            found.append(f"user data: {_over(len(payload), 'bytes', limit, level)}")
    if len(metadata.user_data) > level.max_optional_segments:
        found.append(f"user data: {_over(len(metadata.user_data), 'segments', level.max_optional_segments, level)}")
    return found


def _over(found: int, what: str, limit: int, level: Level) -> str:
    return f"{found} {what}, {found - limit} over the {limit} of level {level.name}"


def fitted(metadata: Metadata, level: Level) -> tuple[Metadata, list[str]]:
    """The metadata without what the level does not hold, least needed first; and what was dropped."""
    dropped: list[str] = []
    for name in ("user_data", "xmp", "exif", "icc"):
        excess = too_large(metadata, level)
        if not excess:
            break
        if getattr(metadata, name):
            metadata = replace(metadata, **{name: () if name == "user_data" else None})
            dropped.append(f"{name}: dropped, since level {level.name} does not hold it")
    return metadata, dropped


def _blocks(metadata: Metadata) -> list[tuple[str, bytes]]:
    named = (("ICC profile", metadata.icc), ("EXIF", metadata.exif), ("XMP", metadata.xmp))
    return [(name, payload) for name, payload in named if payload is not None]


def _rendering(metadata: Metadata) -> RenderingInformation | None:
    types = {"ICC profile": ICC, "EXIF": EXIF, "XMP": XMP}
    blocks = tuple(MetadataBlock(metadata_type=types[n], metadata_payload=p) for n, p in _blocks(metadata))
    if replace(metadata, user_data=()) == Metadata():
        return None
    information = RenderingInformation(blocks=blocks)
    if (cicp := metadata.cicp) is not None:
        information = replace(
            information, cicp_present_flag=True, colour_primaries=cicp.colour_primaries,
            transfer_characteristics=cicp.transfer_characteristics, matrix_coefficients=cicp.matrix_coefficients,
            video_full_range_flag=cicp.full_range,
        )  # fmt: skip
    if (display := metadata.mastering_display) is not None:
        information = replace(
            information, mdcv_present_flag=True, display_primaries=display.primaries, white_point=display.white_point,
            max_display_luminance=display.max_luminance, min_display_luminance=display.min_luminance,
        )  # fmt: skip
    if (light := metadata.content_light) is not None:
        information = replace(
            information, clli_present_flag=True, max_content_light_level=light.maximum,
            max_picture_average_light_level=light.average,
        )  # fmt: skip
    return information


def _coded(alpha: NDArray[np.uint8] | NDArray[np.uint16], bit_depth: int) -> bytes:
    """(9.5.5) Differences to the row above, modulo 2^8 or 2^16, big-endian, in a zlib stream."""
    steps = np.diff(alpha, axis=0, prepend=np.zeros((1, alpha.shape[1]), alpha.dtype))
    return zlib.compress(np.ascontiguousarray(steps, np.uint8 if bit_depth == 8 else ">u2").tobytes(), 9)
