# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsw.config import load_config
from refsw.ctc.metrics import metric
from refsw.decode.picture import decode_picture
from refsw.encode.picture import encode_picture, load_model, quality_to_index
from refsw.encode.rate import Target
from refsw.errors import ModelError, UnsupportedError, UsageError
from refsw.types import Image
from tests.support.streams import code, psnr, round_trip
from tests.support.tiny import Started, picture

few = settings(max_examples=30)
CONTENTS = ("picture", "noise", "constant", "extreme")


def content(kind: str, seed: int, height: int, width: int, channels: int) -> Image:
    random = np.random.default_rng(seed)
    shape = (height, width, channels)
    if kind == "picture":
        return picture(seed, *shape)
    if kind == "noise":
        return Image(random.integers(0, 256, shape, np.uint8))
    if kind == "constant":
        return Image(np.full(shape, random.integers(0, 256, channels), np.uint8))
    return Image((255 * random.integers(0, 2, shape)).astype(np.uint8))


@few
@given(
    st.sampled_from(CONTENTS), st.integers(0, 99), st.integers(1, 80), st.integers(1, 80), st.sampled_from([1, 3]),
    st.sampled_from([0.0, 12.3, 50.0, 99.9, 100.0]),
)  # fmt: skip
def test_decoded_picture_is_the_reconstruction(
    started: Started, kind: str, seed: int, height: int, width: int, channels: int, quality: float
) -> None:
    encoded, _ = round_trip(started, content(kind, seed, height, width, channels), quality)
    assert encoded.report.quality_index == (quality_to_index(quality, 9),) * (2 if channels == 3 else 1)


def test_the_reconstruction_can_be_asked_for_later(started: Started) -> None:
    image = replace(picture(3, 40, 50, 3), alpha=np.full((40, 50), 7, np.uint8))
    at_once = encode_picture(image, started.config, quality=40, model=started.model)
    later = encode_picture(image, started.config, quality=40, model=started.model, reconstruct=False)
    assert later.reconstruction is None
    assert at_once.reconstruction is not None
    assert at_once.reconstruct() is at_once.reconstruction
    shown = later.reconstruct()
    assert shown.alpha is not None
    assert (shown.samples == at_once.reconstruction.samples).all()
    assert later.data == at_once.data


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 1), (15, 17), (16, 16), (1, 65), (64, 1), (63, 65), (128, 64)])
@pytest.mark.parametrize("channels", [1, 3])
def test_sizes_at_block_borders(started: Started, size: tuple[int, int], channels: int) -> None:
    image = picture(5, *size, channels)
    _, decoded = round_trip(started, image, 100)
    assert psnr(image, decoded.image) > 20  # a picture of one sample has little to learn from


def test_estimate_knows_what_symbols_beyond_the_tables_cost(started: Started) -> None:
    """White lines on black: 17 % of this file are escapes beyond what a probability of 2^-16 would cost."""
    samples = np.zeros((160, 240, 3), np.uint8)
    samples[5::16] = 255
    report = code(started, Image(samples), 100).report
    size = report.ideal_bits / 8 + report.header_bytes
    assert abs(report.estimated_bits / 8 - size) <= 0.005 * size
    assert abs(report.estimated_bits / 8 - report.bytes) <= 0.005 * report.bytes + 64


@pytest.mark.parametrize("channels", [1, 3])
def test_quality_buys_fidelity_with_bytes(started: Started, channels: int) -> None:
    image = picture(3, 96, 144, channels)
    found = [round_trip(started, image, quality) for quality in (0, 50, 100)]
    sizes = [len(encoded.data) for encoded, _ in found]
    fidelity = [psnr(image, decoded.image) for _, decoded in found]
    assert sizes[0] < sizes[1] < sizes[2]
    assert fidelity[0] + 2 < fidelity[1] < fidelity[2] and fidelity[2] > 32


@pytest.mark.parametrize("quality", [0, 25, 50, 75, 100])
@pytest.mark.parametrize("seed", [3, 4])
def test_estimate_agrees_with_the_file(started: Started, quality: float, seed: int) -> None:
    report = code(started, picture(seed, 160, 240), quality).report
    assert abs(report.estimated_bits / 8 - report.bytes) <= 0.005 * report.bytes + 64
    assert report.ideal_bits / 8 + report.header_bytes <= report.bytes + 1
    assert report.bytes <= report.ideal_bits / 8 * 1.003 + report.header_bytes + 4 * 24
    assert report.bits_per_pixel == 8 * report.bytes / (160 * 240)


@pytest.mark.parametrize("bpp", [0.3, 0.45, 0.6])
def test_bpp_is_met_on_real_bytes(started: Started, bpp: float) -> None:
    image = picture(3, 192, 256)
    encoded = encode_picture(image, started.config, bpp=bpp, model=started.model)
    assert abs(8 * len(encoded.data) / (192 * 256) / bpp - 1) <= started.config.rate.tolerance
    decoded = decode_picture(encoded.data, model=started.model)
    np.testing.assert_array_equal(decoded.image.samples, encoded.reconstruction.samples)


def test_bytes_are_met(started: Started) -> None:
    encoded = encode_picture(picture(3, 192, 256), started.config, target=Target("bytes", 2500), model=started.model)
    assert abs(len(encoded.data) / 2500 - 1) <= started.config.rate.tolerance


