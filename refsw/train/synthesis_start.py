# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The start of a synthesis transform for a trained codec: a shallower trained one, or the best linear one of its width.

A transform that only has more blocks than a trained one starts as that one: residual branches of new blocks are zero.
For any other, latents and features of the hyper-decoder are regressed on the samples of 16x16 patches, the rank is
reduced to the width (the principal axes of what is predicted), and the residual branches stay zero.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from refsw.nets.blocks import ResidualBlock
from refsw.nets.codec import CodecNetwork, ComponentNetwork
from refsw.nets.transforms import Synthesis
from refsw.train.coded import Coded, code
from refsw.train.regression import patches, reduced_rank, rows


def fit(net: ComponentNetwork, point: str, seen: Tensor, wanted: Tensor) -> None:
    """Start a synthesis of a component. seen: [B, I, h, w], its input; wanted: [B, 64 P, 2h, 2w], stem features."""
    synthesis = net.synthesis[point]
    assert isinstance(synthesis, Synthesis)
    fine, coarse, size = synthesis.last.in_channels, synthesis.first.out_channels, wanted.shape[1]
    to_features = net.stem.forward_matrix.double()
    count = min(coarse, 4 * size)
    found = reduced_rank(rows(seen), patches(wanted, net.stem.inverse_matrix), count)
    split = to_features @ found.back.t().reshape(4, size, count).double()  # [4, size, count]
    kept = min(fine, size)
    for layer in (synthesis.first, synthesis.split, synthesis.last):
        assert layer.bias is not None
        layer.weight.zero_()
        layer.bias.zero_()
    synthesis.first.weight[:count, :, 0, 0] = found.weight
    assert synthesis.first.bias is not None
    synthesis.first.bias[:count] = found.bias
    synthesis.split.weight.view(4, fine, coarse)[:, :kept, :count] = split[:, :kept].float()
    index = torch.arange(kept)
    synthesis.last.weight[index, index, 1, 1] = 1


def deepen(net: ComponentNetwork, point: str) -> bool:
    """Start a synthesis of a component as a shallower one of the same widths; whether there is one."""
    wanted = net.config.synthesis_at(point)
    for own in net.config.synthesis:
        if own.point == point or (own.fine, own.coarse) != (wanted.fine, wanted.coarse):
            continue
        if own.fine_blocks <= wanted.fine_blocks and own.coarse_blocks <= wanted.coarse_blocks:
            for block in (m for m in net.synthesis[point].modules() if isinstance(m, ResidualBlock)):
                block.mix.weight.zero_()
                nn.init.zeros_(block.mix.bias)  # type: ignore[arg-type]
            net.synthesis[point].load_state_dict(net.synthesis[own.point].state_dict(), strict=False)
            return True
    return False


@torch.no_grad()
def start_synthesis(network: CodecNetwork, point: str, rgb: Tensor, batch: int = 8) -> None:
    """Start the synthesis of an operating point of every component, in place.

    All other synthesis transforms count as trained.

    rgb: float32 [N, 3, H, W], 0..1, H and W multiples of 64, spread over the range of quality.
    """
    quality = torch.linspace(0, 1, len(rgb))
    parts: list[list[Coded]] = [[] for _ in network.config.components]
    for pictures, positions in zip(rgb.split(batch), quality.split(batch), strict=True):
        for coded in code(network, pictures, positions):
            parts[coded.index].append(coded)
    for index, own in enumerate(parts):
        net = network.component(index)
        if deepen(net, point):
            continue
        seen = torch.cat([torch.cat([p.latent, p.features], 1) for p in own])
        fit(net, point, seen, torch.cat([p.stem for p in own]))
