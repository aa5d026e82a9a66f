# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from refsw.api import decode_picture, encode_picture
from refsw.config import Config
from refsw.encode import refine as module
from refsw.encode.analyse import zeroing_thresholds
from refsw.encode.rate import Target
from refsw.types import Image
from tests.support.streams import psnr
from tests.support.tiny import Started, picture


def with_refinement(config: Config, zeroing: float = 0.0, **refine: Any) -> Config:
    return replace(
        config, coding=replace(config.coding, zeroing=zeroing), refine=replace(config.refine, share=0.3, **refine)
    )


def loss(started: Started, config: Config, image: Image, quality: float) -> tuple[float, bytes]:
    """Bits + lambda * squared error of real bytes and the decoder's picture."""
    encoded = encode_picture(image, config, quality=quality, model=started.model)
    shown = decode_picture(encoded.data, model=started.model).image
    np.testing.assert_array_equal(shown.samples, encoded.reconstruction.samples)
    mse = 255**2 / 10 ** (psnr(image, shown) / 10)
    weight = started.model.config.lagrangian(quality / 100)
    return 8 * len(encoded.data) + weight * mse * image.width * image.height, encoded.data


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(128, 160), (50, 70), (1, 17)])
def test_refinement_lowers_rate_and_distortion_together(
    started: Started, size: tuple[int, int], channels: int
) -> None:
    image = picture(3, *size, channels)
    plain, _ = loss(started, with_refinement(started.config), image, 50)
    refined, _ = loss(started, with_refinement(started.config, iterations=8), image, 50)
    assert refined <= plain * 1.002 + 64  # bytes are whole, and the coder's tables are not the float priors
    if size == (128, 160):
        assert refined < plain


def test_refinement_repeats_itself_and_goes_block_by_block(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, config = picture(4, 150, 200), with_refinement(started.config, iterations=4)
    whole, first = loss(started, config, image, 40)
    assert loss(started, config, image, 40)[1] == first
    monkeypatch.setattr(module, "BLOCK", 4)
    monkeypatch.setattr(module, "MARGIN", 4)
    plain, _ = loss(started, with_refinement(started.config), image, 40)
    blocks, _ = loss(started, config, image, 40)
    assert blocks < plain and abs(blocks / whole - 1) < 0.05


def test_time_ends_refinement_and_is_reported(started: Started) -> None:
    image, config = picture(3, 64, 64), with_refinement(started.config, iterations=1000, seconds=1e-6)
    assert encode_picture(image, config, quality=50, model=started.model).report.refine_iterations == 0
    config = with_refinement(started.config, iterations=3)
    report = encode_picture(image, config, quality=50, model=started.model).report
    assert report.refine_iterations <= 3 and report.refine_gain >= 0


def test_targets_are_met_by_refined_codings(started: Started) -> None:
    image, config = picture(3, 192, 256), with_refinement(started.config, 50.0, iterations=3)
    encoded = encode_picture(image, config, bpp=0.45, model=started.model)
    assert abs(encoded.report.bits_per_pixel / 0.45 - 1) <= config.rate.tolerance
    encoded = encode_picture(image, config, target=Target("psnr", 31.0), model=started.model)
    assert abs(psnr(image, encoded.reconstruction) - 31.0) <= config.rate.decibel_tolerance


def test_zeroing(started: Started) -> None:
    """Fewer bytes for less fidelity; thresholds grow where a 1 is dear, and never fall under 1/2."""
    image = picture(3, 128, 160)
    sizes = [len(loss(started, with_refinement(started.config, z), image, 50)[1]) for z in (0.0, 1000.0, 50.0, 10.0)]
    assert sizes[0] >= sizes[1] > sizes[2] > sizes[3]
    thresholds = zeroing_thresholds(50)
    assert thresholds.min() == 0.5 and thresholds[3] > thresholds[30] and thresholds.max() < 0.8
    assert np.all(zeroing_thresholds(10) >= thresholds)