@pytest.mark.parametrize("target", [Target("psnr", 31.3), Target("msssim", 0.981)])
def test_fidelity_is_met(started: Started, target: Target) -> None:
    image = picture(3, 192, 256)
    encoded = encode_picture(image, started.config, target=target, model=started.model)
    shown = decode_picture(encoded.data, model=started.model).image
    found = metric("psnr_rgb" if target.kind == "psnr" else "msssim").measure(image, shown)
    distance = Target(target.kind, found).decibels - target.decibels
    assert abs(distance) <= started.config.rate.decibel_tolerance


def test_only_one_wish(started: Started) -> None:
    for wishes in ({"quality": 3, "bpp": 1}, {"bpp": 1, "target": Target("psnr", 30)}):
        with pytest.raises(UsageError, match="only one"):
            encode_picture(picture(3, 16, 16), started.config, model=started.model, **wishes)
    with pytest.raises(UsageError, match="less than 1"):
        encode_picture(picture(3, 16, 16), started.config, model=started.model, target=Target("msssim", 1))


@pytest.mark.parametrize(("bpp", "index"), [(0.001, 0), (50.0, 2048)])
def test_bpp_out_of_range_ends_at_the_range_end(started: Started, bpp: float, index: int) -> None:
    encoded = encode_picture(picture(3, 64, 80), started.config, bpp=bpp, model=started.model)
    assert encoded.report.quality_index == (index, index)


def test_configuration_decides_where_nothing_is_asked(started: Started) -> None:
    image = picture(3, 64, 80)
    rate = replace(started.config.rate, quality=20.0, bpp=None)
    by_quality = encode_picture(image, replace(started.config, rate=rate), model=started.model)
    assert by_quality.data == code(started, image, 20).data
    image = picture(3, 192, 256)  # large enough that no filter's payload is 1 % of it
    wanted = 8 * len(code(started, image, 70).data) / (192 * 256)
    by_bpp = encode_picture(image, replace(started.config, rate=replace(rate, bpp=wanted)), model=started.model)
    assert by_bpp.data == encode_picture(image, started.config, bpp=wanted, model=started.model).data
    assert abs(by_bpp.report.bits_per_pixel / wanted - 1) <= rate.tolerance
    overridden = encode_picture(
        image, replace(started.config, rate=replace(rate, bpp=wanted)), quality=20.0, model=started.model
    )
    assert overridden.data == code(started, image, 20).data


def test_encoding_is_deterministic(started: Started) -> None:
    image = picture(6, 50, 70)
    assert code(started, image).data == code(started, image).data


def test_the_input_is_left_alone(started: Started) -> None:
    samples = picture(6, 30, 31).samples
    samples.setflags(write=False)
    code(started, Image(samples))


@pytest.mark.parametrize("quality", [-0.1, 100.1, float("nan"), float("inf")])
def test_quality_out_of_range(started: Started, quality: float) -> None:
    with pytest.raises(UsageError, match="quality"):
        code(started, picture(1, 8, 8), quality)


@pytest.mark.parametrize("bpp", [0.0, -1.0, float("nan")])
def test_bpp_out_of_range(started: Started, bpp: float) -> None:
    with pytest.raises(UsageError, match="bpp"):
        encode_picture(picture(1, 8, 8), started.config, bpp=bpp, model=started.model)


def test_quality_and_bpp_together_are_refused(started: Started) -> None:
    with pytest.raises(UsageError, match="only one"):
        encode_picture(picture(1, 8, 8), started.config, quality=50, bpp=1, model=started.model)


def test_quality_maps_linearly_on_the_index() -> None:
    assert [quality_to_index(q, 9) for q in (0, 12.5, 50, 100)] == [0, 256, 1024, 2048]


def test_bit_depths_outside_the_profile_are_unsupported(started: Started) -> None:
    with pytest.raises(UnsupportedError, match="bit depth 9"):
        code(started, Image(np.zeros((4, 4, 3), np.uint16), 9))


def test_operating_points_outside_the_profile_are_unsupported(started: Started) -> None:
    config = replace(started.config, profile="simple")
    assert config.operating_points == ("bop",)
    with pytest.raises(UnsupportedError, match="operating point bop: profile simple allows sop"):
        encode_picture(picture(1, 20, 20), config, model=started.model)


def test_operating_points_that_the_model_lacks(started: Started) -> None:
    config = replace(started.config, operating_points=("bop", "hop"))
    with pytest.raises(UnsupportedError, match="hop"):
        encode_picture(picture(1, 8, 8), config, model=started.model)


def test_a_model_that_is_not_installed(started: Started) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        load_model(replace(started.config, model="nowhere"))


@pytest.mark.parametrize(("name", "point"), [("simple", "sop")])
def test_shipped_configurations_name_what_the_model_lacks(tiny_model: str, name: str, point: str) -> None:
    config = load_config(name, [f"model={tiny_model}"])
    assert (config.name, config.profile, config.operating_points) == (name, name, (point,))
    with pytest.raises(UnsupportedError, match=f"configuration {name}: operating point {point}: model tiny has bop"):
        encode_picture(picture(1, 8, 8), config)
