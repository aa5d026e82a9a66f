# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import contextlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from refsw import syntax
from refsw.api import decode_picture, encode_picture
from refsw.config import RegionsConfig
from refsw.decode.quality_map import quality_steps
from refsw.decode.select import Selection
from refsw.encode.quality_map import activity_weights, mask_weights, quality_map, rectangle_weights, steps_of
from refsw.errors import DamageError, RefswError, UsageError
from refsw.spec import profile_named
from refsw.syntax.geometry import Region
from refsw.syntax.headers import EXPERIMENTAL
from refsw.types import Image
from tests.support.tiny import Started, picture

few = settings(max_examples=40)


def random_steps(seed: int, height: int, width: int) -> NDArray[np.int8]:
    return np.random.default_rng(seed).integers(-16, 17, (height, width)).astype(np.int8)


def stripes(height: int, width: int, step: int = 6) -> NDArray[np.int8]:
    """Left half finer, right half coarser."""
    steps = np.full((height, width), -step, np.int8)
    steps[:, : width // 2] = step
    return steps


@few
@given(st.integers(0, 999), st.integers(1, 40), st.integers(1, 40), st.booleans())
def test_maps_come_back(seed: int, height: int, width: int, flat: bool) -> None:
    steps = np.full((height, width), seed % 33 - 16, np.int8) if flat else random_steps(seed, height, width)
    np.testing.assert_array_equal(quality_steps(quality_map(steps), (height, width)), steps)


def test_a_rectangle_costs_little() -> None:
    steps = np.zeros((64, 96), np.int8)
    steps[20:40, 30:70] = 8
    assert len(quality_map(steps).quality_map_data) < 60


def test_damaged_maps_are_refused() -> None:
    good = quality_map(stripes(12, 20))
    with pytest.raises(DamageError, match="quality map"):
        quality_steps(replace(good, quality_map_data=good.quality_map_data[:-2]), (12, 20))
    with pytest.raises(DamageError, match="quality map"):
        quality_steps(good, (12, 21))
    for data in (b"", b"\0", b"\x40\0" + good.quality_map_data[2:], b"\0\x0b" + good.quality_map_data[2:]):
        with pytest.raises(DamageError, match="does not exist"):
            quality_steps(replace(good, quality_map_data=data), (12, 20))
    with pytest.raises(DamageError, match="a step outside"):
        quality_steps(quality_map(np.full((3, 3), 17, np.int8)), (3, 3))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("independent", [None, False, True])
@pytest.mark.parametrize("kind", ["stripes", "random"])
def test_round_trip(started: Started, channels: int, independent: bool | None, kind: str) -> None:
    """Regions, windows and both modes of decoding agree with the encoder."""
    image, config = picture(3, 130, 200, channels), started.config
    if independent is not None:
        config = replace(config, regions=RegionsConfig(2, 3, 0, independent))
    steps = stripes(9, 13) if kind == "stripes" else random_steps(5, 9, 13)
    encoded = encode_picture(image, config, quality=45, model=started.model, steps=steps)
    assert abs(encoded.report.estimated_bits / 8 - encoded.report.bytes) <= 0.005 * encoded.report.bytes + 64 * 6
    decoded = decode_picture(encoded.data, model=started.model)
    np.testing.assert_array_equal(decoded.image.samples, encoded.reconstruction.samples)
    exact = decode_picture(encoded.data, model=started.model, exact="auto").image.samples
    oracle = decode_picture(encoded.data, model=started.model, exact="oracle").image.samples
    np.testing.assert_array_equal(exact, oracle)
    assert np.abs(exact.astype(int) - decoded.image.samples).mean() < 0.5
    part = decode_picture(encoded.data, model=started.model, selection=Selection(area=Region(20, 70, 90, 150)))
    near = np.abs(part.image.samples.astype(int) - decoded.image.samples[20:90, 70:150])
    assert near.max() <= 1


def test_finer_steps_show(started: Started) -> None:
    image = picture(3, 192, 256)
    plain = encode_picture(image, started.config, bpp=0.5, model=started.model)
    mapped = encode_picture(image, started.config, bpp=0.5, model=started.model, steps=stripes(12, 16))
    assert abs(len(mapped.data) / len(plain.data) - 1) < 0.02

    def error(shown: Image, columns: slice) -> float:
        return float(np.mean((shown.samples[:, columns].astype(float) - image.samples[:, columns]) ** 2))

    for columns, better in ((slice(0, 128), True), (slice(128, 256), False)):
        before, after = error(plain.reconstruction, columns), error(mapped.reconstruction, columns)
        assert (after < before) == better


def test_a_map_of_zeros_is_no_map_but_its_bytes(started: Started) -> None:
    image = picture(3, 64, 80)
    plain = encode_picture(image, started.config, quality=50, model=started.model)
    mapped = encode_picture(image, started.config, quality=50, model=started.model, steps=np.zeros((4, 5), np.int8))
    np.testing.assert_array_equal(plain.reconstruction.samples, mapped.reconstruction.samples)
    found, expected = syntax.read(mapped.data), syntax.read(plain.data)
    assert (found.z, found.primary_residual) == (expected.z, expected.primary_residual)
    assert found.picture_header.stream_profile_idc == EXPERIMENTAL


def test_without_its_map_a_codestream_is_damaged(started: Started) -> None:
    data = encode_picture(
        picture(3, 64, 80), started.config, quality=50, model=started.model, steps=stripes(4, 5)
    ).data
    codestream = syntax.read(data)
    with pytest.raises(DamageError):
        decode_picture(syntax.write(replace(codestream, quality_map=None)), model=started.model)
    assert codestream.quality_map is not None
    short = replace(codestream.quality_map, quality_map_data=b"")
    for conceal in (False, True):
        with pytest.raises(DamageError, match="quality map"):
            decode_picture(
                syntax.write(replace(codestream, quality_map=short)), model=started.model,
                selection=Selection(conceal=conceal),
            )  # fmt: skip


@few
@given(st.integers(0, 10**6), st.integers(0, 255))
def test_any_changed_byte_of_a_map_ends_cleanly(started: Started, place: int, value: int) -> None:
    image, steps = picture(3, 48, 64), random_steps(1, 3, 4)
    data = bytearray(encode_picture(image, started.config, quality=30, model=started.model, steps=steps).data)
    start = data.index(b"\xff\x8b")
    data[start + place % 24] = value
    with contextlib.suppress(RefswError):
        decode_picture(bytes(data), model=started.model)


def test_weights() -> None:
    mask = np.zeros((40, 33))
    mask[:16, :16] = 1
    weights = mask_weights(mask)
    assert weights.shape == (3, 3) and weights[0, 0] == 1 and weights.sum() == 1
    np.testing.assert_array_equal(rectangle_weights(40, 33, [Region(0, 0, 16, 16)]), weights)
    with pytest.raises(UsageError, match="outside the picture of 33 x 40"):
        rectangle_weights(40, 33, [Region(0, 0, 41, 16)])
    steps = steps_of(weights, 9)
    assert steps[0, 0] == 8 and steps[2, 2] == -1 and steps_of(weights, 32).max() == 16
    image = Image(np.zeros((32, 32, 3), np.uint8))
    image.samples[:, 16:] = np.random.default_rng(1).integers(0, 256, (32, 16, 3))
    active = activity_weights(image)
    assert active[0, 0] > active[0, 1] > 0


def test_maps_that_do_not_fit(started: Started) -> None:
    image = picture(3, 64, 80)
    for steps in (np.zeros((4, 4), np.int8), np.zeros((4, 5)), np.full((4, 5), 17, np.int8)):
        with pytest.raises(UsageError, match="quality map of"):
            encode_picture(image, started.config, quality=50, model=started.model, steps=steps)


def test_the_number_of_the_experimental_profile() -> None:
    assert profile_named("experimental").decoder_profile_idc == EXPERIMENTAL
