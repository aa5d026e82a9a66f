# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import numpy as np
import pytest
import torch

from refsw.colour import FIXED_TRANSFORMS, planes_from_image
from refsw.train.colour import planes_from_rgb, rgb_from_planes
from refsw.train.export import calibration_z
from refsw.train.start import principal_axes
from refsw.types import Image
from tests.support.tiny import Started, started_network, training_pictures


def test_principal_axes_are_orthonormal_and_sorted() -> None:
    random = torch.Generator().manual_seed(0)
    vectors = torch.randn(400, 6, generator=random) * torch.tensor([1.0, 5, 2, 0.1, 3, 0.5])
    axes, deviation = principal_axes(vectors)
    torch.testing.assert_close(axes @ axes.t(), torch.eye(6), atol=1e-5, rtol=0)
    assert (deviation[:-1] >= deviation[1:]).all()
    torch.testing.assert_close((vectors @ axes.t()).square().mean(0).sqrt(), deviation, atol=1e-4, rtol=1e-4)


def test_start_is_deterministic(started: Started) -> None:
    again = started_network().state_dict()
    assert all(torch.equal(value, again[name]) for name, value in started.network.state_dict().items())


@torch.no_grad()
def test_stems_are_exact_inverses(started: Started) -> None:
    planes = planes_from_rgb(training_pictures(2, 64), started.network.config.colour_transform_idc)
    for index, own in enumerate(started.network.config.components):
        stem = started.network.component(index).stem
        part = planes[:, list(own.planes)]
        torch.testing.assert_close(stem.synthesise(stem.analyse(part)), part, atol=2e-4, rtol=0)


@torch.no_grad()
def test_hyper_latents_do_not_starve(started: Started) -> None:
    for z in calibration_z(started.network, training_pictures(8, 128)):
        assert 0.8 < float(z.std()) < 8 and float(z.abs().max()) < 31


def test_gains_grow_with_quality_and_are_inverse(started: Started) -> None:
    for index in range(2):
        net = started.network.component(index)
        assert (net.gain.values[1:] > net.gain.values[:-1]).all()
        assert torch.equal(net.gain.values, -net.inverse_gain.values)


@pytest.mark.parametrize("idc", FIXED_TRANSFORMS)
def test_colour_of_training_is_that_of_the_codec(idc: int) -> None:
    rgb = training_pictures(1, 64)
    planes = planes_from_rgb(rgb, idc)
    torch.testing.assert_close(rgb_from_planes(planes, idc), rgb, atol=1e-5, rtol=0)
    samples = (255 * rgb[0]).round().byte().permute(1, 2, 0).numpy()
    coded = planes_from_image(Image(samples), idc).samples / 4080 - 0.5
    assert np.abs(planes[0].numpy() - coded).max() < 0.5 / 255 + 2e-3
