# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(D.4) The integer network in exact floating point.

A k x k convolution is written as k k matrix products, each added to the accumulator:

    acc [O, N] += weight[:, :, dr, dc] [O, I] @ x[:, n + dr (W + k - 1) + dc] [I, N]

with x zero-padded and its rows laid end to end, so that every tap is a view and nothing is copied. A matrix product
is a sum of products in some order, which the proven bound covers; a library's *convolution* may pick Winograd or FFT
kernels, whose intermediates no bound on partial sums covers. oneDNN is switched off because its products can be told
to round their inputs (TF32, bf16: ONEDNN_DEFAULT_FPMATH_MODE), and so is autocast.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from refsw.errors import RefswError
from refsw.exact.layer import IntegerLayer
from refsw.exact.network import IntegerNetwork

_DTYPES = {"float32": torch.float32, "float64": torch.float64}


def run(network: IntegerNetwork, x: NDArray[np.int64], precisions: tuple[str, ...], device: str) -> NDArray[np.int32]:
    """x: int64 [B, C, H, W], inside input_range -> int32 [B, outputs, upsampling H, upsampling W].

    precisions: "float32" or "float64" per layer, for the convolution; the requantisation is always in float64.
    """
    pictures = []
    with torch.inference_mode(), exact_numerics(device):
        for picture in x:
            planes = torch.from_numpy(np.ascontiguousarray(picture)).to(device)
            for layer, precision in zip(network.layers, precisions, strict=True):
                planes = _layer(layer, planes, _DTYPES[precision])
            pictures.append(planes.to("cpu", torch.int32).contiguous().numpy())
    return np.stack(pictures)


@contextmanager
def exact_numerics(device: str) -> Iterator[None]:
    """Keep away what rounds float32 products, check that it is away, and restore the settings at the end.

    The settings are the process's, not the thread's: another thread may meanwhile run its float networks without
    oneDNN. Raises RefswError where products are rounded all the same.
    """
    kind = torch.device(device).type
    with ExitStack() as stack:
        stack.callback(_set_onednn, bool(torch.backends.mkldnn.enabled))
        _set_onednn(False)
        stack.enter_context(torch.autocast(kind, enabled=False))
        if kind == "cuda":
            stack.callback(_set_cuda_precision, torch.backends.cuda.matmul.fp32_precision)
            _set_cuda_precision("ieee")
        _canary(device)
        yield


def _canary(device: str) -> None:
    """A product whose factors need 12 bits and sums 24: wrong where inputs are rounded to bf16, fp16 or TF32."""
    side = torch.arange(16, dtype=torch.float64, device=device)
    a = 4095 - 2 * ((side[:, None] * 71 + side * 53) % 1024)
    b = 255 - 2 * ((side[:, None] * 37 + side * 11) % 256)
    if not torch.equal((a.float() @ b.float()).double(), a @ b):
        raise RefswError(f"float32 matrix products on device {device} are rounded: the exact engine cannot run there")


def _set_onednn(enabled: bool) -> None:
    torch.backends.mkldnn.enabled = enabled  # type: ignore[assignment]


def _set_cuda_precision(precision: str) -> None:
    torch.backends.cuda.matmul.fp32_precision = precision


def _layer(layer: IntegerLayer, x: Tensor, dtype: torch.dtype) -> Tensor:
    """x: [I, H, W] -> float64 [outputs, H or 2H, W or 2W], all values integers."""
    taps = torch.from_numpy(np.array(layer.weight.transpose(2, 3, 0, 1), order="C")).to(x.device, dtype)
    y = convolve(taps, x.to(dtype)).double()
    y = y.mul_(_column(layer.multiplier, x)).add_(_column(layer.offset(), x))
    y = y.mul_(_column(np.ldexp(1.0, -layer.shift), x)).floor_()
    if layer.depth_to_space:
        c4, h, w = y.shape
        y = y.reshape(2, 2, c4 // 4, h, w).permute(2, 3, 0, 4, 1).reshape(c4 // 4, 2 * h, 2 * w)
    return y.clamp(*layer.output_range)


def convolve(taps: Tensor, x: Tensor) -> Tensor:
    """(D.2) Accumulator, zero padding k // 2. taps: [k, k, O, I], x: [..., I, H, W] -> [..., O, H, W]."""
    if x.ndim > 3:
        return torch.stack([convolve(taps, picture) for picture in x])
    kernel, _, outputs, inputs = taps.shape
    edge = kernel // 2
    rows, columns = x.shape[1:]
    stride = columns + 2 * edge
    count = rows * stride
    # One more padding row below: the last taps of the last row read past the padded picture into it.
    padded = torch.nn.functional.pad(x, (edge, edge, edge, edge + (1 if edge else 0))).reshape(inputs, -1)
    acc = torch.zeros(outputs, count, dtype=x.dtype, device=x.device)
    for row in range(kernel):
        for column in range(kernel):
            start = row * stride + column
            acc.addmm_(taps[row, column], padded[:, start : start + count])
    return acc.reshape(outputs, rows, stride)[:, :, :columns]


def _column(values: NDArray[np.generic], like: Tensor) -> Tensor:
    """Per-channel values as float64 [O, 1, 1] on the device of `like`; exact, since all are below 2^53."""
    return torch.from_numpy(values.astype(np.float64)).to(like.device)[:, None, None]
