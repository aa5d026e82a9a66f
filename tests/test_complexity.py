# SPDX-License-Identifier: BSD-3-Clause-Clear
"""refsw.complexity against what the networks execute and hold."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from refsw.complexity import Layer, component_work, decoder_complexity
from refsw.nets.codec import CodecNetwork
from refsw.nets.config import CodecConfig, base_config, structure, visual_config
from refsw.spec import profile_named


@pytest.mark.parametrize("point", ["bop", "sop"])
@pytest.mark.parametrize("name", ["base", "visual", "tiny"])
def test_convolutions_are_those_that_run(name: str, point: str) -> None:
    config = structure(name)
    network = CodecNetwork(config)
    macs, seen = [0], set[nn.Module]()

    def count(module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        assert isinstance(module, nn.Conv2d)
        seen.add(module)
        macs[0] += module.weight.numel() * output.shape[2] * output.shape[3]

    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(count)
    quality, decoded = torch.tensor([0.5]), list[torch.Tensor]()
    side, matrices = 64, 0
    with torch.no_grad():
        for index, own in enumerate(config.components):
            net = network.component(index)
            z = torch.zeros(1, own.hyper.z, side // 64, side // 64)
            net.log_scale(z, quality, side // 16, side // 16)
            features = net.features(z, quality, [decoded[i] for i in own.condition], side // 16, side // 16)
            _, y_hat = net.context.run(features, net.gain(quality), net.inverse_gain(quality), lambda m, _: m)
            decoded.append(y_hat)
            net.planes(y_hat, features, quality, point)
            matrices += net.stem.inverse_matrix.numel()
    work = [w for i in range(len(config.components)) for w in component_work(config, i, point)]
    counted = [w for w in work if isinstance(w, Layer)]
    assert sum(w.macs for w in counted) * side**2 == pytest.approx(macs[0] + matrices * (side // 8) ** 2)
    weights = sum(p.numel() for module in seen for p in module.parameters())
    assert sum(w.parameters for w in counted) == weights + matrices


@pytest.mark.parametrize("config", [base_config(), visual_config()], ids=["base", "visual"])
@pytest.mark.parametrize(("point", "name"), [("sop", "simple"), ("bop", "base")])
def test_the_shipped_structures_are_within_their_profile(config: CodecConfig, point: str, name: str) -> None:
    complexity, profile = decoder_complexity(config, point), profile_named(name)
    assert complexity.kmac_per_sample <= profile.max_kmac_per_sample
    assert complexity.parameters <= profile.max_parameters
    assert decoder_complexity(config, point, 1).kmac_per_sample < complexity.kmac_per_sample
