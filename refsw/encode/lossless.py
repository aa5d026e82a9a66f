# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) The lossless layer of one region: fit its parameters, then write what `refsw.lossless` reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from refsw.encode.lossless_fit import Histograms, fit_errors, fit_weights, places_of
from refsw.entropy import rans
from refsw.entropy.cost import choose_lanes, code_length
from refsw.entropy.tables import gaussian_tables
from refsw.lossless.features import Region, error_features, open_region, prediction_features
from refsw.lossless.generate import UNIFORM_BITS
from refsw.lossless.lattice import GROUP_KIND, GROUPS, passes, sites
from refsw.lossless.parameters import Group, Parameters, kinds, neutral, relations, write_parameters
from refsw.lossless.predict import contexts, position, predict, rounded, step
from refsw.lossless.region import Payload, symbols_of
from refsw.lossless.rows import residual_tables, uniform_row

IntArray = NDArray[np.int64]
Plane = NDArray[np.int32]
ESTIMATED = 24_000
"""Samples of a group that the error estimate is fitted to."""


def encode_region(samples: Sequence[Plane], base: Sequence[Plane], depth: int) -> Payload:
    """samples, base: planes in coding order, int32 [h, w], 0..2**depth - 1."""
    region = replace(open_region(base, depth), samples=tuple(samples))
    parameters = _weights(region)
    _fill_errors(region, parameters)
    parameters = _estimates(region, parameters)
    symbols, rows = _coded(region, parameters)
    bits = code_length(symbols, rows, residual_tables())
    lanes = choose_lanes(bits, len(symbols))
    shapes = [(plane.shape[0], plane.shape[1]) for plane in base]
    table_rows = _table_rows(parameters, shapes)
    return Payload(
        table_rows, lanes, write_parameters(parameters, shapes, table_rows),
        rans.encode(symbols, rows, residual_tables(), lanes),
    )  # fmt: skip


def code_region(
    samples: Sequence[Plane], base: Sequence[Plane], depth: int, parameters: Parameters,
    table_rows: tuple[int, int, int, int], lanes: int,
) -> Payload:  # fmt: skip
    """With parameters that are given, whether they fit or not; the same on every machine."""
    region = replace(open_region(base, depth), samples=tuple(samples))
    _fill_errors(region, parameters)
    symbols, rows = _coded(region, parameters)
    written = write_parameters(parameters, [(plane.shape[0], plane.shape[1]) for plane in base], table_rows)
    return Payload(table_rows, lanes, written, rans.encode(symbols, rows, residual_tables(), lanes))


def _weights(region: Region) -> Parameters:
    found = []
    for index, (alike, earlier) in enumerate(relations([(p.shape[0], p.shape[1]) for p in region.base])):
        own = []
        for group in range(GROUPS):
            start = neutral(GROUP_KIND[group], alike, earlier)
            threshold, weights = fit_weights(region, index, group)
            own.append(replace(start, threshold=threshold, weights=weights) if weights.size else start)
        found.append(tuple(own))
    return tuple(found)


def _fill_errors(region: Region, parameters: Parameters) -> None:
    for own in passes():
        for index, plane in enumerate(region.base):
            for place in sites(own, (plane.shape[0], plane.shape[1])):
                predicted = predict(region, index, place, parameters[index][own.group])
                place.put(region.errors[index], np.abs(place.here(region.samples[index]) - predicted.value))


def _estimates(region: Region, parameters: Parameters) -> Parameters:
    """Error weights, widths and shapes of every group."""
    return tuple(
        tuple(_estimate(region, index, number, group) for number, group in enumerate(groups))
        for index, groups in enumerate(parameters)
    )


def _estimate(region: Region, index: int, number: int, group: Group) -> Group:
    shape = (region.base[index].shape[0], region.base[index].shape[1])
    taken = []
    for place in places_of(number, shape, ESTIMATED):
        weighed = prediction_features(region, index, place)
        taken.append((place, weighed, rounded(position(weighed, group, region.depth))))
    weights = fit_errors(region, index, number, taken)
    if sum(place.count for place, _, _ in taken) < 4 * len(weights) or not weights.size:
        weights = group.error_weights
    group = replace(group, error_weights=weights)
    histograms = Histograms(region.depth)
    for place in places_of(number, shape):
        weighed = prediction_features(region, index, place)
        one = rounded(position(weighed, group, region.depth))
        features = error_features(region, index, place, weighed.close, one.value.astype(np.float64))
        residual = (one.sign * (place.here(region.samples[index]) - one.value)).astype(np.int64)
        histograms.add(contexts(features, group), one.phase, residual)
    widths, shapes = histograms.rows()
    return replace(group, widths=widths, shapes=shapes)


def _coded(region: Region, parameters: Parameters) -> tuple[IntArray, IntArray]:
    """All symbols and their rows, in coding order."""
    symbols, rows = list[IntArray](), list[IntArray]()
    for own in passes():
        for index, plane in enumerate(region.base):
            lows, bits = list[IntArray](), list[IntArray]()
            for place in sites(own, (plane.shape[0], plane.shape[1])):
                predicted, coded = step(region, index, place, parameters[index][own.group])
                high, low = symbols_of(predicted, coded, place.here(region.samples[index]))
                symbols.append(high)
                rows.append(coded.row)
                lows.append(low)
                bits.append(coded.low)
            if lows:
                for part, row in _low_symbols(np.concatenate(lows), np.concatenate(bits)):
                    symbols.append(part)
                    rows.append(row)
    return np.concatenate(symbols), np.concatenate(rows)


def _low_symbols(low: IntArray, bits: IntArray) -> list[tuple[IntArray, IntArray]]:
    found = []
    for shift in range(0, int(bits.max(initial=0)), UNIFORM_BITS):
        own = (bits - shift).clip(0, UNIFORM_BITS)
        has = own > 0
        found.append((low[has] >> shift & ((1 << own[has]) - 1), uniform_row(own[has])))
    return found


def _table_rows(parameters: Parameters, shapes: Sequence[tuple[int, int]]) -> tuple[int, int, int, int]:
    """The Gaussian rows under which weights, error weights, widths and shapes cost least."""
    found = []
    for values in kinds(parameters, len(shapes)):
        known, numbers = np.unique(values, return_counts=True)
        rows = range(gaussian_tables().rows)
        repeated = np.repeat(known, np.minimum(numbers, 200))
        bits = [code_length(repeated, np.full(len(repeated), k), gaussian_tables()) for k in rows]
        found.append(int(np.argmin(bits)))
    return found[0], found[1], found[2], found[3]
