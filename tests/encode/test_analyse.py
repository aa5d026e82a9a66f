# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from refsw.colour import BT709, planes_from_image
from refsw.decode.parse import skip_mask
from refsw.decode.reconstruct import Reconstructor
from refsw.encode.analyse import Analysed, ReadPlanes, analyse, padded, planes_of
from refsw.encode.picture import picture_header
from refsw.syntax.geometry import Region
from refsw.syntax.headers import ComponentHeader, PictureHeader
from refsw.types import Image, Planes
from tests.support.streams import component_headers
from tests.support.tiny import Started, picture


def header_of(started: Started, image: Image, components: tuple[ComponentHeader, ...]) -> PictureHeader:
    header = picture_header(image, started.config, started.model, 0)
    return replace(header, components=components[: len(header.components)])


def analysed(started: Started, image: Image, quality_index: int = 1024, threshold: int = 0) -> Analysed:
    components = component_headers(quality_index, skip_enabled_flag=threshold > 0, skip_threshold=threshold)
    return analyse(started.model, header_of(started, image, components), planes_of(image, BT709))


def reader(planes: NDArray[np.int32]) -> ReadPlanes:
    def read(region: Region) -> Planes:
        return Planes(planes[:, region.top : region.bottom, region.left : region.right])

    return read


@settings(max_examples=15)
@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from([1, 3]))
def test_shapes_types_and_ranges(started: Started, height: int, width: int, channels: int) -> None:
    out = analysed(started, picture(1, height, width, channels)).symbols
    h, w = -(-height // 16), -(-width // 16)
    assert len(out) == (2 if channels == 3 else 1)
    for own, component in zip(out, started.model.config.components, strict=False):
        assert own.z.dtype == np.int8 and own.z.shape == (component.hyper.z, -(-h // 4), -(-w // 4))
        assert np.abs(own.z).max() <= 31
        assert own.symbols.dtype == own.scale_index.dtype == np.int32 and own.skip_mask.dtype == np.bool_
        assert own.symbols.shape == own.scale_index.shape == own.skip_mask.shape == (component.channels, h, w)
        assert own.scale_index.min() >= 0 and own.scale_index.max() <= 8191


@pytest.mark.parametrize("quality_index", [0, 700, 2048])
def test_mean_path_of_encoder_and_decoder_are_equal(started: Started, quality_index: int) -> None:
    """The decoder's y_hat is within half a step of the encoder's latent, so no step of the two ran apart."""
    image = picture(2, 70, 90)
    header = header_of(started, image, component_headers(quality_index))
    out = analyse(started.model, header, planes_of(image, BT709))
    again = Reconstructor(started.model, header, out.tensors, "bop", "cpu")
    (window,) = again.windows()
    paths = again.latents(window, keep=True)
    for own, path in zip(out.symbols, paths, strict=True):
        np.testing.assert_array_equal(np.rint(path.y_hat - path.mean)[0], own.symbols)
    net = started.model.network.component(0)
    features = net.stem.analyse(padded(planes_of(image, BT709), header, window.area, "cpu")[:, :1])
    y = net.latent(features, torch.tensor([quality_index / 2048]))
    assert (paths[0].y_hat - y).abs().max() < 0.5 + 1e-3


def test_luma_is_the_same_whatever_chroma_is(started: Started) -> None:
    image = picture(2, 48, 64)
    planes = planes_from_image(image, BT709).samples
    other = planes.copy()
    other[1:] = other[1:, ::-1]
    header = header_of(started, image, component_headers(900))
    first, second = (analyse(started.model, header, reader(p)) for p in (planes, other))
    grey = analyse(started.model, replace(header, components=header.components[:1]), reader(planes[:1]))
    for name in ("z", "scale_index", "skip_mask", "symbols"):
        luma = getattr(first.symbols[0], name)
        np.testing.assert_array_equal(luma, getattr(second.symbols[0], name))
        np.testing.assert_array_equal(luma, getattr(grey.symbols[0], name))
    assert not np.array_equal(first.symbols[1].symbols, second.symbols[1].symbols)


@pytest.mark.parametrize("threshold", [1, 384, 2000, 8191])
def test_skipped_positions_carry_nothing(started: Started, threshold: int) -> None:
    headers = component_headers(1500, skip_enabled_flag=True, skip_threshold=threshold)
    for own, header in zip(analysed(started, picture(3, 64, 96), 1500, threshold).symbols, headers, strict=True):
        np.testing.assert_array_equal(own.skip_mask, skip_mask(own.scale_index, header))
        np.testing.assert_array_equal(own.skip_mask, own.scale_index < threshold)
        assert not own.symbols[own.skip_mask].any()


def test_padding_repeats_the_border(started: Started) -> None:
    """A picture and the same one extended by its last row and column up to whole blocks have the same latents."""
    image = picture(4, 37, 50)
    extended = Image(np.pad(image.samples, ((0, 11), (0, 14), (0, 0)), mode="edge"))
    for first, second in zip(analysed(started, image).symbols, analysed(started, extended).symbols, strict=True):
        np.testing.assert_array_equal(first.symbols, second.symbols)


def test_estimate_grows_with_quality(started: Started) -> None:
    image = picture(3, 64, 96)
    bits = [analysed(started, image, index).estimated_bits for index in (0, 512, 1024, 2048)]
    assert bits == sorted(bits) and bits[0] > 0
