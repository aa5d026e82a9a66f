# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from refsw.entropy import gaussian
from refsw.entropy.cost import code_length
from refsw.entropy.tables import gaussian_tables
from refsw.nets import rate
from refsw.nets.rate import (
    LOG_SCALE_MINIMUM,
    LOG_SCALE_STEP,
    PROBABILITY_MINIMUM,
    SCALE_MAXIMUM,
    SCALE_ROWS,
    LowerBound,
    probability_bits,
    residual_bits,
)


def bits(residual: float, scale: float) -> float:
    return float(residual_bits(torch.tensor([residual]), torch.tensor([math.log(scale)])))


def test_lower_bound_value_and_gradient() -> None:
    x = torch.tensor([-1.0, -1.0, 0.5, 2.0, 2.0], requires_grad=True)
    out = LowerBound.apply(x, 0.5)
    assert out.tolist() == [0.5, 0.5, 0.5, 2.0, 2.0]
    out.backward(torch.tensor([1.0, -1.0, 1.0, 1.0, -1.0]))
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, -1.0, 1.0, 1.0, -1.0]  # below the bound, only what moves x up


def test_the_last_row_is_the_largest_scale() -> None:
    assert math.exp(LOG_SCALE_MINIMUM + (SCALE_ROWS - 1) * LOG_SCALE_STEP) == pytest.approx(SCALE_MAXIMUM)
    assert gaussian_tables().rows == SCALE_ROWS
    assert (rate.NARROWER, rate.WIDER) == (gaussian.NARROWER, gaussian.WIDER)


@pytest.mark.parametrize("scale", [0.11, 0.5, 3.0, 20.0])
def test_bits_are_those_of_a_distribution(scale: float) -> None:
    reach = int(12 * scale) + 2
    residual = torch.arange(-reach, reach + 1).float()
    probability = torch.exp2(-residual_bits(residual, torch.full_like(residual, math.log(scale))))
    probability = probability[probability > 1.01 * PROBABILITY_MINIMUM]
    assert float(probability.sum()) == pytest.approx(1, abs=2e-3)


def test_zero_costs_more_and_a_large_residual_less_as_the_scale_grows() -> None:
    scales = np.exp(np.linspace(math.log(0.2), math.log(60), 40))
    zero = [bits(0, s) for s in scales]
    large = [bits(8, s) for s in scales if s < 8]
    assert all(a < b for a, b in itertools.pairwise(zero))
    assert all(a >= b for a, b in itertools.pairwise(large)) and large[0] > large[-1]


def test_cost_grows_with_the_residual_and_has_no_sign() -> None:
    cost = [bits(r, 2.0) for r in range(12)]
    assert all(a <= b for a, b in itertools.pairwise(cost))
    assert [bits(-r, 2.0) for r in range(12)] == cost
    assert bits(1000, 0.11) == -math.log2(PROBABILITY_MINIMUM)  # never infinite


def test_scales_under_the_first_row_count_as_it() -> None:
    assert bits(0, 1e-6) == bits(0, 0.11) and bits(1, 1e-6) == bits(1, 0.11)
    log_scale = torch.tensor([math.log(0.01)], requires_grad=True)
    residual_bits(torch.tensor([1.0]), log_scale).sum().backward()
    assert log_scale.grad is not None and float(log_scale.grad) < 0  # a larger scale would be cheaper: pulled up


def test_probability_bits_is_bounded() -> None:
    assert probability_bits(torch.tensor([0.0, 0.25, 1.0])).tolist() == [16.0, 2.0, 0.0]


@pytest.mark.parametrize("row", range(0, SCALE_ROWS, 7))
def test_estimate_agrees_with_the_tables_of_the_entropy_coder(row: int) -> None:
    """Bits of Gaussian residuals of the row's scale: float estimate against integer table."""
    scale = math.exp(LOG_SCALE_MINIMUM + row * LOG_SCALE_STEP)
    values = np.rint(np.random.default_rng(row).normal(0, scale, 4000)).astype(np.int32)
    table = code_length(values, np.full(len(values), row, np.int32), gaussian_tables())
    estimate = float(residual_bits(torch.from_numpy(values).float(), torch.full((len(values),), math.log(scale))).sum())
    assert table == pytest.approx(estimate, rel=0.004, abs=16)


def test_no_scale_is_wider_than_the_last_table_row() -> None:
    residual = torch.tensor([0.0, 40.0, 150.0])
    widest = residual_bits(residual, torch.full((3,), math.log(64.0)))
    assert torch.equal(residual_bits(residual, torch.full((3,), math.log(500.0))), widest)
