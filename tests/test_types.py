# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pytest

from refsw.errors import ImageError
from refsw.types import Image, Planes, canonical_bytes, digest


def test_canonical_layout_is_as_annex_c_says() -> None:
    array = np.array([[1, -2, 3]], np.int32)
    expected = b"i4 1x3\n" + bytes([1, 0, 0, 0, 254, 255, 255, 255, 3, 0, 0, 0])
    assert canonical_bytes(array) == expected
    assert digest(array) == hashlib.sha256(expected).hexdigest()


def test_layout_in_memory_does_not_matter() -> None:
    array = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
    for same in (array.astype(">i4"), np.asfortranarray(array), np.repeat(array, 2, 2)[:, :, ::2]):
        assert digest(same) == digest(array)


def test_values_kind_and_shape_matter() -> None:
    arrays = [
        np.zeros((2, 3), np.int32), np.zeros((3, 2), np.int32), np.zeros(6, np.int32), np.zeros((2, 3), np.int8),
        np.zeros((2, 3), np.float32), np.zeros((2, 3), np.bool_), np.ones((2, 3), np.int32), np.zeros((), np.int32),
    ]  # fmt: skip
    assert len({digest(a) for a in arrays}) == len(arrays)


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 2), (4, 4, 4), (0, 4, 3), (4, 0, 1), (1, 4, 4, 3)])
def test_pictures_of_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ImageError, match="expected"):
        Image(np.zeros(shape, np.uint8))


def test_sample_type_and_bit_depth_go_together() -> None:
    with pytest.raises(ImageError):
        Image(np.zeros((1, 1, 3), np.uint16))
    with pytest.raises(ImageError):
        Image(np.zeros((1, 1, 3), np.uint8), 10)
    with pytest.raises(ImageError):
        Image(np.zeros((1, 1, 3), np.float32))  # type: ignore[arg-type]
    assert Image(np.zeros((1, 1, 3), np.uint16), 16).bit_depth == 16


def test_sizes() -> None:
    image = Image(np.zeros((5, 7, 3), np.uint8))
    assert (image.height, image.width, image.channels) == (5, 7, 3)
    assert Planes(np.zeros((1, 5, 7), np.int32)).size == (5, 7)
    with pytest.raises(dataclasses.FrozenInstanceError):
        image.bit_depth = 16  # type: ignore[misc]
