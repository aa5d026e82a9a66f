# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(D.2, D.4, D.6, D.7) Integer layers, gains and the other operations. Tensors are int64 [C, H, W].

Sums of products are computed in binary64, which D.4 proves exact; everything else in int64.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conformance.independent.errors import RejectedError

Tensor = NDArray[np.int64]
Range = tuple[int, int]
EXACT_LIMIT = 1 << 53  # D.4
GAIN_BITS = 16  # D.6: fractional bits of log_gain
MANTISSA_BITS = 15
STEP_LOG_GAIN = 9554  # 9.8.6
LOG_GAIN_LIMIT = 30 << GAIN_BITS  # D.6


@dataclass(frozen=True)
class Layer:
    """(Table D-1) A convolution with requantisation and clamp."""

    weight: NDArray[np.int64]
    multiplier: NDArray[np.int64]
    bias: NDArray[np.int64]
    shift: NDArray[np.int64]
    depth_to_space: bool
    output_range: Range

    def half(self) -> NDArray[np.int64]:
        """(D.2) h of each output channel."""
        return np.where(self.shift > 0, np.int64(1) << np.maximum(self.shift - 1, 0), 0)

    def check(self, name: str, input_range: Range) -> None:
        """(Table D-1, D.4) Raises RejectedError where a value is out of range or a bound does not hold."""
        outputs, kernel = self.weight.shape[0], self.weight.shape[2]
        if kernel % 2 == 0 or kernel > 15 or self.weight.shape[3] != kernel:
            raise RejectedError("D.2", f"{name}: kernel of {self.weight.shape[2:]}")
        if not ((self.shift >= 0) & (self.shift <= 32) & (self.multiplier >= 1) & (self.multiplier <= 65535)).all():
            raise RejectedError("D.2", f"{name}: shift or multiplier out of range")
        if (self.depth_to_space and outputs % 4) or self.output_range[0] > self.output_range[1]:
            raise RejectedError("D.2", f"{name}: depth_to_space or output_range is wrong")
        flat = self.weight.reshape(outputs, -1)
        positive, negative = np.maximum(flat, 0).sum(1), np.maximum(-flat, 0).sum(1)
        a, b = max(0, input_range[1]), max(0, -input_range[0])
        for o, half in enumerate(self.half().tolist()):
            p, n = int(positive[o]), int(negative[o])
            acc_bound = max(p * a + n * b, p * b + n * a)
            if max(acc_bound, acc_bound * int(self.multiplier[o]) + abs(int(self.bias[o])) + half) >= EXACT_LIMIT:
                raise RejectedError("D.4", f"{name}: no bound holds for output channel {o}")

    def __call__(self, x: Tensor) -> Tensor:
        """(D.2) x: [I, H, W]; returns [O, H, W], or [O / 4, 2 H, 2 W] where depth_to_space is 1."""
        acc = convolution(self.weight, x)
        scaled = acc * column(self.multiplier) + column(self.bias) + column(self.half())
        v = scaled >> column(self.shift)
        return clip(depth_to_space(v) if self.depth_to_space else v, self.output_range)


def clip(x: Tensor, limits: Range) -> Tensor:
    """(D.2, step 4) clamp."""
    return np.clip(x, *limits)


def column(values: NDArray[np.int64]) -> Tensor:
    """One value for each channel: [C] to [C, 1, 1]."""
    return values[:, None, None]


def convolution(weight: NDArray[np.int64], x: Tensor) -> Tensor:
    """(D.2, step 1) weight: [O, I, k, k]; x: [I, H, W]; returns [O, H, W]. Samples outside x are 0."""
    outputs, inputs, kernel, _ = weight.shape
    height, width = x.shape[1:]
    e = (kernel - 1) // 2
    padded = np.zeros((inputs, height + 2 * e, width + 2 * e))
    padded[:, e : e + height, e : e + width] = x
    acc = np.zeros((outputs, height * width))
    for d in range(kernel):
        for f in range(kernel):
            window = padded[:, d : d + height, f : f + width].reshape(inputs, -1)
            acc += weight[:, :, d, f].astype(np.float64) @ window
    return acc.astype(np.int64).reshape(outputs, height, width)


def depth_to_space(v: Tensor) -> Tensor:
    """(D.2, step 3) [4 C, H, W] to [C, 2 H, 2 W]: u[c][2r + i][2s + j] = v[(2i + j) C + c][r][s]."""
    channels, height, width = v.shape[0] // 4, *v.shape[1:]
    parts = v.reshape(2, 2, channels, height, width)  # i, j, c, r, s
    return parts.transpose(2, 3, 0, 4, 1).reshape(channels, 2 * height, 2 * width)


def act(x: Tensor) -> Tensor:
    """(D.7.1) Leaky rectifier."""
    return np.where(x >= 0, x, (x + 4) >> 3)


def add(x: Tensor, y: Tensor, limits: Range) -> Tensor:
    """(D.7.2) Clamped sum."""
    return clip(x + y, limits)


def exp2_mantissa(fraction: int) -> int:
    """(Table D-2) 2^(15 + fraction / 4096), rounded to the nearest integer."""
    return round(2 ** (MANTISSA_BITS + fraction / 4096))


@dataclass(frozen=True)
class Gain:
    """(D.6.2) The gains of all channels at one quality, for |x| <= 2^31."""

    mantissa: NDArray[np.int64]
    shift: NDArray[np.int64]
    output_range: Range
    log_gain: NDArray[np.int64]

    def mapped(self, x: Tensor, steps: Tensor | None, sign: int) -> Tensor:
        """(9.8.6) As by D.6.2, each sample with the gain of its step; steps: [C, H, W] or [H, W], None: all are 0."""
        if steps is None:
            return self(x)
        out = np.zeros_like(x)
        for step in np.unique(steps).tolist():
            g = np.clip(self.log_gain + sign * STEP_LOG_GAIN * step, -LOG_GAIN_LIMIT, LOG_GAIN_LIMIT)
            out = np.where(steps == step, gain_of(g, self.output_range)(x), out)
        return out

    def __call__(self, x: Tensor) -> Tensor:
        """(D.6.2) The product of each sample with the gain of its channel, clamped."""
        product = x * column(self.mantissa)
        right, left = column(np.maximum(self.shift, 0)), column(np.maximum(-self.shift, 0))
        half = np.where(right > 0, np.int64(1) << np.maximum(right - 1, 0), 0)
        return clip(((product + half) >> right) << left, self.output_range)


def gain_at(log_gain: NDArray[np.int64], quality_index: int, output_range: Range) -> Gain:
    """(D.6.1) Gains at a quality. log_gain: [anchors, C]."""
    a = min(quality_index >> 8, len(log_gain) - 2)
    r = quality_index - 256 * a
    g = (log_gain[a] * (256 - r) + log_gain[a + 1] * r + 128) >> 8
    return gain_of(g, output_range)


def gain_of(g: NDArray[np.int64], output_range: Range) -> Gain:
    """(D.6.1) Gains of base-2 logarithms [C]."""
    mantissa = np.array([exp2_mantissa(value) for value in ((g & 65535) >> 4).tolist()], np.int64)
    return Gain(mantissa, MANTISSA_BITS - (g >> GAIN_BITS), output_range, g)
