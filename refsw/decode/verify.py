# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(6.12.4) Checksums of the decoded picture, by which picture-exact decoding is proven."""

from __future__ import annotations

import zlib

import numpy as np

from refsw.errors import DamageError, UnsupportedError
from refsw.syntax.headers import Codestream
from refsw.types import Image, canonical_bytes


def plane_digests(image: Image) -> tuple[int, ...]:
    """CRC-32 of every plane of a picture, in canonical layout [H, W]."""
    planes = [*np.moveaxis(image.samples, 2, 0), *(() if image.chroma is None else image.chroma.samples)]
    return tuple(zlib.crc32(canonical_bytes(np.ascontiguousarray(plane))) for plane in planes)


def verify_planes(codestream: Codestream, image: Image) -> None:
    """Compare a whole picture, decoded picture-exactly, with what the codestream states of it.

    Raises DamageError naming the plane, UnsupportedError where the codestream states nothing.
    """
    segment = codestream.digest_segment
    if segment is None or not segment.plane_digest:
        raise UnsupportedError("the codestream states no plane digests, so there is nothing to verify")
    found = plane_digests(image)
    if len(found) != len(segment.plane_digest):
        raise DamageError(f"{len(found)} planes, the codestream states digests of {len(segment.plane_digest)}")
    for index, (own, stated) in enumerate(zip(found, segment.plane_digest, strict=True)):
        if own != stated:
            raise DamageError(f"plane {index}: digest is {own:08x}, the codestream states {stated:08x}")
