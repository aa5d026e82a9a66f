# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from refsw.constants import Z_LIMIT
from refsw.nets.config import tiny_config
from refsw.nets.hyper import HyperAnalysis, HyperMean, HyperPrior, HyperScale, pad_to_multiple
from refsw.train.export import UNITS, calibration_z
from tests.support.tiny import Started, training_pictures

LUMA = tiny_config().components[0]


@settings(max_examples=25)
@given(st.integers(1, 11), st.integers(1, 11))
def test_padding_repeats_the_last_row_and_column(height: int, width: int) -> None:
    x = torch.arange(float(height * width)).reshape(1, 1, height, width)
    padded = pad_to_multiple(x, 4)
    rows = np.minimum(np.arange(padded.shape[2]), height - 1)
    columns = np.minimum(np.arange(padded.shape[3]), width - 1)
    assert padded.shape[2] % 4 == padded.shape[3] % 4 == 0 and padded.shape[2] - height < 4 > padded.shape[3] - width
    assert torch.equal(padded[0, 0], x[0, 0][rows][:, columns])


@pytest.mark.parametrize(("height", "width"), [(1, 1), (4, 4), (5, 3), (8, 13)])
@torch.no_grad()
def test_shapes(height: int, width: int) -> None:
    quality = torch.tensor([0.3, 0.7])
    z = HyperAnalysis(LUMA.channels, LUMA.hyper)(torch.zeros(2, LUMA.channels, height, width))
    h, w = -(-height // 4), -(-width // 4)
    assert z.shape == (2, LUMA.hyper.z, h, w)
    assert HyperScale(LUMA.channels, 9, LUMA.hyper)(z, quality).shape == (2, LUMA.channels, 4 * h, 4 * w)
    assert HyperMean(9, LUMA.hyper)(z, quality).shape == (2, LUMA.hyper.features, 4 * h, 4 * w)
    assert HyperPrior(LUMA.hyper.z, 9).probability(z, quality).shape == z.shape


@torch.no_grad()
def test_z_stays_in_range_whatever_y_is() -> None:
    network = HyperAnalysis(LUMA.channels, LUMA.hyper)
    for layer in network.layers:
        layer.weight.mul_(50)
    z = network(1e6 * torch.randn(1, LUMA.channels, 4, 4, generator=torch.Generator().manual_seed(0)))
    assert float(z.abs().max()) == Z_LIMIT


@torch.no_grad()
def test_prior_is_a_distribution_at_every_quality(started: Started) -> None:
    for component in range(2):
        prior = started.network.component(component).hyper_prior
        values = torch.arange(-400, 401).float()
        z = values[None, None, :, None].expand(5, prior.weight.shape[0], -1, 1)
        total = prior.probability(z, torch.linspace(0, 1, 5)).sum(2)
        torch.testing.assert_close(total, torch.ones_like(total), atol=1e-4, rtol=0)


@torch.no_grad()
def test_integer_scale_network_is_the_float_one_rounded(started: Started) -> None:
    z_of_pictures = calibration_z(started.network, training_pictures(4, 128))
    for component, scale in enumerate(started.model.scales):
        z = z_of_pictures[component]
        wanted = started.network.component(component).hyper_scale.network(z).numpy() * UNITS
        error = np.abs(scale.network.run(z.numpy().astype(np.int8)) - wanted)
        assert np.median(error) < 3 and np.sqrt(np.mean(error**2)) < 6  # of 128 units a table row
