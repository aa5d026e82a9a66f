# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(D.3) The integer network in plain Python integers: slow, and the definition."""

from __future__ import annotations

from operator import mul
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.exact.layer import IntegerLayer
from refsw.exact.network import IntegerNetwork

Planes = list[list[list[int]]]  # [channel][row][column]


def run(network: IntegerNetwork, x: NDArray[np.int64]) -> NDArray[np.int32]:
    """x: int64 [B, C, H, W], inside input_range -> int32 [B, outputs, upsampling H, upsampling W]."""
    pictures = []
    for planes in x.tolist():
        for layer in network.layers:
            planes = _layer(layer, planes)
        pictures.append(planes)
    return np.array(pictures, np.int32)


def _layer(layer: IntegerLayer, x: Planes) -> Planes:
    """Convolve, requantise, move depth to space, clamp."""
    low, high = layer.output_range
    sums = _convolve(layer.weight, x)
    per_channel = zip(sums, layer.multiplier.tolist(), layer.bias.tolist(), layer.shift.tolist(), strict=True)
    y = [
        [[(acc * multiplier + bias + (1 << shift >> 1)) >> shift for acc in row] for row in plane]
        for plane, multiplier, bias, shift in per_channel
    ]
    if layer.depth_to_space:
        y = _depth_to_space(y)
    return [[[min(max(value, low), high) for value in row] for row in plane] for plane in y]


def _convolve(weight: NDArray[np.signedinteger[Any]], x: Planes) -> Planes:
    """Cross-correlation with zero padding: acc[o][r][c] = sum of w[o][i][dr][dc] x[i][r + dr - k//2][c + dc - k//2]."""
    kernel = weight.shape[2]
    edge = kernel // 2
    rows, columns = len(x[0]), len(x[0][0])
    blank = [0] * (columns + 2 * edge)
    padded = [[blank] * edge + [[0] * edge + row + [0] * edge for row in plane] + [blank] * edge for plane in x]
    filters = weight.reshape(weight.shape[0], -1).tolist()
    sums: Planes = [[[0] * columns for _ in range(rows)] for _ in filters]
    for row in range(rows):
        for column in range(columns):
            window = [
                value
                for plane in padded
                for line in plane[row : row + kernel]
                for value in line[column : column + kernel]
            ]
            for output, taps in enumerate(filters):
                sums[output][row][column] = sum(map(mul, taps, window))
    return sums


def _depth_to_space(x: Planes) -> Planes:
    """Output channel c at (2r + i, 2s + j) is input channel (2i + j)C + c at (r, s)."""
    channels, rows, columns = len(x) // 4, len(x[0]), len(x[0][0])
    return [
        [
            [x[(2 * (row % 2) + column % 2) * channels + c][row // 2][column // 2] for column in range(2 * columns)]
            for row in range(2 * rows)
        ]
        for c in range(channels)
    ]
