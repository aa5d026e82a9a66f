# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A synthesis that joins a trained codec starts as the best linear one."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from refsw.nets.codec import CodecNetwork
from refsw.nets.config import CodecConfig, SynthesisConfig, tiny_config
from refsw.train.coded import code
from refsw.train.loss import rate_distortion
from refsw.train.synthesis_start import fit, start_synthesis
from tests.support.tiny import Started, training_pictures


def scrambled(started: Started, *widths: SynthesisConfig) -> CodecNetwork:
    """The started codec with noise for its synthesis SOP, of these widths if given."""
    config = tiny_config()
    if widths:
        config = CodecConfig(tuple(
            replace(own, synthesis=(own.synthesis[0], sop)) for own, sop in zip(config.components, widths, strict=True)
        ))  # fmt: skip
    network, given = CodecNetwork(config), started.network.state_dict()
    network.load_state_dict({k: v for k, v in given.items() if ".sop." not in k}, strict=False)
    return network.eval().requires_grad_(False)


def psnr(network: CodecNetwork, point: str) -> float:
    pictures = training_pictures(4, 128)
    mse = rate_distortion(network, pictures, torch.full((4,), 0.7), point).mse
    return float((10 * torch.log10(255**2 / mse)).mean())


def test_near_the_synthesis_that_was_trained(started: Started) -> None:
    wide = SynthesisConfig(point="sop", fine=64, coarse=128, fine_blocks=1, coarse_blocks=1)
    network = scrambled(started, wide, replace(wide, fine=128, coarse=256))
    before = psnr(network, "sop")
    start_synthesis(network, "sop", training_pictures(24, 128))
    assert psnr(network, "sop") > max(before + 3, psnr(network, "bop") - 0.5)


def test_narrow_ones_keep_what_matters_most(started: Started) -> None:
    found = []
    for width in (4, 8, 16):
        sop = SynthesisConfig(point="sop", fine=16, coarse=width, fine_blocks=1, coarse_blocks=1)
        network = scrambled(started, sop, sop)
        start_synthesis(network, "sop", training_pictures(24, 128))
        found.append(psnr(network, "sop"))
    assert found[0] < found[1] < found[2]


def test_a_deeper_one_starts_as_the_shallower_one(started: Started) -> None:
    deeper = [replace(own.synthesis_at("bop"), point="sop", fine_blocks=3, coarse_blocks=2)
              for own in tiny_config().components]  # fmt: skip
    network = scrambled(started, *deeper)
    start_synthesis(network, "sop", training_pictures(4, 128))
    assert psnr(network, "sop") == pytest.approx(psnr(network, "bop"), abs=1e-4)


def test_it_is_least_squares(started: Started) -> None:
    """At full width the error is orthogonal to every input, but for the ridge."""
    full = SynthesisConfig(point="sop", fine=64, coarse=256, fine_blocks=1, coarse_blocks=1)
    network = scrambled(started, full, full)
    luma = next(iter(code(network, training_pictures(16, 128), torch.linspace(0, 1, 16))))
    seen, net = torch.cat([luma.latent, luma.features], 1), network.component(0)
    fit(net, "sop", seen, luma.stem)
    error = net.stem.synthesise(net.synthesis["sop"](seen, torch.linspace(0, 1, 16)) - luma.stem)
    patches = F.pixel_unshuffle(error, 16).permute(1, 0, 2, 3).flatten(1)
    inputs = seen.permute(1, 0, 2, 3).flatten(1)
    correlation = (patches @ inputs.t()) / (patches.norm(dim=1)[:, None] * inputs.norm(dim=1)).clamp(min=1e-9)
    assert float(correlation.abs().max()) == pytest.approx(0, abs=0.02)
