# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import numpy as np
import pytest
import torch

from refsw.colour import BT709
from refsw.constants import SCALE_FRACTION_BITS
from refsw.decode.reconstruct import quality_position
from refsw.encode.analyse import Decisions, analyse, planes_of, zeroing_thresholds
from refsw.encode.picture import picture_header
from refsw.nets.rate import LOG_SCALE_MINIMUM, LOG_SCALE_STEP, SCALE_ROWS
from refsw.tools.variance_scaling.tool import stepped, usual
from refsw.train.loss import rate_distortion
from refsw.train.rounding import NEAREST, rounded, rounding
from tests.support.tiny import Started, picture


def log_scales(count: int = 4000) -> torch.Tensor:
    """Of scales on both sides of the table, [1, 1, 1, count]."""
    rows = torch.linspace(-4, SCALE_ROWS + 4, count)
    return (LOG_SCALE_MINIMUM + LOG_SCALE_STEP * rows)[None, None, None]


def test_without_decisions_residuals_go_to_the_nearest_integers() -> None:
    assert rounding(False, 0.0, 2) == NEAREST
    assert NEAREST.finer(0, log_scales()) is None and NEAREST.thresholds(log_scales()) is None
    assert rounded(torch.tensor([-1.6, 0.4, 0.51, 2.5]), None).tolist() == [-2, 0, 1, 2]


@pytest.mark.parametrize("component", [0, 1])
def test_steps_are_those_of_the_tool(component: int) -> None:
    log_scale = log_scales()
    rows = ((log_scale[0] - LOG_SCALE_MINIMUM) / LOG_SCALE_STEP).double().numpy()
    index = np.floor(rows * (1 << SCALE_FRACTION_BITS)).astype(np.int32)
    steps = rounding(True, 0.0, 2).finer(component, log_scale)
    assert steps is not None
    expected = stepped(index, usual(2).of(component))
    assert np.unique(expected).size > 2
    assert np.array_equal(np.rint(steps[0].numpy() / LOG_SCALE_STEP), expected)


@pytest.mark.parametrize("zeroing", [15.0, 100.0])
def test_thresholds_are_those_of_the_encoder(zeroing: float) -> None:
    """But for the coder's frequencies, the least of which are few counts, and the quarter of a row."""
    rows = torch.arange(SCALE_ROWS, dtype=torch.float32)
    found = rounding(False, zeroing, 2).thresholds(LOG_SCALE_MINIMUM + LOG_SCALE_STEP * (rows + 0.01))
    assert found is not None
    expected = zeroing_thresholds(zeroing)
    assert expected.max() > 0.55
    assert np.abs(found.numpy() - expected).max() <= 0.1 * (expected.max() - 0.5)


def test_a_residual_below_its_threshold_is_zero() -> None:
    least = torch.tensor([0.5, 0.8, 0.8, 0.8, 0.8])
    assert rounded(torch.tensor([0.6, 0.7, -0.7, -0.9, 1.6]), least).tolist() == [1, 0, 0, -1, 2]


@torch.no_grad()
def test_training_rounds_as_the_encoder_does(started: Started) -> None:
    """Float scales against integer ones: a few samples near the border of a band or threshold differ."""
    image, model = picture(3, 192, 320), started.model
    header = picture_header(image, started.config, model, 1000)
    quality = quality_position(1000, model.config.quality_anchors)
    rgb = torch.from_numpy(image.samples).permute(2, 0, 1)[None].float() / 255
    rates = []
    for scaling in (None, usual(2)):
        for zeroing in (0.0, 30.0):
            analysed = analyse(model, header, planes_of(image, BT709), decisions=Decisions(zeroing, scaling=scaling))
            rule = rounding(scaling is not None, zeroing, 2)
            bits = float(rate_distortion(model.network, rgb, quality, "bop", rounding=rule).bits)
            assert bits == pytest.approx(analysed.estimated_bits / (192 * 320), rel=0.01)
            rates.append(bits)
    assert rates[1] < 0.99 * rates[0] and rates[3] < 0.99 * rates[2]
