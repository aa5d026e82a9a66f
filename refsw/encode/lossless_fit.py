# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Parameters of the lossless layer for one region: weighted least squares, and rows by their cost."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from refsw.constants import LOSSLESS_CLASSES, LOSSLESS_ERROR_BITS, LOSSLESS_WEIGHT_BITS
from refsw.entropy.bypass import distances
from refsw.lossless.features import Region, Weighed, error_features, prediction_features
from refsw.lossless.generate import SHAPES
from refsw.lossless.lattice import GROUP_KIND, Sites, passes, sites
from refsw.lossless.parameters import CONTEXTS, WEIGHT_LIMIT
from refsw.lossless.predict import Prediction, classes_of
from refsw.lossless.rows import RAW, WIDTHS, low_bits, residual_tables, rows_of

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]
FITTED = 24_000
"""Samples of a group that weights are fitted to."""
ROUNDS = 3
BITS_PER_WEIGHT = 8.0
BITS_PER_CONTEXT = 5.0


def places_of(group: int, shape: tuple[int, int], limit: int | None = None) -> Iterator[Sites]:
    """Places of the passes of a group; with a limit, rows spread over the plane that hold about so many samples."""
    own = [p for p in passes() if p.group == group]
    total = sum(place.count for p in own for place in sites(p, shape))
    every = 1 if limit is None else max(1, round(total / limit))
    for one in own:
        rows, columns = np.arange(one.top, shape[0], one.step), np.arange(one.left, shape[1], one.step)
        if len(rows) and len(columns):
            if limit is None:
                yield from sites(one, shape)
            else:
                yield Sites(one, rows[len(rows) // 2 % every :: every], columns, shape)


def _joined(parts: list[Weighed]) -> Weighed:
    return Weighed(
        np.concatenate([p.reference for p in parts]), np.concatenate([p.values for p in parts], 1),
        np.concatenate([p.close for p in parts], 1),
    )  # fmt: skip


def _solve(values: Array, target: Array, weights: Array, start: Array) -> Array:
    """start + the weighted least-squares solution of what it leaves over, held near it."""
    scaled = values * weights
    gram = scaled @ values.T
    hold = 1e-6 * np.trace(gram) / len(gram) + 1e-3 * weights.sum() / max(1, len(target)) + 1e-9
    found: Array = start + np.linalg.solve(gram + hold * np.eye(len(gram)), scaled @ (target - start @ values))
    return found


def _robust(values: Array, target: Array, start: Array) -> Array:
    """Weights that make the magnitude of the error small, rather than its square."""
    found = start
    for _ in range(ROUNDS):
        error = np.abs(target - found @ values)
        found = _solve(values, target, 1 / (error + 0.02 * error.mean() + 1), found)
    return found


def _cost(error: Array) -> float:
    """Bits of some errors, but for a constant: those of a Laplacian whose scale is known locally."""
    return float(np.log2(error + 0.7).sum())


def _fixed(weights: Array, bits: int) -> IntArray:
    return np.round(weights * (1 << bits)).astype(np.int64).clip(1 - WEIGHT_LIMIT, WEIGHT_LIMIT - 1)


def fit_weights(region: Region, index: int, group: int) -> tuple[int, IntArray]:
    """Threshold and weights of a group of passes; region.samples are those of the picture already."""
    shape = region.base[index].shape
    places = list(places_of(group, (shape[0], shape[1]), FITTED))
    parts = [prediction_features(region, index, place) for place in places]
    if not parts:
        return 0, np.zeros((1, 0), np.int64)
    weighed = _joined(parts)
    target = np.concatenate([place.here(region.samples[index]) for place in places]) - weighed.reference
    k = len(weighed.values)
    nothing = np.zeros((1, k), np.int64)
    total = sum(place.count for place in places_of(group, (shape[0], shape[1])))
    share = total / max(1, len(target))
    if total < 6 * k:
        return 0, nothing
    own = _robust(weighed.values, target, np.zeros(k))
    one = _fixed(own, LOSSLESS_WEIGHT_BITS)[None]
    left = _cost(np.abs(target - one[0] @ weighed.values / (1 << LOSSLESS_WEIGHT_BITS)))
    if (_cost(np.abs(target)) - left) * share < BITS_PER_WEIGHT * k:
        return 0, nothing
    if total < 60 * k or GROUP_KIND[group] == "seed":
        return 0, one
    activity = np.abs(weighed.close - weighed.reference).sum(0)
    threshold = int(min(np.median(activity), WEIGHT_LIMIT - 1))
    classes, found, several = classes_of(weighed, threshold), [], 0.0
    for c in range(LOSSLESS_CLASSES):
        mine = classes == c
        values, wanted = weighed.values[:, mine], target[mine]
        fitted = _fixed(_robust(values, wanted, own) if mine.sum() > 4 * k else own, LOSSLESS_WEIGHT_BITS)
        found.append(fitted)
        several += _cost(np.abs(wanted - fitted @ values / (1 << LOSSLESS_WEIGHT_BITS)))
    better = (left - several) * share > BITS_PER_WEIGHT * k * (LOSSLESS_CLASSES - 1)
    return (threshold, np.array(found)) if better else (0, one)


def fit_errors(region: Region, index: int, group: int, predicted: list[tuple[Sites, Weighed, Prediction]]) -> IntArray:
    """Weights of the error estimate; region.errors are known."""
    parts = [
        error_features(region, index, place, weighed.close, one.value.astype(np.float64))
        for place, weighed, one in predicted
    ]
    if not parts:
        return np.zeros(0, np.int64)
    features = np.concatenate(parts, 1)
    target = np.concatenate([place.here(region.errors[index]) for place, _, _ in predicted]).astype(np.float64)
    found = np.zeros(len(features))
    estimate = np.full(len(target), target.mean() + 0.1)
    for _ in range(ROUNDS + 1):
        found = _solve(features, target, 1 / (estimate + 0.3) ** 2, found)
        estimate = np.maximum(found @ features, 0.05)
    return _fixed(found, LOSSLESS_ERROR_BITS)


@cache
def _costs() -> tuple[IntArray, list[Array]]:
    """Least value, and bits of each value with an entry of its own, of every row; escape last."""
    tables = residual_tables()
    bits = tables.total_bits - np.log2(tables.frequencies)
    return tables.minimum, [bits[a:b] for a, b in zip(tables.offsets[:-1], tables.offsets[1:], strict=True)]


def row_bits(values: IntArray, numbers: IntArray, row: int) -> float:
    """Bits of some values, each that often, under one row."""
    minimum, bits = _costs()
    own, last = bits[row], len(bits[row]) - 1
    place = values - minimum[row]
    out = (place < 0) | (place >= last)
    total = float((own[np.where(out, last, place)] * numbers).sum())
    if out.any():
        _, _, _, rest = distances(values[out], np.full(out.sum(), row), residual_tables())
        total += float((numbers[out] * 2 * np.frexp(rest + 1.0)[1]).sum())
    return total


class Histograms:
    """Residuals of a group of passes of a plane, by context and phase."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.parts: list[tuple[IntArray, IntArray, IntArray]] = []

    def add(self, context: IntArray, phase: IntArray, residual: IntArray) -> None:
        """context, phase, residual: [n]."""
        self.parts.append((context, phase, residual))

    def rows(self) -> tuple[IntArray, IntArray]:
        """The width and shape of each context that cost least."""
        widths, shapes = np.arange(CONTEXTS).clip(0, WIDTHS - 1), np.zeros(CONTEXTS, np.int64)
        if not self.parts:
            return widths, shapes
        context, phase, residual = (np.concatenate(column) for column in zip(*self.parts, strict=True))
        for one in np.unique(context):
            mine = context == one
            widths[one], shapes[one] = self._best(int(one), phase[mine], residual[mine])
        return widths, shapes

    def _best(self, context: int, phase: IntArray, residual: IntArray) -> tuple[int, int]:
        found = [np.unique(residual[phase == p], return_counts=True) for p in range(3)]
        size = np.abs(residual)
        guesses = [max(0, round(4 * (np.log2(1.25 * float(m) + 0.05) + 3))) for m in (size.mean(), np.median(size))]
        tried = sorted({w for g in guesses for w in range(max(0, g - 5), min(WIDTHS, g + 4))})
        raw = len(residual) * (self.depth + 2e-3) + BITS_PER_CONTEXT
        best = (raw if len(residual) > 50 else 1e99, RAW, 0)
        for width in tried:
            low = int(low_bits(np.array(width), self.depth))
            grouped = [(((v + ((1 << low) >> 1)) >> low), n) for v, n in found]
            change = 2 * min(abs(width - context), 4)
            for shape in range(len(SHAPES)):
                total = float(low * len(residual) + change)
                for p, (values, numbers) in enumerate(grouped):
                    if len(values):
                        row = rows_of(np.array(width), np.array(shape), np.array(p), self.depth)
                        total += row_bits(values, numbers, int(row))
                    if total > best[0]:
                        break
                if total < best[0]:
                    best = (total, width, shape)
        return best[1], best[2]

