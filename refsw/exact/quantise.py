# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Float convolutions and calibrated ranges to an integer network.

Per output channel o of a layer whose input has unit s_in and whose output has unit s_out (float value per integer):

    w_o = W_o / s_o, s_o = max|W_o| / (2^(wbits - 1) - 1)       acc has unit s_o s_in
    multiplier_o = s_o s_in / s_out 2^shift_o                   bias_o = b_o / s_out 2^shift_o

shift_o is the largest for which multiplier_o fits 16 bits, so its relative error is at most 2^-16.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.errors import ModelError
from refsw.exact.layer import MAX_SHIFT, MULTIPLIER_LIMIT, IntegerLayer, Range
from refsw.exact.network import IntegerNetwork

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class FloatLayer:
    """A float convolution with what follows it.

    weight: float [O, I, k, k]; bias: float [O]; shuffle: depth to space after it; relu: max(0, x) after it.
    """

    weight: Floats
    bias: Floats
    shuffle: bool
    relu: bool


def quantise(
    layers: Sequence[FloatLayer],
    *,
    name: str,
    activation_max: Sequence[float],
    output_scale: float,
    output_range: Range,
    input_range: Range = (-31, 31),
    wbits: int = 8,
    abits: int = 8,
) -> IntegerNetwork:
    """Integer network whose output is the layers' float output times `output_scale`, rounded, about.

    name: of the network, for messages;
    activation_max: float magnitude at the output of each layer but the last that is mapped to the largest integer,
        2^abits - 1; larger values are clamped. Take a high quantile over real z (0.9999), not the maximum;
    output_scale: integer units per float unit, e.g. 128 * 63 / ln(64 / 0.11) from natural log scale to scale_index
        (add the offset -ln(0.11) to the last bias before);
    output_range: clamp of the last layer, in integer units;
    input_range: clamp of the input, whose unit is 1;
    wbits: bits of a weight, sign included, 2..16; abits: bits of a rectified activation (a sign is added elsewhere).
    Raises ModelError naming network and layer where a value is not finite or a bound fails.
    """
    if not 2 <= wbits <= 16 or not 1 <= abits <= 16:
        raise ValueError(f"{wbits}-bit weights and {abits}-bit activations: expected 2..16 and 1..16")
    if len(activation_max) != len(layers) - 1 or min(activation_max, default=1.0) <= 0:
        raise ValueError(f"{len(activation_max)} activation maxima, {len(layers)} layers: expected one less, each > 0")
    largest = 2**abits - 1
    units = [1.0, *(maximum / largest for maximum in activation_max), 1.0 / output_scale]
    converted = []
    for index, layer in enumerate(layers):
        last = index == len(layers) - 1
        low = 0 if layer.relu else -largest
        span = output_range if last else (low, largest)
        if last and layer.relu:
            span = (max(0, span[0]), span[1])
        try:
            converted.append(_quantise_layer(layer, units[index], units[index + 1], span, wbits))
        except ModelError as error:
            raise ModelError(f"network {name}, layer {index}: {error}") from None
    return IntegerNetwork(name, input_range, tuple(converted))


def _quantise_layer(layer: FloatLayer, unit_in: float, unit_out: float, span: Range, wbits: int) -> IntegerLayer:
    """One layer from float units to integer units."""
    weight = np.asarray(layer.weight, np.float64)
    bias = np.asarray(layer.bias, np.float64)
    if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
        raise ModelError("a weight or bias is not a finite number")
    scale = np.abs(weight).max(axis=(1, 2, 3)) / (2 ** (wbits - 1) - 1)
    scale[scale == 0] = 1.0  # a channel without weights is its bias
    integer = np.rint(weight / scale[:, None, None, None])
    steps = [_requantisation(float(s) * unit_in / unit_out) for s in scale]
    shift = np.array([step[1] for step in steps], np.int32)
    return IntegerLayer(
        weight=integer.astype(np.int8 if wbits <= 8 else np.int16),
        multiplier=np.array([step[0] for step in steps], np.int32),
        bias=np.rint(np.clip(np.ldexp(bias / unit_out, shift), -(2.0**62), 2.0**62)).astype(np.int64),
        shift=shift,
        depth_to_space=layer.shuffle,
        output_range=span,
    )


def _requantisation(ratio: float) -> tuple[int, int]:
    """(multiplier, shift) with multiplier / 2^shift next to ratio; a ratio too small for any becomes the smallest."""
    shift = min(MAX_SHIFT, 16 - math.frexp(ratio)[1])
    if shift >= 0 and round(math.ldexp(ratio, shift)) >= MULTIPLIER_LIMIT:
        shift -= 1  # rounded up to 2^16
    if shift < 0:
        raise ModelError(f"requantisation factor {ratio:g} is not below 2^16")
    return max(1, round(math.ldexp(ratio, shift))), shift
