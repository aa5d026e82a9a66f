# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

from dataclasses import replace

import torch

from refsw.nets.codec import CodecNetwork
from refsw.nets.config import CodecConfig, SynthesisConfig, tiny_config
from refsw.train.adopt import adopt, resampled
from refsw.train.export import INNER
from tests.support.tiny import Started


def test_a_run_begins_with_the_weights_of_the_package(started: Started) -> None:
    """Stored as float16, or int8 inside the encoder, so equal to half of either step; none keeps its start."""
    network = CodecNetwork(tiny_config())
    assert adopt(network, started.folder).fresh == ()
    for name, value in started.network.state_dict().items():
        atol = float(value.abs().max()) / 253 if name.split(".", 2)[2].startswith(INNER) and value.dim() == 4 else 2e-3
        torch.testing.assert_close(network.state_dict()[name], value, atol=atol, rtol=1e-3, msg=name)


def test_the_range_of_lambda_may_change(started: Started) -> None:
    """At equal lambda a gain is what it was, inside the old range and, continued linearly, outside."""
    old = tiny_config()
    new = replace(old, lambda_minimum=old.lambda_minimum * 3, lambda_maximum=old.lambda_maximum * 2)
    slope = torch.linspace(-1, 3, old.quality_anchors)[:, None] * torch.tensor([1.0, -2.0])
    torch.testing.assert_close(resampled(slope, old, old), slope)
    found = resampled(slope, old, new)
    for index, anchor in enumerate(torch.linspace(0, 1, new.quality_anchors)):
        span = torch.log(torch.tensor(old.lambda_maximum / old.lambda_minimum))
        position = torch.log(torch.tensor(float(new.lagrangian(anchor))) / old.lambda_minimum) / span
        torch.testing.assert_close(found[index], (-1 + 4 * position) * torch.tensor([1.0, -2.0]), atol=1e-4, rtol=1e-4)


def test_a_deeper_structure_keeps_the_start_of_what_is_new(started: Started) -> None:
    first, second = tiny_config().components
    deeper = SynthesisConfig(point="bop", fine=24, coarse=32, fine_blocks=2, coarse_blocks=1, skip=True)
    network = CodecNetwork(CodecConfig((replace(first, synthesis=(deeper,)), second)))
    kept = adopt(network, started.folder).fresh
    assert {name.rsplit(".", 2)[0] for name in kept} == {"components.0.synthesis.bop.fine.1"}
    x, quality = torch.randn(1, first.channels + first.hyper.features, 4, 4), torch.tensor([0.5])
    with torch.no_grad():
        grown = network.component(0).synthesis["bop"](x, quality)
        plain = started.network.component(0).synthesis["bop"](x, quality)
    torch.testing.assert_close(grown, plain, atol=0.1, rtol=0.01)  # weights went through float16
