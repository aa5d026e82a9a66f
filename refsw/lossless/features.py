# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.9.4, 9.9.5) What is weighed to predict a sample, and to estimate how wrong the prediction is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refsw.lossless.lattice import NEIGHBOURS, Sites

Array = NDArray[np.float64]
"""Integers below 2**53, held in floating point, so that sums of products are exact in any order (D.4)."""
_AROUND = ((0, -1), (0, 1), (-1, 0), (1, 0))
CLOSE = 4  # neighbours at the least distance


@dataclass(frozen=True)
class Region:
    """Planes of one region while they are decoded, in coding order.

    base: prediction planes, known everywhere; samples: known as far as decoded; errors: magnitude of the prediction's
    error, known as far as decoded; all int32 [h, w] each; depth: bits of a sample.
    """

    base: tuple[NDArray[np.int32], ...]
    samples: tuple[NDArray[np.int32], ...]
    errors: tuple[NDArray[np.int32], ...]
    depth: int

    def alike(self, index: int) -> tuple[int, ...]:
        """Other planes of the same size."""
        shape = self.base[index].shape
        return tuple(i for i, other in enumerate(self.base) if i != index and other.shape == shape)


def open_region(base: Sequence[NDArray[np.int32]], depth: int) -> Region:
    """Nothing decoded yet."""
    shapes = [plane.shape for plane in base]
    return Region(
        tuple(base), tuple(np.zeros(s, np.int32) for s in shapes), tuple(np.zeros(s, np.int32) for s in shapes), depth
    )


@dataclass(frozen=True)
class Weighed:
    """reference: [n], values: [K, n], close: [4, n], the nearest neighbours (none in the seed pass)."""

    reference: Array
    values: Array
    close: Array


def prediction_features(region: Region, index: int, place: Sites) -> Weighed:
    """(9.9.4) Features of the prediction of plane `index`, the constant last."""
    own, base = region.samples[index], region.base[index]
    offsets = NEIGHBOURS[place.own.kind]
    known = np.array([place.known(own, *o) for o in offsets], np.float64).reshape(len(offsets), place.count)
    middle = place.here(base).astype(np.float64)
    reference = _mean(known) if offsets else middle
    parts = [*(known - reference)]
    if offsets:
        parts.append(middle - reference)
        parts += [place.known(base, *o) - middle for o in offsets[:CLOSE]]
    parts += [place.near(base, *o) - middle for o in _AROUND]
    for other in region.alike(index):
        samples = region.samples[other]
        theirs = np.array([place.known(samples, *o) for o in offsets[:CLOSE]], np.float64)
        their_reference = _mean(theirs) if offsets else place.here(region.base[other])
        if other < index:
            parts.append(place.here(samples) - their_reference)
        if offsets:
            parts += [*(theirs - their_reference)]
    parts.append(np.ones(place.count))
    return Weighed(reference, np.array(parts, np.float64), known[:CLOSE])


def error_features(region: Region, index: int, place: Sites, close: Array, predicted: Array) -> Array:
    """(9.9.5) Features of the error estimate, all at least 0, the constant last: [K, n]."""
    own, base, offsets = region.samples[index], region.base[index], NEIGHBOURS[place.own.kind]
    middle = place.here(base)
    parts = [np.abs(n - predicted) for n in close]
    parts += [np.abs(place.known(own, *o) - predicted) for o in offsets[CLOSE:12]]
    if offsets:
        parts += [np.abs(close[0] - close[1]), np.abs(close[2] - close[3])]
    parts += [place.known(region.errors[index], *o) for o in offsets[:CLOSE]]
    parts += [place.here(region.errors[other]) for other in region.alike(index) if other < index]
    parts.append(np.abs(middle - predicted))
    parts += [np.abs(place.near(base, *o) - middle) for o in _AROUND]
    parts.append(np.ones(place.count))
    return np.array(parts, np.float64)


def counts(kind: str, alike: int, earlier: int) -> tuple[int, int]:
    """Numbers of features of prediction and of error; alike: other planes of the same size, earlier: those before."""
    offsets = len(NEIGHBOURS[kind])
    if not offsets:
        return 4 + earlier + 1, earlier + 1 + 4 + 1
    return offsets + 1 + CLOSE + 4 + CLOSE * alike + earlier + 1, min(offsets, 12) + 2 + CLOSE + earlier + 1 + 4 + 1


def _mean(four: Array) -> Array:
    """Of the four nearest, rounded to nearest, halves upwards."""
    found: Array = np.floor((four[:CLOSE].sum(0) + CLOSE / 2) / CLOSE)
    return found
