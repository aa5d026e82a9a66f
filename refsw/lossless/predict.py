# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.9.4, 9.9.5) Prediction of some samples of a pass, and the row from which each residual is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from refsw.constants import LOSSLESS_CONTEXTS, LOSSLESS_ERROR_BITS, LOSSLESS_WEIGHT_BITS
from refsw.lossless.features import Array, Region, Weighed, error_features, prediction_features
from refsw.lossless.generate import PHASES
from refsw.lossless.lattice import Sites
from refsw.lossless.parameters import Group
from refsw.lossless.rows import low_bits, rows_of

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Prediction:
    """value: [n], 0..2**depth - 1; sign: [n], 1 or -1: residual = sign (sample - value); phase: [n], 0..2."""

    value: IntArray
    sign: IntArray
    phase: IntArray


@dataclass(frozen=True)
class Coding:
    """(9.9.6) How residuals stand in the substream: width 0..76, row of the symbol, low bits that follow; all [n]."""

    width: IntArray
    row: IntArray
    low: IntArray


@cache
def _thresholds() -> Array:
    """(9.9.5) The least error estimate of each context but the first: floor(2**(6 + k / 4)), k = 0..79."""
    least = LOSSLESS_ERROR_BITS - 3  # one eighth
    return np.array([isqrt(isqrt(1 << (4 * least + k))) for k in range(LOSSLESS_CONTEXTS)], np.float64)


def classes_of(weighed: Weighed, threshold: int) -> IntArray:
    """(9.9.4) Class of each sample: 2 where the activity reaches the threshold, and 1 where it is across, not along."""
    close = weighed.close
    activity = np.abs(close - weighed.reference).sum(0)
    across = np.abs(close[0] - close[1]) > np.abs(close[2] - close[3]) if len(close) else np.zeros(1, np.bool_)
    found: IntArray = (2 * (activity >= threshold) + across).astype(np.int64)
    return found


def position(weighed: Weighed, group: Group, depth: int) -> Array:
    """(9.9.4) Expected value of each sample with 8 fractional bits, clipped to the range of samples."""
    weights = group.weights.astype(np.float64)
    if len(weights) == 1:
        total = weights[0] @ weighed.values
    else:
        total = np.einsum("kn,kn->n", weights.T[:, classes_of(weighed, group.threshold)], weighed.values)
    unit = 1 << LOSSLESS_WEIGHT_BITS
    found: Array = np.clip(unit * weighed.reference + total, 0, unit * (2**depth - 1))
    return found


def rounded(expected: Array) -> Prediction:
    """(9.9.4) The nearest integer, which side of it the expectation lies on, and how far."""
    fixed = expected.astype(np.int64)
    half = 1 << (LOSSLESS_WEIGHT_BITS - 1)
    value = (fixed + half) >> LOSSLESS_WEIGHT_BITS
    rest = fixed - (value << LOSSLESS_WEIGHT_BITS)
    phase = np.minimum((2 * PHASES * np.abs(rest)) >> LOSSLESS_WEIGHT_BITS, PHASES - 1)
    return Prediction(value, np.where(rest < 0, -1, 1), phase)


def predict(region: Region, index: int, place: Sites, group: Group) -> Prediction:
    """(9.9.4) Samples of plane `index` at some places of a pass."""
    return rounded(position(prediction_features(region, index, place), group, region.depth))


def contexts(features: Array, group: Group) -> IntArray:
    """(9.9.5) Context of each sample, 0..80, four to an octave of the error estimate."""
    estimate = group.error_weights.astype(np.float64) @ features
    return np.searchsorted(_thresholds(), estimate, "right").astype(np.int64)


def coding(context: IntArray, phase: IntArray, group: Group, depth: int) -> Coding:
    """(9.9.6) Width, row and low bits from the context."""
    width = group.widths[context]
    return Coding(width, rows_of(width, group.shapes[context], phase, depth), low_bits(width, depth))


def step(region: Region, index: int, place: Sites, group: Group) -> tuple[Prediction, Coding]:
    """(9.9.4 to 9.9.6) Everything that must be known before residuals are decoded."""
    weighed = prediction_features(region, index, place)
    predicted = rounded(position(weighed, group, region.depth))
    features = error_features(region, index, place, weighed.close, predicted.value.astype(np.float64))
    return predicted, coding(contexts(features, group), predicted.phase, group, region.depth)

