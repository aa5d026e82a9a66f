# SPDX-License-Identifier: BSD-3-Clause-Clear
"""MS-SSIM that gradients pass through, for training (Wang, Simoncelli, Bovik 2003); refsw.ctc measures with its own."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW, DEVIATION = 11, 1.5
C1, C2 = 0.01**2, 0.03**2


def _window(size: int, like: Tensor) -> Tensor:
    """Matrix [size, size - 10] that weighs by the Gaussian window wherever it lies inside."""
    at = torch.arange(size - WINDOW + 1, device=like.device)
    offset = torch.arange(size, device=like.device)[:, None] - at - WINDOW // 2
    weights = torch.exp(-offset.square() / (2 * DEVIATION**2)) * (offset.abs() <= WINDOW // 2)
    return (weights / weights.sum(0)).to(like.dtype)


def _blur(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Gaussian window, where it lies inside: [B, C, h, w] -> [B, C, h - 10, w - 10]; rows, columns: `_window` of each.

    As products of matrices: on a processor the gradient of depthwise convolutions takes longer.
    """
    return rows.T @ (x @ columns)


def ms_ssim(a: Tensor, b: Tensor) -> Tensor:
    """Mean over the colours of MS-SSIM: float32 [B, C, H, W] each, 0..1, H and W of 176 or more -> [B]."""
    total: Tensor | float = 1.0
    for scale, weight in enumerate(SCALE_WEIGHTS):
        own = _window(a.shape[2], a), _window(a.shape[3], a)
        mean_a, mean_b = _blur(a, *own), _blur(b, *own)
        variance_a = _blur(a * a, *own) - mean_a.square()
        variance_b = _blur(b * b, *own) - mean_b.square()
        covariance = _blur(a * b, *own) - mean_a * mean_b
        part = (2 * covariance + C2) / (variance_a + variance_b + C2)
        if scale == len(SCALE_WEIGHTS) - 1:
            part = part * (2 * mean_a * mean_b + C1) / (mean_a.square() + mean_b.square() + C1)
        else:
            a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
        # a negative mean has no real power, and its gradient would be lost at zero
        total = total * part.mean((2, 3)).clamp(min=1e-4) ** weight
    assert isinstance(total, Tensor)
    return total.mean(1)
