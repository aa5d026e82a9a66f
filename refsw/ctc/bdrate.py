# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Bjontegaard deltas: the mean difference of two codecs, of rate at equal quality or of quality at equal rate.

ln(bpp) is interpolated as a function of the metric and the difference of both curves is averaged over the metric
interval that they share. That interval is also held to the part of the anchor's curve within a range of rates, so
that a comparison does not hang on rates at which nobody uses the codecs.

    bd_rate = exp( 1 / (b - a) * integral from a to b of (ln R_test(m) - ln R_anchor(m)) dm ) - 1
    bd_metric = 1 / (d - c) * integral from c to d of (m_test(r) - m_anchor(r)) dr,    r = ln R

Interpolation is SciPy's: PCHIP (monotone, Fritsch and Carlson 1980), or Akima (1970), which follows dense curves more
closely and may overshoot between sparse ones. docs/decisions/ has why SciPy and not a package for the whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.interpolate import Akima1DInterpolator, PchipInterpolator

from refsw.errors import InputError

Method = Literal["pchip", "akima"]
Range = tuple[float, float]
INTERPOLATORS = {"pchip": PchipInterpolator, "akima": Akima1DInterpolator}
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

    def log_rate(self, method: Method = "pchip") -> PchipInterpolator | Akima1DInterpolator:
        """ln(bpp) as a function of the metric."""
        return INTERPOLATORS[method](self.metric, np.log(self.bpp))

    def quality(self, method: Method = "pchip") -> PchipInterpolator | Akima1DInterpolator:
        """The metric as a function of ln(bpp)."""
        return INTERPOLATORS[method](np.log(self.bpp), self.metric)

    def metric_at(self, bpp: float) -> float:
        """The metric at a rate inside the curve: PCHIP over bpp."""
        return float(PchipInterpolator(self.bpp, self.metric)(bpp))


def shared_interval(anchor: Curve, test: Curve, anchor_bpp: Range | None = ANCHOR_BPP) -> Range:
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


def shared_rates(anchor: Curve, test: Curve, anchor_bpp: Range | None = ANCHOR_BPP) -> Range:
    """The interval of bpp over which bd_metric compares two curves; InputError where there is none."""
    bounds = anchor_bpp or (0.0, np.inf)
    low, high = max(anchor.bpp[0], test.bpp[0], bounds[0]), min(anchor.bpp[-1], test.bpp[-1], bounds[1])
    if low >= high:
        raise InputError(f"curves {anchor.name} and {test.name} share no rates")
    return low, high


def bd_rate(anchor: Curve, test: Curve, anchor_bpp: Range | None = ANCHOR_BPP, method: Method = "pchip") -> float:
    """Mean rate difference of `test` against `anchor` in percent; negative where `test` needs fewer bits.

    anchor_bpp: see `shared_interval`, which also says what InputError is raised for.
    """
    low, high = shared_interval(anchor, test, anchor_bpp)
    integral = test.log_rate(method).integrate(low, high) - anchor.log_rate(method).integrate(low, high)
    return 100 * float(np.expm1(integral / (high - low)))


def bd_metric(anchor: Curve, test: Curve, anchor_bpp: Range | None = ANCHOR_BPP, method: Method = "pchip") -> float:
    """Mean metric difference of `test` against `anchor` in units of the metric; positive where `test` is better.

    anchor_bpp: rates outside it are left out. Raises InputError where the curves share no rates.
    """
    low, high = np.log(shared_rates(anchor, test, anchor_bpp))
    integral = test.quality(method).integrate(low, high) - anchor.quality(method).integrate(low, high)
    return float(integral / (high - low))


def overlap(anchor: Curve, test: Curve, anchor_bpp: Range | None = ANCHOR_BPP) -> float:
    """The part of the anchor's metric interval that a BD-rate rests on, 0..1; 0 where there is none."""
    try:
        low, high = shared_interval(anchor, test, anchor_bpp)
        first, last = shared_interval(anchor, anchor, anchor_bpp)
    except InputError:
        return 0.0
    return (high - low) / (last - first)
