# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from refsw.api import decode_picture, encode_picture
from refsw.colour import BT709
from refsw.config import Config
from refsw.decode.reconstruct import to_tensor
from refsw.decode.windows import Box
from refsw.encode import refine as module
from refsw.encode.analyse import analyse, padded, planes_of, zeroing_thresholds
from refsw.encode.block import Block
from refsw.encode.picture import picture_header
from refsw.encode.rate import Target
from refsw.types import Image
from tests.support.streams import psnr
from tests.support.tiny import Started, picture


def with_refinement(config: Config, zeroing: float = 0.0, **refine: Any) -> Config:
    return replace(
        config, coding=replace(config.coding, zeroing=zeroing), refine=replace(config.refine, **refine)
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


def block(started: Started, log_map: float = 0.0) -> tuple[Block, tuple[torch.Tensor, ...]]:
    """A block of 8 x 12 latent samples, and its symbols."""
    image = picture(3, 128, 192)
    header = picture_header(image, started.config, started.model, 900)
    read = planes_of(image, BT709)
    found = analyse(started.model, header, read)
    z, symbols = ([to_tensor(getattr(t, name), "cpu") for t in found.tensors] for name in ("z", "symbols"))
    box = Box(0, 0, 8, 12)
    flat = torch.full((1, 1, 8, 12), log_map)
    made = Block(started.model, header, box, padded(read, header, box, "cpu"), z, 1.1, (flat, flat), flat)
    return made, tuple(symbols)


def test_slopes_and_curvature_say_what_a_change_does(started: Started) -> None:
    own, symbols = block(started)
    here = own.code(symbols)
    curved = own.curvature(symbols, torch.Generator().manual_seed(1))
    expected, real = [], []
    for index, place in ((0, (0, 3, 4, 5)), (0, (0, 20, 2, 9)), (1, (0, 2, 6, 6))):
        for sign in (1, -1):
            moved = [s.clone() for s in symbols]
            moved[index][place] += sign
            there = own.code(moved)
            bits = there.bits - here.bits
            real.append(float((there.loss - here.loss).sum()) - bits)
            expected.append(sign * float(here.slope[index][place]) + float(curved[index][place]) / 2)
    assert np.corrcoef(expected, real)[0, 1] > 0.8
    assert 0.5 < sum(expected) / sum(real) < 2
    for one, again in zip(symbols, own.nearest(here.y_hat), strict=True):
        torch.testing.assert_close(one, again)


def test_shares_add_up(started: Started) -> None:
    own, symbols = block(started)
    here, random = own.code(symbols), torch.Generator().manual_seed(5)
    moved = [s + (torch.rand(s.shape, generator=random) < 0.02) * coded
             for s, coded in zip(symbols, own.coded, strict=True)]  # fmt: skip
    there = own.code(moved)
    change = float((there.loss - here.loss).sum())
    assert abs(sum(float(s.sum()) for s in module.shares(own, here, there)) / change - 1) < 0.2


def test_a_quality_map_weighs_errors(started: Started) -> None:
    own, _ = block(started, 0.5)
    plain, _ = block(started)
    torch.testing.assert_close(own.weight / plain.weight, torch.full((1, 1, 8, 12), np.e))
    image, steps = picture(3, 96, 128), np.full((6, 8), -4, np.int8)
    steps[:, :4] = 4
    sides = []
    for config in (with_refinement(started.config), with_refinement(started.config, iterations=12)):
        data = encode_picture(image, config, quality=50, model=started.model, steps=steps).data
        error = (decode_picture(data, model=started.model).image.samples.astype(float) - image.samples) ** 2
        lagrangian = started.model.config.lagrangian(0.5) * 1.1
        left, right = error[:, :64].mean(2).sum(), error[:, 64:].mean(2).sum()
        factor = (64 / 0.11) ** (8 / 63)
        sides.append(8 * len(data) + lagrangian * (left * factor + right / factor))
    assert sides[1] < sides[0]


def test_patches() -> None:
    like = torch.zeros(1, 1, 7, 11)
    random = torch.Generator().manual_seed(2)
    for _ in range(8):
        patches = module._Patches.at_random(like, random)
        sums = patches.sums(torch.ones_like(like))
        assert float(sums.sum()) == 77 and sums.max() <= module.PATCH**2
        inner = patches.inner(like.device)
        assert inner.shape == like.shape and float(patches.sums(inner).max()) <= (module.PATCH - 2 * module.RIM) ** 2
        promises = -torch.rand(1, 6, 7, 11, generator=random)
        chosen = (promises <= patches.least(promises, torch.full_like(sums, 2))).float().sum(1, keepdim=True)
        assert torch.all(patches.sums(chosen)[sums > 1] == 2)
