# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What symbols weigh in a distortion, and local steps (8.10) that begin with it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from refsw.nets.codec import CodecNetwork
from refsw.nets.config import tiny_config, with_local_steps
from refsw.train.adopt import adopt
from refsw.train.allocation import Weights, joined, saved, start_local_steps, weights
from refsw.train.coded import code
from tests.support.tiny import Started, training_pictures

POSITION, FEW = 0.6, 4


@pytest.fixture
def network(started: Started) -> CodecNetwork:
    """As a run begins: from a package without local steps."""
    found = CodecNetwork(with_local_steps(tiny_config()))
    adopt(found, started.folder)
    return found.eval()


def squared(shown: Tensor, rgb: Tensor) -> Tensor:
    return (shown - rgb).square().mean((1, 2, 3))


def variance(rgb: Tensor) -> Tensor:
    """Of brightness in squares of 16 samples, [B, 1, H/16, W/16]."""
    grey = rgb.mean(1, keepdim=True)
    return (F.avg_pool2d(grey.square(), 16) - F.avg_pool2d(grey, 16).square()).clamp(min=0)


def masked(shown: Tensor, rgb: Tensor) -> Tensor:
    """Errors weigh less where the picture is busy, as in structural metrics."""
    dear = 1 / (variance(rgb) + 1e-4)
    return (F.avg_pool2d((shown - rgb).square().mean(1, keepdim=True), 16) * dear).mean((1, 2, 3))


def test_a_package_without_local_steps_is_what_it_was(network: CodecNetwork, started: Started) -> None:
    quality, rgb = torch.tensor([POSITION, 0.2]), training_pictures(2, 128)
    with torch.no_grad():
        for own, before in zip(code(network, rgb, quality), code(started.model.network, rgb, quality), strict=True):
            assert not own.steps.any()
            torch.testing.assert_close(own.symbols, before.symbols)
            torch.testing.assert_close(own.latent, before.latent)
            nets = network.component(own.index), started.model.network.component(own.index)
            scale, scale_before = (net.log_scale(own.z, quality, 8, 8) for net in nets)
            torch.testing.assert_close(scale, scale_before)


def test_weights_are_second_derivatives(network: CodecNetwork) -> None:
    """Of a distortion k times as large they are k times as large; by place they are relative to their channel."""
    rgb = training_pictures(2, 128)
    once, thrice = (
        weights(network, rgb, POSITION, "bop", distortion, torch.Generator().manual_seed(1))
        for distortion in (squared, lambda shown, own: 3 * squared(shown, own))
    )
    for own, other in zip(once, thrice, strict=True):
        torch.testing.assert_close(3 * own.weight, other.weight, rtol=1e-3, atol=1e-9)
        assert own.weight[own.counted].mean() > 0
        place, share = own.by_place(FEW)
        mean = (place * share).sum() / share.sum()
        torch.testing.assert_close(mean, torch.tensor(1.0), rtol=0.3, atol=0)


def spread(own: Weights) -> float:
    """Bits a symbol that equal weights of places would save."""
    place, share = own.by_place(FEW)
    there = share >= FEW
    return saved(place[there], share[there])


def test_steps_follow_the_worth_of_places(network: CodecNetwork) -> None:
    """Busy ones get coarser steps; with them, weights are nearer to each other, as far as so small a model can say."""
    rgb = training_pictures(16, 128)
    before = [spread(own) for own in measured(network, rgb)]
    start_local_steps(network, rgb, "bop", masked, seed=3)
    after = [spread(own) for own in measured(network, rgb)]
    with torch.no_grad():
        luma = next(iter(code(network, rgb, torch.full((16,), POSITION))))
    busy = variance(rgb) > variance(rgb).median()
    assert luma.steps[~busy].mean() > luma.steps[busy].mean() + 0.3
    assert all(now < 0.97 * then for now, then in zip(after, before, strict=True))


def measured(network: CodecNetwork, rgb: Tensor) -> list[Weights]:
    random = torch.Generator().manual_seed(1)
    parts = [weights(network, part, POSITION, "bop", masked, random) for part in rgb.split(8)]
    return [joined(own) for own in zip(*parts, strict=True)]
