# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Reach by structure against reach by perturbation: change one sample and see how far away something changes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from refsw.nets.codec import CodecNetwork
from refsw.nets.config import CodecConfig, base_config, tiny_config
from refsw.nets.halo import HYPER_ANALYSIS, HYPER_FEATURES, HYPER_SCALE, Halo, halo

SIDE, CENTRE = 40, 20
QUALITY = torch.tensor([0.5])


def lively(config: CodecConfig) -> CodecNetwork:
    """No weight is zero, so that everything that may depend does."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        network = CodecNetwork(config).eval().requires_grad_(False)
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, std=(module.weight[0].numel()) ** -0.5)
    return network.double()


def reach(before: Tensor, after: Tensor, per_latent: int) -> int:
    """Latent samples between CENTRE and the furthest one with a difference."""
    changed = (before - after).abs().amax((0, 1)) > 1e-12
    rows, columns = changed.nonzero(as_tuple=True)
    low = min(int(rows.min()), int(columns.min())) // per_latent
    high = max(int(rows.max()), int(columns.max())) // per_latent
    return max(CENTRE - low, high - CENTRE)


@pytest.mark.parametrize("config", [tiny_config(), base_config()], ids=["tiny", "base"])
def test_halo_is_what_the_networks_need(config: CodecConfig) -> None:
    network = lively(config)
    wanted = halo(config, 2)
    torch.manual_seed(6)
    shapes = [(c.channels, c.hyper.z) for c in config.components]
    symbols = [torch.randn(1, y, SIDE, SIDE, dtype=torch.float64) for y, _ in shapes]
    z = [torch.randn(1, c, SIDE // 4, SIDE // 4, dtype=torch.float64) for _, c in shapes]

    def run() -> list[tuple[Tensor, Tensor]]:
        out: list[tuple[Tensor, Tensor]] = []
        for index, own in enumerate(config.components):
            net = network.component(index)
            features = net.features(z[index], QUALITY.double(), [out[i][0] for i in own.condition], SIDE, SIDE)
            gain, inverse = net.gain(QUALITY.double()), net.inverse_gain(QUALITY.double())

            def residual(_mean: Tensor, _mask: Tensor, own: Tensor = symbols[index]) -> Tensor:
                return own

            out.append((net.context.run(features, gain, inverse, residual)[1], features))
        return out

    before = run()
    symbols[0][0, :, CENTRE, CENTRE] += 1
    after = run()
    symbols[0][0, :, CENTRE, CENTRE] -= 1
    mean = max(reach(a[0], b[0], 1) for a, b in zip(before, after, strict=True))
    assert 0 < mean <= wanted.mean

    z[0][0, :, CENTRE // 4, CENTRE // 4] += 1  # one sample of z lies at latents CENTRE..CENTRE + 3
    after = run()
    changed = (before[1][0] - after[1][0]).abs().amax((0, 1)) > 1e-12
    assert CENTRE - int(changed.nonzero()[:, 0].min()) == wanted.mean
    features = (before[0][1] - after[0][1]).abs().amax((0, 1)) > 1e-12
    assert CENTRE - int(features.nonzero()[:, 0].min()) == HYPER_FEATURES

    found = []
    for index in range(2):
        net, (y_hat, features) = network.component(index), before[index]
        other = y_hat.clone()
        other[0, :, CENTRE, CENTRE] += 1000  # the stem works in float32, where little is easily lost
        net.stem.float()
        for point in config.points:
            planes = [net.planes(y, features, QUALITY.double(), point).double() for y in (y_hat, other)]
            found.append(reach(planes[0], planes[1], 16))
    assert max(found) == wanted.synthesis

    found = []
    for index, own in enumerate(config.components):
        net = network.component(index)
        seen = 64 * (len(own.planes) + sum(len(config.components[i].planes) for i in own.condition))
        stem = torch.randn(1, seen, 2 * SIDE, 2 * SIDE, dtype=torch.float64)
        other = stem.clone()
        other[0, :, 2 * CENTRE : 2 * CENTRE + 2, 2 * CENTRE : 2 * CENTRE + 2] += 1
        found.append(reach(*(net.analysis(x, QUALITY.double()) for x in (stem, other)), 1))
    assert max(found) == wanted.analysis


def test_hyper_networks() -> None:
    network = lively(tiny_config())
    net = network.component(0)
    y = torch.randn(1, 32, SIDE, SIDE, dtype=torch.float64)
    other = y.clone()
    other[0, :, CENTRE, CENTRE] += 5
    changed = (net.hyper_analysis(y) - net.hyper_analysis(other)).abs().amax((0, 1)).nonzero()
    blocks = [abs(int(v) - CENTRE // 4) for v in changed.flatten()]
    assert max(blocks) == 1 and 0 < HYPER_ANALYSIS <= 4
    z = torch.randn(1, 8, SIDE // 4, SIDE // 4, dtype=torch.float64)
    other = z.clone()
    other[0, :, CENTRE // 4, CENTRE // 4] += 1
    before, after = (net.log_scale(x, QUALITY.double(), SIDE, SIDE) for x in (z, other))
    changed = ((before - after).abs().amax((0, 1)) > 1e-12).nonzero()
    assert CENTRE - int(changed.min()) == HYPER_SCALE


def test_fewer_components_need_less() -> None:
    one, two = halo(base_config(), 1), halo(base_config(), 2)
    assert one == Halo(mean=6, synthesis=6, analysis=10) and two == Halo(mean=10, synthesis=6, analysis=10)
