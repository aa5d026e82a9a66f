# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.10) Steps of places that the scale network says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from refsw.decode.model import local_steps, place_steps
from refsw.nets.codec import CodecNetwork
from refsw.nets.config import tiny_config
from refsw.nets.rate import LOG_SCALE_STEP
from refsw.train.loss import stepped

OUTPUTS = arrays(np.int32, (2, 3), elements=st.integers(-9000, 9000))
STEPS = arrays(np.int8, (2, 3), elements=st.integers(-16, 16))


@given(OUTPUTS)
def test_a_step_is_the_nearest_row_within_the_limit(output: np.ndarray) -> None:
    found = local_steps(output)
    assert found.dtype == np.int8
    assert (found == np.floor(output / 128 + 0.5).clip(-16, 16)).all()


@given(STEPS, STEPS)
def test_map_and_local_steps_add_up_within_the_limit(mapped: np.ndarray, local: np.ndarray) -> None:
    both = place_steps(mapped, local)
    assert both is not None
    assert (both == (mapped.astype(int) + local).clip(-16, 16)).all()
    assert place_steps(None, None) is None
    assert place_steps(None, local) is local
    assert place_steps(mapped, None) is mapped


def test_training_rounds_as_the_decoder() -> None:
    output = torch.linspace(-20, 20, 401) * LOG_SCALE_STEP
    expected = local_steps((output.numpy() / LOG_SCALE_STEP * 128).round().astype(np.int32))
    found = (stepped(output) / LOG_SCALE_STEP).round().numpy()
    halves = np.isclose(np.abs(output.numpy() / LOG_SCALE_STEP) % 1, 0.5, atol=1e-3)
    assert (found == expected)[~halves].all()


def test_local_steps_begin_at_zero_and_change_no_scale() -> None:
    config = tiny_config()
    plain = CodecNetwork(config)
    local = CodecNetwork(replace(config, components=tuple(replace(c, local_steps=True) for c in config.components)))
    quality = torch.tensor([0.4])
    for index, own in enumerate(config.components):
        before, after = plain.component(index).hyper_scale, local.component(index).hyper_scale
        state = before.state_dict()
        for name in ("weight", "bias"):
            value = after.state_dict()[f"layers.2.{name}"]
            assert (value[own.channels :] == 0).all()
            state[f"layers.2.{name}"] = torch.cat([state[f"layers.2.{name}"], value[own.channels :]])
        after.load_state_dict(state)
        z = torch.randint(-3, 4, (1, own.hyper.z, 2, 3)).float()
        scale, steps = after.with_steps(z, quality)
        assert steps is not None and (steps == 0).all()
        assert torch.allclose(scale, before(z, quality), atol=1e-6)
        assert before.with_steps(z, quality)[1] is None
