# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.11.3) Switched enhancement, from the text: all samples of a domain at once, in int64."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from conformance.independent.layers import Tensor, clip

REACH = 4


@cache
def read_table(spec: Path) -> Any:
    """The table of the filter."""
    return json.loads((spec / "tables" / "switched_enhancement.json").read_text(encoding="utf-8"))


def at(padded: Tensor, row: int, column: int, reach: int = REACH) -> Tensor:
    """The samples at a distance from those of the domain."""
    height, width = padded.shape[0] - 2 * reach, padded.shape[1] - 2 * reach
    return padded[reach + row : reach + row + height, reach + column : reach + column + width]


def gradient_sum(luma: Tensor, row: int, column: int) -> Tensor:
    """(9.11.3.6) A gradient summed over the 7 x 7 places around each sample."""
    gradient = np.abs(2 * at(luma, 0, 0, 1) - at(luma, -row, -column, 1) - at(luma, row, column, 1))
    places = [(i, j) for i in range(-3, 4) for j in range(-3, 4)]
    return sum((at(gradient, i, j, 3) for i, j in places), 0 * at(gradient, 0, 0, 3))


@dataclass(frozen=True)
class Switched:
    """strengths: 3 of each plane, or none; quality_index: of each plane."""

    strengths: tuple[tuple[int, ...], ...]
    quality_index: tuple[int, ...]

    def filter(self, planes: Tensor, bit_depth: int, spec: Path) -> Tensor:
        """Planes of one domain, [P, H, W], to the same."""
        table, more = read_table(spec), bit_depth - 8
        seen = [np.pad(plane.astype(np.int64), REACH, mode="edge") for plane in planes]
        h, v, f, r = (gradient_sum(seen[0], *step) for step in ((0, 1), (1, 0), (1, 1), (1, -1)))
        activity = sum(((h + v) >> more >= least).astype(np.int64) for least in table["thresholds"])
        straight, oblique = np.abs(h - v), np.abs(f - r)
        direction = np.where(straight >= oblique, 2 - (h > v), 4 - (f > r))
        direction[4 * np.maximum(straight, oblique) < h + v] = 0
        out = planes.copy()
        for plane, strength in enumerate(self.strengths[: len(planes)]):
            if strength:
                p = self.correction(table, seen, plane, 5 * activity + direction, more)
                s = np.array(strength)[activity >> 1]
                out[plane] = clip(planes[plane] + ((p * s + 256) >> 9), (0, 16 * ((1 << bit_depth) - 1)))
        return out

    def correction(self, table: Any, seen: list[Tensor], plane: int, chosen: Tensor, more: int) -> Tensor:
        """(9.11.3.7) p of each sample of a plane."""
        q = self.quality_index[plane]
        i = min(q >> 9, 3)
        r = q - 512 * i
        low, high = (np.array(table["coefficients"][plane][k], np.int64) for k in (i, i + 1))
        w = (low * (512 - r) + high * r + 256) >> 9
        total = np.zeros(chosen.shape, np.int64)
        for t, (source, ring, limit) in enumerate(table["chroma" if plane else "luma"]):
            samples = seen[(0, plane, 3 - plane)[source]]
            c = at(samples, 0, 0)
            terms = [at(samples, row, column) - c for row, column in table["rings"][ring]]
            if limit:
                terms = [clip(term, (-(limit << more), limit << more)) for term in terms]
            total += w[chosen, t] * sum(terms, 0 * c)
        return (total + 32) >> 6
