# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import pytest
import torch

from refsw.nets.codec import CodecNetwork
from refsw.nets.config import tiny_config
from refsw.train.loss import rate_distortion, through
from refsw.train.rounding import NEAREST, Rounding, rounding
from tests.support.tiny import Started, training_pictures


def trainable(started: Started) -> CodecNetwork:
    network = CodecNetwork(tiny_config())
    network.load_state_dict(started.network.state_dict())
    return network.train()


def test_rounding_passes_the_gradient_through() -> None:
    x = torch.tensor([-1.6, 0.4, 0.5, 2.5], requires_grad=True)
    out = through(x)
    assert out.tolist() == [-2, 0, 0, 2]
    out.backward(torch.tensor([1.0, 2.0, 3.0, 4.0]))
    assert x.grad is not None and x.grad.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("rule", [NEAREST, rounding(True, 30.0, 2)], ids=["nearest", "as the encoder"])
@pytest.mark.parametrize("point", ["bop", "sop"])
def test_every_parameter_learns_and_every_gradient_is_finite(started: Started, point: str, rule: Rounding) -> None:
    network = trainable(started)
    torch.manual_seed(0)
    quality = torch.tensor([0.0, 0.3, 0.6, 1.0])
    result = rate_distortion(network, training_pictures(4, 64), quality, point, rounding=rule)
    (result.bits + network.config.lagrangian(quality) * result.mse).mean().backward()
    for name, parameter in network.named_parameters():
        if ".synthesis." in name and f".{point}." not in name:
            assert parameter.grad is None, name
            continue
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        spatial = ".spatial." in name or ".inverse_gain" in name  # behind a layer that starts at zero
        assert spatial or parameter.grad.any(), name


def test_flat_and_extreme_pictures_have_finite_gradients(started: Started) -> None:
    network = trainable(started)
    torch.manual_seed(0)
    checkers = (torch.arange(64)[:, None] + torch.arange(64)).remainder(2).float().expand(3, 64, 64)
    rgb = torch.stack([torch.zeros(3, 64, 64), torch.ones(3, 64, 64), checkers])
    result = rate_distortion(network, rgb, torch.tensor([0.0, 0.5, 1.0]), "bop")
    (result.bits + result.mse).sum().backward()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in network.parameters())


@torch.no_grad()
def test_evaluation_is_repeatable_and_training_is_noisy(started: Started) -> None:
    rgb, quality = training_pictures(2, 64), torch.tensor([0.2, 0.8])
    first, again = (rate_distortion(started.network, rgb, quality, "bop") for _ in range(2))
    assert torch.equal(first.bits, again.bits) and torch.equal(first.reconstruction, again.reconstruction)
    network = trainable(started)
    torch.manual_seed(0)
    noisy = rate_distortion(network, rgb, quality, "bop")
    torch.testing.assert_close(noisy.y_bits[0], first.y_bits[0])  # the value is that of the rounded residual
    assert not torch.equal(noisy.z_bits[0], first.z_bits[0])
    assert torch.equal(noisy.reconstruction, first.reconstruction)


@torch.no_grad()
def test_shapes_and_units(started: Started) -> None:
    rgb = training_pictures(3, 64)
    result = rate_distortion(started.network, rgb, torch.tensor([0.1, 0.5, 0.9]), "bop")
    assert len(result.y_bits) == len(result.z_bits) == 2
    assert result.bits.shape == result.mse.shape == (3,) and result.reconstruction.shape == rgb.shape
    torch.testing.assert_close(result.bits, sum(result.y_bits + result.z_bits, torch.zeros(3)))
    torch.testing.assert_close(result.mse, ((result.reconstruction - rgb) * 255).square().mean((1, 2, 3)))
    assert result.bits[0] < result.bits[2] and result.mse[0] > result.mse[2]
