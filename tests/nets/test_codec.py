# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from refsw.nets.codec import CodecNetwork
from refsw.nets.config import CodecConfig, tiny_config
from refsw.train.colour import planes_from_rgb
from refsw.train.loss import rate_distortion
from refsw.types import Image
from tests.support.tiny import Started, picture, training_pictures


def joint_config() -> CodecConfig:
    luma = tiny_config().components[0]
    return CodecConfig((replace(luma, planes=(0, 1, 2)),))


def three_components() -> CodecConfig:
    luma, chroma = tiny_config().components
    return CodecConfig((luma, replace(chroma, planes=(1,)), replace(chroma, planes=(2,), condition=(0, 1))))


@pytest.mark.parametrize("config", [tiny_config(), joint_config(), three_components()], ids=["split", "joint", "three"])
@torch.no_grad()
def test_shapes_of_every_split(config: CodecConfig) -> None:
    network = CodecNetwork(config).eval()
    quality = torch.tensor([0.0, 1.0])
    stem = network.stem_features(torch.zeros(2, 3, 64, 128))
    decoded: list[torch.Tensor] = []
    for index, own in enumerate(config.components):
        net = network.component(index)
        assert stem[index].shape == (2, 64 * len(own.planes), 8, 16)
        y = net.latent(torch.cat([stem[index], *(stem[i] for i in own.condition)], 1), quality)
        assert y.shape == (2, own.channels, 4, 8) and y.dtype == torch.float32
        z = net.hyper_analysis(y)
        assert z.shape == (2, own.hyper.z, 1, 2)
        features = net.features(z, quality, [decoded[i] for i in own.condition], 4, 8)
        assert features.shape == (2, own.hyper.features, 4, 8)
        assert net.log_scale(z, quality, 4, 8).shape == y.shape
        decoded.append(y)
        assert net.planes(y, features, quality, "bop").shape == (2, len(own.planes), 64, 128)


def test_chroma_does_not_influence_luma(started: Started) -> None:
    """Components seen from outside: the luma component of a picture and of another with the same Y is the same."""
    rgb = training_pictures(2, 64)
    planes = planes_from_rgb(rgb, started.network.config.colour_transform_idc)
    other = planes.clone()
    other[:, 1:] += 0.1 * torch.sin(torch.arange(64.0) / 5)
    net = started.network.component(0)
    quality = torch.tensor([0.2, 0.9])
    first, second = (started.network.stem_features(p) for p in (planes, other))
    assert torch.equal(net.latent(first[0], quality), net.latent(second[0], quality))
    assert not torch.equal(first[1], second[1])
    assert net.fuse is None and net.config.condition == ()


def test_luma_gradient_does_not_reach_chroma_weights(started: Started) -> None:
    network = CodecNetwork(tiny_config())
    network.load_state_dict(started.network.state_dict())
    result = rate_distortion(network, training_pictures(2, 64), torch.tensor([0.3, 0.8]), "bop")
    (result.y_bits[0] + result.z_bits[0]).sum().backward()
    assert all(p.grad is None or not p.grad.any() for p in network.component(1).parameters())
    assert any(p.grad is not None and p.grad.any() for p in network.component(0).parameters())


def psnr(image: Image, other: Image) -> float:
    error = np.mean((image.samples.astype(float) - other.samples) ** 2)
    return float(10 * np.log10(255**2 / error))


@torch.no_grad()
def test_the_start_is_already_a_transform_codec(started: Started) -> None:
    """Untrained: 38.5 dB at quality 100 and 27.0 dB at 0 on this picture, over the range of 0.06 to 2 bpp."""
    rgb = torch.from_numpy(picture(3, 192, 320).samples).permute(2, 0, 1)[None].float() / 255
    found = []
    for quality in (0.0, 0.5, 1.0):
        result = rate_distortion(started.network, rgb, torch.tensor([quality]), "bop")
        found.append((float(result.bits), float(10 * torch.log10(255**2 / result.mse))))
    rates, fidelity = zip(*found, strict=True)
    assert rates[0] < rates[1] < rates[2] < 1.0
    assert fidelity[0] > 26 and fidelity[1] > 33 and fidelity[2] > 37
