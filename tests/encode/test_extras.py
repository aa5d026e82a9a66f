# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(A.2) Metadata and opacity at the limits of a level and just over them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from refsw.encode.extras import extras_of, fitted
from refsw.errors import LevelError
from refsw.spec import levels
from refsw.types import Image, Metadata

LEVEL = replace(levels()[0], max_metadata_bytes=2000, max_optional_segments=3)
ROOM = 2000 - 64 - 16  # for one block beside what all others and its own header take at most


def image(**metadata: object) -> Image:
    return Image(np.zeros((4, 4, 3), np.uint8), metadata=Metadata(**metadata))  # type: ignore[arg-type]


@pytest.mark.parametrize(("under", "over", "message"), [
    ({"icc": bytes(ROOM)}, {"icc": bytes(ROOM + 1)}, "ICC profile: 2001 bytes of metadata with it, 1 over the 2000"),
    ({"exif": bytes(ROOM - 21), "xmp": bytes(5)}, {"exif": bytes(ROOM - 21), "xmp": bytes(9)},
     "XMP: 2004 bytes of metadata with it, 4 over the 2000 of level 1"),
    ({"user_data": (bytes(2000),)}, {"user_data": (bytes(2005),)}, "user data: 2005 bytes, 5 over the 2000"),
    ({"user_data": (b"",) * 3}, {"user_data": (b"",) * 4}, "user data: 4 segments, 1 over the 3 of level 1"),
])  # fmt: skip
def test_metadata(under: dict[str, object], over: dict[str, object], message: str) -> None:
    extras_of(image(**under), LEVEL)
    with pytest.raises(LevelError, match=message):
        extras_of(image(**over), LEVEL)
    assert fitted(image(**under).metadata, LEVEL)[1] == []
    kept, dropped = fitted(image(**over).metadata, LEVEL)
    assert len(dropped) == 1
    extras_of(replace(image(), metadata=kept), LEVEL)


def test_alpha() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (40, 40), dtype=np.uint8)
    own = replace(image(), samples=np.zeros((40, 40, 3), np.uint8), alpha=noise)
    found = extras_of(own, LEVEL).alpha
    assert found is not None
    size = len(found.alpha_data) + 1  # with the byte before it
    extras_of(own, replace(LEVEL, max_substream_bytes=size))
    with pytest.raises(LevelError, match=f"alpha plane: {size - 1} bytes, 1 over the {size - 2} of level 1"):
        extras_of(own, replace(LEVEL, max_substream_bytes=size - 1))
