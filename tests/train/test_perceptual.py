# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The training MS-SSIM against the measuring one of refsw.ctc."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from refsw.train.perceptual import ms_ssim
from tests.support.tiny import samples


def pair(noise: float) -> tuple[torch.Tensor, torch.Tensor]:
    first = torch.from_numpy(samples(5, 192, 208).astype(np.float32)).permute(2, 0, 1)[None] / 255
    torch.manual_seed(0)
    return first, (first + noise * torch.randn_like(first)).clamp(0, 1)


def test_equal_pictures_have_one_and_noise_lowers_it() -> None:
    values = [float(ms_ssim(*pair(noise))) for noise in (0.0, 0.02, 0.1, 0.4)]
    assert values[0] == pytest.approx(1, abs=1e-6)
    assert values == sorted(values, reverse=True) and values[-1] < 0.9


def test_gradients_are_finite_also_where_structure_is_opposite() -> None:
    first, _ = pair(0)
    other = (1 - first).requires_grad_()
    ms_ssim(first, other).sum().backward()
    assert other.grad is not None and torch.isfinite(other.grad).all()
