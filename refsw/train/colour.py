# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Colour transforms on floats, for training; the codec's integer transforms are those of `refsw.colour`."""

from __future__ import annotations

import torch
from torch import Tensor

from refsw.colour import colour_transform


def inverse_matrix(colour_transform_idc: int) -> Tensor:
    """R, G, B from centred planes: float32 [3, 3]."""
    transform = colour_transform(colour_transform_idc)
    return torch.from_numpy(transform.inverse).float() / (1 << transform.precision_bits)


def planes_from_rgb(rgb: Tensor, colour_transform_idc: int) -> Tensor:
    """[B, 3, H, W], 0..1 -> planes Y, Cb, Cr, each centred on zero."""
    forward = torch.linalg.inv(inverse_matrix(colour_transform_idc).double())
    return torch.einsum("pc,bchw->bphw", forward.to(rgb), rgb - 0.5)


def rgb_from_planes(planes: Tensor, colour_transform_idc: int) -> Tensor:
    """Inverse of `planes_from_rgb`, not clipped."""
    return torch.einsum("cp,bphw->bchw", inverse_matrix(colour_transform_idc).to(planes), planes) + 0.5
