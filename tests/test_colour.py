# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from refsw.colour import (
    BT709,
    CUSTOM,
    EVEN,
    FIXED_TRANSFORMS,
    NO_TRANSFORM,
    CustomTransform,
    colour_transform,
    custom_transform,
    image_from_planes,
    plane_range,
    planes_from_image,
)
from refsw.errors import UnsupportedError, UsageError
from refsw.syntax.headers import BIT_DEPTHS
from refsw.types import Image, Planes

rgb = arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)))
planes = arrays.arrays(
    np.int32, st.tuples(st.just(3), st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 4080)
)


def colour_lattice() -> np.ndarray:
    """Every 5th value of each channel, the top included: uint8 [52, 52 * 52, 3]."""
    axis = np.arange(0, 256, 5, dtype=np.uint8)
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(len(axis), -1, 3)


@pytest.mark.parametrize("idc", FIXED_TRANSFORMS)
@given(samples=rgb)
def test_rgb_survives_planes(samples: np.ndarray, idc: int) -> None:
    there = planes_from_image(Image(samples), idc)
    assert there.samples.dtype == np.int32
    assert there.samples.min() >= 0 and there.samples.max() <= plane_range(8) == 4080
    np.testing.assert_array_equal(image_from_planes(there, idc).samples, samples)


@pytest.mark.parametrize("idc", FIXED_TRANSFORMS)
def test_a_lattice_of_all_colours_survives(idc: int) -> None:
    samples = colour_lattice()
    np.testing.assert_array_equal(image_from_planes(planes_from_image(Image(samples), idc), idc).samples, samples)


def test_even_weights_are_those_of_the_specification() -> None:
    """Rows of the encoder's matrix, and that no colour leaves the range of a plane."""
    transform = colour_transform(EVEN)
    rows = transform.forward / (1 << transform.precision_bits)
    np.testing.assert_allclose(rows[0], [0.28, 0.5, 0.22], atol=1e-4)
    assert (transform.forward.sum(1) == [1 << transform.precision_bits, 0, 0]).all()
    assert (abs(rows[1:]).sum(1) <= 1).all()
    np.testing.assert_allclose(rows @ (transform.inverse / (1 << transform.precision_bits)), np.eye(3), atol=1e-4)


def test_planes_are_within_one_unit_of_the_real_transform() -> None:
    samples = colour_lattice()
    r, g, b = (samples[..., i].astype(float) for i in range(3))
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    real = 16 * np.stack([y, (b - y) / 1.8556 + 127.5, (r - y) / 1.5748 + 127.5])
    assert np.abs(planes_from_image(Image(samples), BT709).samples - real.clip(0, 4080)).max() < 1.1


@pytest.mark.parametrize("idc", FIXED_TRANSFORMS)
def test_greys_are_exact(idc: int) -> None:
    grey = np.arange(256, dtype=np.uint8)[None, :, None]
    of_rgb = planes_from_image(Image(np.repeat(grey, 3, 2)), idc).samples
    np.testing.assert_array_equal(of_rgb[0], 16 * grey[..., 0].astype(int))
    assert (of_rgb[1:] == plane_range(8) >> 1).all()
    of_grey = planes_from_image(Image(grey), idc)
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
    for idc in (2, 4):
        with pytest.raises(UnsupportedError, match=f"colour_transform_idc {idc}"):
            colour_transform(idc)
        with pytest.raises(UnsupportedError, match=f"colour_transform_idc {idc}"):
            image_from_planes(Planes(np.zeros((3, 1, 1), np.int32)), idc)


WEIGHTS = {"bt601": ("0.299", "0.114"), "bt709": ("0.2126", "0.0722"), "bt2020": ("0.2627", "0.0593")}


@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize("bit_depth", BIT_DEPTHS)
def test_every_matrix_and_its_inverse_are_exact(name: str, bit_depth: int) -> None:
    """RGB -> planes -> RGB by the encoder's matrix and the header's: corners, edges and noise come back."""
    transform = custom_transform(*map(Fraction, WEIGHTS[name]), bit_depth)
    top, random = 2**bit_depth - 1, np.random.default_rng(bit_depth)
    ends = np.array([0, 1, top // 2, top // 2 + 1, top - 1, top])
    corners = np.stack(np.meshgrid(ends, ends, ends, indexing="ij"), -1).reshape(-1, 3)
    edges = random.integers(0, top + 1, (3000, 3))
    edges[np.arange(3000), random.integers(0, 3, 3000)] = random.choice(ends, 3000)
    samples = np.concatenate([corners, edges, random.integers(0, top + 1, (3000, 3))])[None]
    image = Image(samples.astype(np.uint8 if bit_depth == 8 else np.uint16), bit_depth)
    planes = planes_from_image(image, transform)
    np.testing.assert_array_equal(image_from_planes(planes, CUSTOM, transform).samples, image.samples)
    assert all(-32768 <= value <= 32767 for value in (*transform.matrix, *transform.offset))


@given(st.integers(10, 700), st.integers(10, 250), st.sampled_from(BIT_DEPTHS), st.integers(0, 2**32 - 1))
def test_any_weights_are_exact(red: int, blue: int, bit_depth: int, seed: int) -> None:
    transform = custom_transform(Fraction(red, 1000), Fraction(blue, 1000), bit_depth)
    samples = np.random.default_rng(seed).integers(0, 2**bit_depth, (1, 50, 3))
    samples[0, :8] = (2**bit_depth - 1) * (np.arange(8)[:, None] >> np.arange(3) & 1)
    image = Image(samples.astype(np.uint8 if bit_depth == 8 else np.uint16), bit_depth)
    shown = image_from_planes(planes_from_image(image, transform), CUSTOM, transform)
    np.testing.assert_array_equal(shown.samples, image.samples)


def test_matrices_without_inverse_are_refused() -> None:
    image = Image(np.zeros((1, 1, 3), np.uint8))
    for matrix in ((0,) * 9, (8192, 8192, 0) * 3, (32767, 32766, 0, 32766, 32765, 0, 0, 0, 1)):
        with pytest.raises(UsageError, match="inverse"):
            planes_from_image(image, CustomTransform(matrix, (0, 0, 0)))
