# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.9.2) The parameters of a region: weights, and what each context of the error estimate means.

All of them are integers in one substream of 8.4 with one lane, over the Gaussian rows (8.4.3): first, for all groups of
all planes, whether the group has classes; then, group by group, threshold, weights, error weights, widths and shapes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refsw.constants import LOSSLESS_CLASSES, LOSSLESS_CONTEXTS
from refsw.entropy import rans
from refsw.entropy.tables import gaussian_tables
from refsw.errors import DamageError
from refsw.lossless.features import counts
from refsw.lossless.generate import SHAPES
from refsw.lossless.lattice import GROUP_KIND, GROUPS
from refsw.lossless.rows import RAW, WIDTHS

IntArray = NDArray[np.int64]
CONTEXTS = LOSSLESS_CONTEXTS + 1
WEIGHT_LIMIT = 1 << 15
"""Magnitude of a weight and of a threshold stays below it."""
RAW_SYMBOL = 2 * WIDTHS  # in place of a difference of widths


@dataclass(frozen=True)
class Group:
    """(9.9.2) Parameters of one group of passes of one plane.

    threshold: activity from which the upper classes begin; weights: [1 or 4, K]; error_weights: [K'];
    widths: [81], 0..75 or RAW; shapes: [81], 0..3.
    """

    threshold: int
    weights: IntArray
    error_weights: IntArray
    widths: IntArray
    shapes: IntArray


Parameters = tuple[tuple[Group, ...], ...]
"""Plane in coding order, then group."""


def neutral(kind: str, alike: int, earlier: int) -> Group:
    """Predicts the mean of the neighbours, and says nothing about the error."""
    k, e = counts(kind, alike, earlier)
    zeros = np.zeros(CONTEXTS, np.int64)
    return Group(0, np.zeros((1, k), np.int64), np.zeros(e, np.int64), np.arange(CONTEXTS).clip(0, WIDTHS - 1), zeros)


def relations(shapes: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """For each plane the number of others of its size, and of those before it."""
    return [
        (sum(o == own for o in shapes) - 1, sum(o == own for o in shapes[:index])) for index, own in enumerate(shapes)
    ]


def _sizes(shapes: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, tuple[int, int]]]:
    """Plane, group, and its numbers of weights and error weights, in coding order."""
    for index, (alike, earlier) in enumerate(relations(shapes)):
        for group in range(GROUPS):
            yield index, group, counts(GROUP_KIND[group], alike, earlier)


def _rows(table_rows: tuple[int, int, int, int], weights: int, errors: int, classes: bool) -> IntArray:
    """Table row of each symbol of a group; table_rows: of weights, error weights, widths, shapes."""
    head = [1, LOSSLESS_CLASSES * weights] if classes else [0, weights]
    return np.repeat(np.array([table_rows[1], table_rows[0], *table_rows[1:]]), [*head, errors, CONTEXTS, CONTEXTS])


def read_parameters(
    data: bytes, shapes: Sequence[tuple[int, int]], table_rows: tuple[int, int, int, int]
) -> Parameters:
    """(9.9.2) shapes: of the planes in coding order. Raises DamageError."""
    decoder = rans.Decoder(data, gaussian_tables(), 1)
    flags = decoder.decode(np.full(GROUPS * len(shapes), table_rows[3])).tolist()
    if set(flags) - {0, 1}:
        raise DamageError("lossless parameters: whether a group has classes is neither 0 nor 1")
    found: list[list[Group]] = [[] for _ in shapes]
    for (index, _, (weights, errors)), classes in zip(_sizes(shapes), flags, strict=True):
        values = decoder.decode(_rows(table_rows, weights, errors, bool(classes))).astype(np.int64)
        found[index].append(_group(values, weights, errors, bool(classes)))
    decoder.finish()
    return tuple(tuple(groups) for groups in found)


def _group(values: IntArray, weights: int, errors: int, classes: bool) -> Group:
    sets = LOSSLESS_CLASSES if classes else 1
    threshold, own, error_weights, steps, shapes = np.split(
        values, np.cumsum([int(classes), sets * weights, errors, CONTEXTS])
    )
    widths = np.where(steps == RAW_SYMBOL, RAW, (np.arange(CONTEXTS).clip(0, WIDTHS - 1) + steps).clip(0, WIDTHS - 1))
    if max(int(np.abs(v).max(initial=0)) for v in (threshold, own, error_weights, steps)) >= WEIGHT_LIMIT:
        raise DamageError(f"lossless parameters: a weight of magnitude {WEIGHT_LIMIT} or above")
    if shapes.min() < 0 or shapes.max() >= len(SHAPES):
        raise DamageError(f"lossless parameters: shape outside 0..{len(SHAPES) - 1}")
    return Group(int(threshold[0]) if classes else 0, own.reshape(sets, weights), error_weights, widths, shapes)


def kinds(parameters: Parameters, planes: int) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """(informative) All weights; thresholds and error weights; steps of widths; shapes and flags: as they are coded."""
    groups = [group for own in parameters[:planes] for group in own]
    flags = np.array([len(group.weights) > 1 for group in groups], np.int64)
    return (
        np.concatenate([g.weights.ravel() for g in groups]),
        np.concatenate([v for g in groups for v in ([g.threshold], g.error_weights)]),
        np.concatenate([_steps(g) for g in groups]),
        np.concatenate([flags, *(g.shapes for g in groups)]),
    )


def _steps(group: Group) -> IntArray:
    return np.where(group.widths == RAW, RAW_SYMBOL, group.widths - np.arange(CONTEXTS).clip(0, WIDTHS - 1))


def write_parameters(
    parameters: Parameters, shapes: Sequence[tuple[int, int]], table_rows: tuple[int, int, int, int]
) -> bytes:
    """(informative) What `read_parameters` reads."""
    symbols, rows = [], [np.full(GROUPS * len(shapes), table_rows[3])]
    symbols.append(np.array([len(g.weights) > 1 for groups in parameters for g in groups], np.int64))
    for index, group, (weights, errors) in _sizes(shapes):
        own = parameters[index][group]
        classes = len(own.weights) > 1
        head = np.full(int(classes), own.threshold)
        symbols += [head, own.weights.ravel(), own.error_weights, _steps(own), own.shapes]
        rows.append(_rows(table_rows, weights, errors, classes))
    return rans.encode(np.concatenate(symbols), np.concatenate(rows), gaussian_tables(), 1)
