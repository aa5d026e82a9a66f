# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Bjontegaard delta rate: the mean rate difference of two codecs at equal quality.

ln(bpp) is interpolated as a function of the metric by PCHIP (monotone piecewise cubic Hermite, Fritsch and Carlson
1980, as SciPy has it) and the difference of both curves is averaged over the metric interval that they share.
That interval is also held to the part of the anchor's curve within `ANCHOR_BPP`, so that a comparison does not
hang on rates at which nobody uses the codecs.

    bd = exp( 1 / (b - a) * integral from a to b of (ln R_test(m) - ln R_anchor(m)) dm ) - 1
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from refsw.errors import InputError

ANCHOR_BPP = (0.1, 1.5)


@dataclass(frozen=True)
class Curve:
    """A rate-distortion curve: bpp and metric (dB), both strictly increasing, two points or more."""

    name: str
    bpp: tuple[float, ...]
    metric: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.bpp) != len(self.metric) or len(self.bpp) < 2:
            raise InputError(f"curve {self.name}: needs two points or more, as many rates as metric values")
        if not np.all(np.isfinite(self.bpp + self.metric)) or min(self.bpp) <= 0:
            raise InputError(f"curve {self.name}: rates must be positive, and all values finite")
        if np.any(np.diff(self.bpp) <= 0) or np.any(np.diff(self.metric) <= 0):
            raise InputError(f"curve {self.name}: rate and metric must both increase strictly from point to point")

    @classmethod
    def from_points(cls, name: str, points: Iterable[tuple[float, float]]) -> Curve:
        """A curve from (bpp, metric) points in any order."""
        ordered = sorted(points)
        return cls(name, tuple(bpp for bpp, _ in ordered), tuple(metric for _, metric in ordered))

    def log_rate(self) -> PchipInterpolator:
        """ln(bpp) as a function of the metric."""
        return PchipInterpolator(self.metric, np.log(self.bpp))

    def metric_at(self, bpp: float) -> float:
        """The metric at a rate inside the curve: PCHIP over bpp."""
        return float(PchipInterpolator(self.bpp, self.metric)(bpp))


def shared_interval(
    anchor: Curve, test: Curve, anchor_bpp: tuple[float, float] | None = ANCHOR_BPP
) -> tuple[float, float]:
    """The metric interval over which two curves are compared; InputError where there is none.

    anchor_bpp: rates of the anchor that bound it; None for the whole overlap of both curves.
    """
    low, high = max(anchor.metric[0], test.metric[0]), min(anchor.metric[-1], test.metric[-1])
    if anchor_bpp is not None:
        first, last = max(anchor_bpp[0], anchor.bpp[0]), min(anchor_bpp[1], anchor.bpp[-1])
        if first >= last:
            raise InputError(f"curve {anchor.name} has no rates within {anchor_bpp[0]}..{anchor_bpp[1]} bpp")
        low, high = max(low, anchor.metric_at(first)), min(high, anchor.metric_at(last))
    if low >= high:
        raise InputError(f"curves {anchor.name} and {test.name} share no metric interval")
    return low, high


def bd_rate(anchor: Curve, test: Curve, anchor_bpp: tuple[float, float] | None = ANCHOR_BPP) -> float:
    """Mean rate difference of `test` against `anchor` in percent; negative where `test` needs fewer bits.

    anchor_bpp: see `shared_interval`, which also says what InputError is raised for.
    """
    low, high = shared_interval(anchor, test, anchor_bpp)
    integral = test.log_rate().integrate(low, high) - anchor.log_rate().integrate(low, high)
    return 100 * float(np.expm1(integral / (high - low)))
