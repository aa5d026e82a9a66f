# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.11.3.6, 9.11.3.7) Classes of samples, and the differences that are weighted. All integers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from refsw.colour import plane_range
from refsw.tools.switched_enhancement.bank import Term
from refsw.tools.tool import Plane

REACH = 4
SIDE = 7
"""Side of the square over which gradients are summed."""
DIRECTIONS = 5


def _inner(plane: Plane, y: int, x: int, margin: int) -> Plane:
    """A plane with `margin` around it, moved by (y, x) and cut to the middle."""
    height, width = (side - 2 * margin for side in plane.shape)
    return plane[margin + y : margin + y + height, margin + x : margin + x + width]


def _squares(values: Plane) -> Plane:
    """[h + 6, w + 6] -> sums over squares of SIDE x SIDE, [h, w]."""
    height, width = (side - SIDE + 1 for side in values.shape)
    rows = values[:height].copy()
    for index in range(1, SIDE):
        rows += values[index : index + height]
    total = rows[:, :width].copy()
    for index in range(1, SIDE):
        total += rows[:, index : index + width]
    return total


def classes(luma: Plane, thresholds: Sequence[int], bit_depth: int) -> NDArray[np.intp]:
    """(9.11.3.6) int32 [h + 8, w + 8] -> class 5 activity + direction of each sample, [h, w].

    A gradient is at most 2 * 2^20, its sum over 49 samples below 2^27, four times that below 2^29.
    """
    twice = 2 * _inner(luma, 0, 0, 1)
    across, down, falling, rising = (
        _squares(np.abs(twice - _inner(luma, -y, -x, 1) - _inner(luma, y, x, 1)))
        for y, x in ((0, 1), (1, 0), (1, 1), (1, -1))
    )
    total = across + down
    activity = np.searchsorted(np.array(thresholds, np.int32), total >> (bit_depth - 8), side="right")
    straight, oblique = np.abs(across - down), np.abs(falling - rising)
    direction = np.where(
        straight >= oblique, np.where(across > down, 1, 2), np.where(falling > rising, 3, 4)
    )  # fmt: skip
    direction[4 * np.maximum(straight, oblique) < total] = 0
    return DIRECTIONS * activity + direction


def differences(seen: Plane, plane: int, terms: Sequence[Term], bit_depth: int) -> Iterator[Plane]:
    """(9.11.3.7) Sum of differences of each term: int32 [P, h + 8, w + 8] -> [h, w] each, used before the next is made.

    plane: that is filtered, 0..2; terms: those of that plane. In int16, which is faster, where it holds all sums.
    """
    largest = max(term.largest(bit_depth) for term in terms)
    narrow = np.int16 if largest < 1 << 15 and plane_range(bit_depth) < 1 << 13 else np.int32
    places = {0: 0, 1: plane, 2: 3 - plane}
    sources = {source: seen[places[source]].astype(narrow) for source in {term.source for term in terms}}
    total = np.empty(_inner(seen[0], 0, 0, REACH).shape, narrow)
    difference = np.empty_like(total)
    for term in terms:
        source = sources[term.source]
        centre, limit = _inner(source, 0, 0, REACH), term.limit << (bit_depth - 8)
        (y, x), *others = term.ring
        np.subtract(_inner(source, y, x, REACH), centre, out=total)
        if limit:
            np.clip(total, -limit, limit, out=total)
        for y, x in others:
            np.subtract(_inner(source, y, x, REACH), centre, out=difference)
            if limit:
                np.clip(difference, -limit, limit, out=difference)
            np.add(total, difference, out=total)
        yield total
