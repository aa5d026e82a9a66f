# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Colour transform on floats, for training; the codec's integer transform is `refsw.colour`."""

from __future__ import annotations

import torch
from torch import Tensor

# BT.709: Y = 0.2126 R + 0.7152 G + 0.0722 B, full range, chroma scaled to the same range as luma.
FORWARD = torch.tensor([
    [0.2126, 0.7152, 0.0722],
    [-0.2126 / 1.8556, -0.7152 / 1.8556, 0.5],
    [0.5, -0.7152 / 1.5748, -0.0722 / 1.5748],
])  # fmt: skip
INVERSE = torch.linalg.inv(FORWARD.double()).float()


def planes_from_rgb(rgb: Tensor) -> Tensor:
    """[B, 3, H, W], 0..1 -> planes Y, Cb, Cr, each centred on zero."""
    return torch.einsum("pc,bchw->bphw", FORWARD.to(rgb), rgb - 0.5)


def rgb_from_planes(planes: Tensor) -> Tensor:
    """Inverse of `planes_from_rgb`, not clipped."""
    return torch.einsum("cp,bphw->bchw", INVERSE.to(planes), planes) + 0.5
