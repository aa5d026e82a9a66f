# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from refsw.nets.context import ORDER, STEPS, ContextModel, step_masks

CHANNELS, FEATURES = 8, 6
SIZE = (5, 7)


def masks() -> list[Tensor]:
    return step_masks(CHANNELS, *SIZE, torch.device("cpu"))


@pytest.fixture
def model() -> ContextModel:
    torch.manual_seed(0)
    model = ContextModel(FEATURES, CHANNELS, 12, 2)
    for block in model.trunk:
        torch.nn.init.normal_(block.mix.weight, std=0.3)  # a block starts as identity
    return model.eval().requires_grad_(False)


def inputs() -> tuple[Tensor, Tensor, Tensor]:
    """Features, log gain and inverse log gain."""
    random = torch.Generator().manual_seed(1)
    gain = torch.randn(1, CHANNELS, 1, 1, generator=random) * 0.3
    return torch.randn(1, FEATURES, *SIZE, generator=random), gain, 0.1 - gain


def decode(model: ContextModel, symbols: Tensor) -> tuple[Tensor, Tensor]:
    return model.run(*inputs(), lambda _mean, _mask: symbols)


@settings(max_examples=30)
@given(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9))
def test_step_masks_are_a_partition(groups: int, height: int, width: int) -> None:
    found = step_masks(4 * groups, height, width, torch.device("cpu"))
    assert len(found) == STEPS
    assert all(m.shape == (1, 4 * groups, height, width) and ((m == 0) | (m == 1)).all() for m in found)
    assert torch.equal(sum(found, torch.zeros(())), torch.ones(1, 4 * groups, height, width))


def test_every_group_and_every_step_sees_every_phase() -> None:
    assert all(sorted(order) == list(range(4)) for order in ORDER)
    assert all(sorted(order[step] for order in ORDER) == list(range(4)) for step in range(STEPS))
    for mask in step_masks(4, 2, 2, torch.device("cpu")):
        assert (mask.sum((2, 3)) == 1).all() and (mask.sum(1) == 1).all()


@pytest.mark.parametrize("step", range(STEPS))
def test_means_never_depend_on_their_own_step_or_later_ones(model: ContextModel, step: int) -> None:
    symbols = torch.randint(-3, 4, (1, CHANNELS, *SIZE), generator=torch.Generator().manual_seed(2)).float()
    all_masks = masks()
    changed = symbols + 5 * sum(all_masks[step:], torch.zeros(()))
    before, after = decode(model, symbols)[0], decode(model, changed)[0]
    for earlier in all_masks[: step + 1]:
        assert torch.equal(before * earlier, after * earlier)
    for later in all_masks[step + 1 :]:
        assert not torch.equal(before * later, after * later)


def test_a_symbol_is_seen_by_later_channels_of_its_place(model: ContextModel) -> None:
    symbols = torch.zeros(1, CHANNELS, *SIZE)
    changed = symbols.clone()
    changed[0, 0, 2, 2] = 9  # phase 0 of group 0: step 0
    difference = (decode(model, symbols)[0] != decode(model, changed)[0])[0, :, 2, 2]
    assert difference[CHANNELS // 4 :].all()  # phase 0 is a later step of every other group
    assert not difference[: CHANNELS // 4].any()


def test_encoder_and_decoder_agree_bit_for_bit(model: ContextModel) -> None:
    y = 4 * torch.randn(1, CHANNELS, *SIZE, generator=torch.Generator().manual_seed(3))
    seen = torch.zeros_like(y)

    def residual(mean: Tensor, mask: Tensor) -> Tensor:
        rounded = torch.round(y * mask - mean)
        seen.add_(rounded * mask)
        return rounded

    encoded = model.run(*inputs(), residual)
    decoded = decode(model, seen)
    assert torch.equal(encoded[0], decoded[0]) and torch.equal(encoded[1], decoded[1])
    assert (encoded[1] - y).abs().max() < 0.5 + 1e-4
    assert torch.equal(torch.round(encoded[1] - encoded[0]), seen)


def test_mean_counts_in_quantiser_steps(model: ContextModel) -> None:
    """Step 0 sees features alone: its mean is the prediction without gain, times the gain."""
    features, gain, _ = inputs()
    first = masks()[0]
    expected = model.predict(0, features, torch.zeros(1, CHANNELS, *SIZE)) * gain.exp() * first
    torch.testing.assert_close(decode(model, torch.zeros(1, CHANNELS, *SIZE))[0] * first, expected)
