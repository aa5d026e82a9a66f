# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Exif orientation: applied to samples once, and then set to 1 in the Exif that is carried, which is otherwise kept."""

from __future__ import annotations

import re
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

_TAG, _SHORT = 0x0112, 3
_XMP = re.compile(rb"(tiff:Orientation(?:=[\"']|>))[1-8]")


def oriented(samples: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Samples [H, W, ...] turned and mirrored as Exif orientation 1..8 says; others mean 1."""
    if orientation in (5, 6, 7, 8):
        samples = samples.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        samples = samples[::-1]
    if orientation in (2, 3, 6, 7):
        samples = samples[:, ::-1]
    return np.ascontiguousarray(samples)


def upright_exif(exif: bytes) -> bytes:
    """The same bytes with orientation 1. Damaged structures come back as they are."""
    if exif[:4] not in (b"II*\0", b"MM\0*"):
        return exif
    order: Literal["little", "big"] = "little" if exif.startswith(b"II") else "big"

    def number(place: int, size: int) -> int:
        return int.from_bytes(exif[place : place + size], order)

    first = number(4, 4)
    if first + 2 > len(exif):
        return exif
    for place in range(first + 2, min(first + 2 + 12 * number(first, 2), len(exif) - 11), 12):
        if number(place, 2) == _TAG and number(place + 2, 2) == _SHORT:
            one = (1).to_bytes(2, order)
            return exif[: place + 8] + one + exif[place + 10 :]
    return exif


def upright_xmp(xmp: bytes) -> bytes:
    """The same packet with tiff:Orientation 1."""
    return _XMP.sub(rb"\g<1>1", xmp)
