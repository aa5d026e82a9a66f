# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The benchmark's peer has the size of the codec that it stands for; its bookkeeping is right. No time is asserted."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

Tool = Callable[[str], ModuleType]


@pytest.mark.parametrize(
    ("n", "m", "parameters", "encoder", "decoder"),
    [(128, 192, 7.0, 49, 48), (192, 320, 17.6, 112, 109)],
)
def test_peer_has_the_published_size(tool: Tool, n: int, m: int, parameters: float, encoder: int, decoder: int) -> None:
    """Millions of parameters and kMAC per pixel of mbt2018-mean, as measured in shared/research/peers.md."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    module = tool("peer_hyperprior")
    peer = module.Peer.of_layout(n, m, 128, 128, "planar")
    assert sum(p.numel() for p in peer.networks.parameters()) / 1e6 == pytest.approx(parameters, abs=0.06)
    for step, expected in ((peer.encode, encoder), (peer.decode, decoder)):
        with FlopCounterMode(display=False) as counter:
            result = step()
        assert counter.get_total_flops() / 2 / 128**2 / 1e3 == pytest.approx(expected, abs=0.6)
        assert isinstance(result, torch.Tensor)


def test_peer_shapes(tool: Tool) -> None:
    module = tool("peer_hyperprior")
    for layout in module.LAYOUTS:
        peer = module.Peer.of_layout(128, 192, 70, 50, layout)
        assert peer.decode().shape == (1, 3, 64, 128)
        assert peer.encode().shape == (1, 2 * 192, 4, 8)


def test_first_round_is_not_counted(tool: Tool) -> None:
    bench = tool("bench_codec")
    values = iter([(("a", 99.0), ("whole", 99.0)), (("a", 1.0), ("whole", 5.0)), (("a", 3.0), ("whole", 4.0))])
    timings = bench.measure({"job": lambda: next(values)}, 2)
    first, whole = timings["job"]
    assert (first.name, first.median, first.fastest) == ("a", 2.0, 1.0)
    assert (whole.median, whole.fastest) == (4.5, 4.0)


def test_default_picture_has_the_size_of_a_kodak_picture(tool: Tool) -> None:
    image = tool("bench_codec").default_picture()
    assert (image.height, image.width, image.channels) == (512, 768, 3)
