# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Search of the quality index that meets a target.

    estimate(index) ─► Curve ─► index ─► code(index): real bytes ─► estimate's error, and on until the target is met

An estimate takes the analysis alone; a coding takes the entropy coder as well, and is made of estimates that hit.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from refsw.types import Image

T = TypeVar("T")
Kind = Literal["bpp", "bytes", "psnr", "msssim"]
SHARE = 0.7
"""Part of the tolerance that an estimate may take."""
EXPECTED_EXCESS = 0.003
"""By how much a file is expected to be larger than its estimate, relative: lanes and rounding of the coder."""
USUAL_BPP = (0.05, 0.09, 0.165, 0.29, 0.48, 0.74, 1.05, 1.44, 1.85)
"""Bits per pixel at the anchors of a usual picture and model: where a search begins, and how steeply it goes."""
USUAL_PSNR = (25.9, 42.0)
"""dB at the ends of the range, likewise."""


@dataclass(frozen=True)
class Target:
    """What an encoder is to meet.

    bpp: bits per pixel of the whole file, and bytes: both within a relative tolerance; psnr: dB over all samples,
    and msssim: of luma, 0..1, searched in dB, -10 log10(1 - msssim); both within a tolerance in dB.
    """

    kind: Kind
    value: float

    def size(self, pixels: int) -> float | None:
        """Bytes of the file; None where the target is not a rate."""
        if self.kind == "bpp":
            return self.value * pixels / 8
        return self.value if self.kind == "bytes" else None

    @property
    def decibels(self) -> float:
        """The target in dB, where it is not a rate."""
        return _decibels(self.value) if self.kind == "msssim" else self.value

    def measured(self, image: Image, decoded: Image) -> float:
        """Fidelity of a decoded picture in dB, where the target is not a rate."""
        from refsw.ctc.metrics import Pair, metric

        pair = Pair(image, decoded)
        return metric("psnr_rgb").value(pair) if self.kind == "psnr" else _decibels(metric("msssim").value(pair))


def _decibels(similarity: float) -> float:
    return -10 * math.log10(max(1e-10, 1 - similarity))


@dataclass
class Curve:
    """A quantity that grows with quality, where it was measured.

    top: greatest quality index; first: index of the first measurement; slope: expected growth for each index.
    """

    top: int
    first: int
    slope: float
    known: dict[int, float] = field(default_factory=dict)

    def nearest(self, goal: float) -> int:
        """The index that was measured nearest to the goal."""
        return min(self.known, key=lambda index: (abs(self.known[index] - goal), index))

    def following(self, goal: float) -> int | None:
        """The index to measure next; None where neighbours, or an end of the range, enclose the goal.

        Between two indices: on the line through them, after every third time in the middle. Outside of all: along the
        line through the two last, or with the expected slope, and further than it says after a second time.
        """
        if not self.known:
            return min(max(self.first, 0), self.top)
        below = max((i for i, value in self.known.items() if value <= goal), default=None)
        above = min((i for i, value in self.known.items() if value > goal), default=None)
        if below is not None and above is not None:
            if above - below <= 1:
                return None
            low, high = self.known[below], self.known[above]
            share = (goal - low) / (high - low) if len(self.known) % 4 else 0.5
            index = min(max(below + round(share * (above - below)), below + 1), above - 1)
        else:
            edge = below if below is not None else above
            assert edge is not None
            reach = (goal - self.known[edge]) / self._steepness(edge) * (1 if len(self.known) < 3 else 2)
            index = edge + (max(1, round(reach)) if below is not None else min(-1, round(reach)))
            index = min(max(index, 0), self.top)
        return None if index in self.known else index

    def _steepness(self, edge: int) -> float:
        others = [index for index in self.known if index != edge]
        if not others:
            return self.slope
        other = min(others, key=lambda index: abs(index - edge))
        found = (self.known[edge] - self.known[other]) / (edge - other)
        return min(max(found, self.slope / 4), 4 * self.slope)


def search(curve: Curve, measure: Callable[[int], float], goal: float, within: float, attempts: int) -> int:
    """The index whose measurement is nearest to the goal: within `within`, or after `attempts` measurements."""
    while True:
        index = curve.following(goal) if len(curve.known) < attempts else None
        if curve.known and (index is None or abs(curve.known[curve.nearest(goal)] - goal) <= within):
            return curve.nearest(goal)
        assert index is not None
        curve.known[index] = measure(index)


def search_size(
    estimate: Callable[[int], float], code: Callable[[int], T], size: Callable[[T], int], target: float,
    tolerance: float, curve: Curve, attempts: int,
) -> tuple[int, T]:  # fmt: skip
    """Index and coding whose size is nearest to the target.

    estimate: expected bytes; code: the coding; curve: without measurements, of the logarithm of bytes. Stops within
    `tolerance` (relative), after `attempts` estimates, or where no index promises more. A target outside the model's
    range ends at the range's end.
    """
    goal, excess = math.log(target), math.log1p(EXPECTED_EXCESS)

    def following() -> int:
        return search(curve, lambda i: math.log(estimate(i)), goal - excess, SHARE * tolerance, attempts)

    best = index = following()
    kept = code(index)  # only the best is kept: a coding may be large
    reached = {index: math.log(size(kept))}
    while abs(math.expm1(reached[index] - goal)) > tolerance:
        excess = reached[index] - curve.known[index]
        index = following()
        if index in reached:
            break
        coded = code(index)
        reached[index] = math.log(size(coded))
        if abs(reached[index] - goal) < abs(reached[best] - goal):
            best, kept = index, coded
    return best, kept


def size_curve(target: float, pixels: int, top: int) -> Curve:
    """Where a search of a size in bytes begins."""
    bpp, last = 8 * target / pixels, len(USUAL_BPP) - 2
    low = min(max(bisect_right(USUAL_BPP, bpp) - 1, 0), last)
    step, rise = top / (last + 1), math.log(USUAL_BPP[low + 1] / USUAL_BPP[low])
    first = step * (low + math.log(bpp / USUAL_BPP[low]) / rise)
    return Curve(top, round(min(max(first, 0), top)), rise / step)


def fidelity_curve(target: float, top: int) -> Curve:
    """Where a search of a fidelity in dB begins."""
    low, high = USUAL_PSNR
    slope = (high - low) / top
    return Curve(top, round(min(max((target - low) / slope, 0), top)), slope)
