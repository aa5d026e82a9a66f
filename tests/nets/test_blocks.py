# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from refsw.nets.blocks import QualityTable, ResidualBlock, activation, conv, depth_to_space, space_to_depth

few = settings(max_examples=40)
counts = st.integers(1, 5)


@few
@given(counts, counts, counts, counts)
def test_space_to_depth_and_back(batch: int, channels: int, height: int, width: int) -> None:
    x = torch.arange(batch * channels * 4 * height * width).reshape(batch, channels, 2 * height, 2 * width)
    deep = space_to_depth(x)
    assert deep.shape == (batch, 4 * channels, height, width)
    assert torch.equal(depth_to_space(deep), x)
    assert torch.equal(space_to_depth(depth_to_space(deep)), deep)


def test_sub_positions_are_outer_channels() -> None:
    x = torch.arange(2 * 4 * 6).reshape(1, 2, 4, 6)
    deep = space_to_depth(x)
    for i in range(2):
        for j in range(2):
            first = (2 * i + j) * 2
            assert torch.equal(deep[:, first : first + 2], x[:, :, i::2, j::2])


def test_residual_block_starts_as_identity() -> None:
    x = torch.randn(2, 8, 5, 7, generator=torch.Generator().manual_seed(0))
    assert torch.equal(ResidualBlock(8)(x), x)


def test_activation_is_a_shift_below_zero() -> None:
    assert activation(torch.tensor([-8.0, -1.0, 0.0, 3.0])).tolist() == [-1.0, -0.125, 0.0, 3.0]


@pytest.mark.parametrize(("kernel", "stride", "size"), [(1, 1, (6, 10)), (3, 1, (6, 10)), (2, 2, (3, 5))])
def test_convolutions_keep_or_divide_the_grid(kernel: int, stride: int, size: tuple[int, int]) -> None:
    assert conv(3, 4, kernel, stride)(torch.zeros(1, 3, 6, 10)).shape == (1, 4, *size)


@few
@given(st.integers(2, 9), st.floats(0, 1))
def test_quality_table_is_linear_between_anchors(anchors: int, quality: float) -> None:
    table = QualityTable(3, anchors)
    with torch.no_grad():
        table.values.copy_(torch.randn(anchors, 3, generator=torch.Generator().manual_seed(anchors)))
        position = float(torch.tensor(quality)) * (anchors - 1)
        low = min(int(position), anchors - 2)
        expected = torch.lerp(table.values[low], table.values[low + 1], position - low)
        found = table(torch.tensor([quality]))
    assert found.shape == (1, 3, 1, 1)
    torch.testing.assert_close(found[0, :, 0, 0], expected, atol=1e-5, rtol=1e-5)


def test_quality_table_at_its_ends_and_anchors() -> None:
    table = QualityTable(2, 9)
    with torch.no_grad():
        table.values.copy_(torch.arange(18.0).reshape(9, 2))
        found = table(torch.arange(9) / 8)
    assert torch.equal(found[:, :, 0, 0], table.values)
