# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from refsw.colour import BT709, NO_TRANSFORM, colour_transform, image_from_planes, plane_range, planes_from_image
from refsw.errors import UnsupportedError
from refsw.types import Image, Planes

rgb = arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)))
planes = arrays.arrays(
    np.int32, st.tuples(st.just(3), st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 4080)
)


def colour_lattice() -> np.ndarray:
    """Every 5th value of each channel, the top included: uint8 [52, 52 * 52, 3]."""
    axis = np.arange(0, 256, 5, dtype=np.uint8)
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(len(axis), -1, 3)


@given(rgb)
def test_rgb_survives_planes(samples: np.ndarray) -> None:
    there = planes_from_image(Image(samples))
    assert there.samples.dtype == np.int32
    assert there.samples.min() >= 0 and there.samples.max() <= plane_range(8) == 4080
    np.testing.assert_array_equal(image_from_planes(there, BT709).samples, samples)


def test_a_lattice_of_all_colours_survives() -> None:
    samples = colour_lattice()
    np.testing.assert_array_equal(image_from_planes(planes_from_image(Image(samples)), BT709).samples, samples)


def test_planes_are_within_one_unit_of_the_real_transform() -> None:
    samples = colour_lattice()
    r, g, b = (samples[..., i].astype(float) for i in range(3))
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    real = 16 * np.stack([y, (b - y) / 1.8556 + 127.5, (r - y) / 1.5748 + 127.5])
    assert np.abs(planes_from_image(Image(samples)).samples - real.clip(0, 4080)).max() < 1.1


def test_greys_are_exact() -> None:
    grey = np.arange(256, dtype=np.uint8)[None, :, None]
    of_rgb = planes_from_image(Image(np.repeat(grey, 3, 2))).samples
    np.testing.assert_array_equal(of_rgb[0], 16 * grey[..., 0].astype(int))
    assert (of_rgb[1:] == plane_range(8) >> 1).all()
    of_grey = planes_from_image(Image(grey))
    np.testing.assert_array_equal(of_grey.samples[0], of_rgb[0])
    np.testing.assert_array_equal(image_from_planes(of_grey, NO_TRANSFORM).samples, grey)


@given(planes)
def test_any_planes_give_a_picture_near_the_real_transform(samples: np.ndarray) -> None:
    y, cb, cr = samples[0] / 16, (samples[1] - 2040) / 16, (samples[2] - 2040) / 16
    real = np.stack([y + 1.5748 * cr, y - 0.187324 * cb - 0.468124 * cr, y + 1.8556 * cb], -1).clip(0, 255)
    shown = image_from_planes(Planes(samples), BT709).samples
    assert shown.dtype == np.uint8
    assert np.abs(shown - real).max() < 0.52


def test_input_planes_are_left_alone() -> None:
    samples = np.full((3, 2, 2), 1000, np.int32)
    samples.setflags(write=False)
    image_from_planes(Planes(samples), BT709)
    assert (samples == 1000).all()


def test_without_transform_planes_are_channels() -> None:
    samples = np.array([0, 8, 4080], np.int32).reshape(3, 1, 1)
    np.testing.assert_array_equal(image_from_planes(Planes(samples), NO_TRANSFORM).samples, [[[0, 1, 255]]])


@pytest.mark.parametrize("level", [0, 7, 8, 23, 24, 4080])
def test_grey_rounds_halves_up(level: int) -> None:
    shown = image_from_planes(Planes(np.full((1, 1, 1), level, np.int32)), NO_TRANSFORM).samples
    assert shown.item() == (level + 8) // 16


def test_unknown_transforms_are_named() -> None:
    for idc in (2, 3):
        with pytest.raises(UnsupportedError, match=f"colour_transform_idc {idc}"):
            colour_transform(idc)
        with pytest.raises(UnsupportedError, match=f"colour_transform_idc {idc}"):
            image_from_planes(Planes(np.zeros((3, 1, 1), np.int32)), idc)
