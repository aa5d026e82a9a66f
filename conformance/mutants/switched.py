# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Mutants of decoder A in switched enhancement (9.11.3): its steps as parts, of which one is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from conformance.independent import switched
from conformance.independent.switched import Switched, at, gradient_sum
from conformance.mutants.filters import Padded
from conformance.mutants.patch import Patch

T = Any
"""A tensor of integers, or of bool."""


def _direction(h: T, v: T, f: T, r: T) -> T:
    straight, oblique = np.abs(h - v), np.abs(f - r)
    found = np.where(straight >= oblique, np.where(h > v, 1, 2), np.where(f > r, 3, 4))
    return np.where(4 * np.maximum(straight, oblique) < h + v, 0, found)


def _weights(low: T, high: T, r: int) -> T:
    return (low * (512 - r) + high * r + 256) >> 9


def _term(differences: list[T], limit: int, more: int) -> T:
    edge = limit << more
    return sum(d.clip(-edge, edge) if limit else d for d in differences)


@dataclass(frozen=True)
class Parts:
    """(9.11.3.6 to 9.11.3.8) Right as they stand here, which a test says."""

    gradient: Callable[[T, int, int], T] = gradient_sum
    activity: Callable[[T, list[int], int], T] = lambda total, least, more: sum((total >> more) >= t for t in least)
    direction: Callable[[T, T, T, T], T] = _direction
    index: Callable[[T, T], T] = lambda activity, direction: 5 * activity + direction
    group: Callable[[T], T] = lambda activity: activity >> 1
    classified: Callable[[list[T], int], T] = lambda seen, plane: seen[0]
    quality: Callable[[tuple[int, ...], int], int] = lambda own, plane: own[plane]
    weights: Callable[[T, T, int], T] = _weights
    source: Callable[[int, int], int] = lambda source, plane: (0, plane, 3 - plane)[source]
    term: Callable[[list[T], int, int], T] = _term
    correction: Callable[[T], T] = lambda total: (total + 32) >> 6
    added: Callable[[T], T] = lambda product: (product + 256) >> 9
    strengths: Callable[[tuple[int, ...], int], tuple[int, ...]] = lambda own, plane: own
    clipped: bool = True
    in_place: bool = False

    def filter(self, own: Switched, planes: T, bit_depth: int, spec: Any) -> T:
        """What the filter of decoder A does."""
        table, more, out = switched.read_table(spec), bit_depth - 8, planes.copy()
        seen = [np.pad(plane.astype(np.int64), switched.REACH, mode="edge") for plane in planes]
        for plane in range(len(planes)):
            strength = self.strengths(own.strengths[plane], plane)
            if not strength:
                continue
            luma = self.classified(seen, plane)
            h, v, f, r = (self.gradient(luma, *step) for step in ((0, 1), (1, 0), (1, 1), (1, -1)))
            activity = self.activity(h + v, table["thresholds"], more)
            chosen = self.index(activity, self.direction(h, v, f, r))
            q = self.quality(own.quality_index, plane)
            i = min(q >> 9, 3)
            low, high = (np.array(table["coefficients"][plane][k], np.int64) for k in (i, i + 1))
            w, total = self.weights(low, high, q - 512 * i), np.zeros(h.shape, np.int64)
            for t, (source, ring, limit) in enumerate(table["chroma" if plane else "luma"]):
                samples = seen[self.source(source, plane)]
                ends = [at(samples, *step) - at(samples, 0, 0) for step in table["rings"][ring]]
                total += w[chosen, t] * self.term(ends, limit, more)
            found = planes[plane] + self.added(self.correction(total) * np.array(strength)[self.group(activity)])
            out[plane] = found.clip(0, 16 * ((1 << bit_depth) - 1)) if self.clipped else found
            if self.in_place:
                seen[plane] = np.pad(out[plane].astype(np.int64), switched.REACH, mode="edge")
        return out


def _wrong(text: str, **changes: Any) -> Patch:
    parts = replace(Parts(), **changes)
    return Patch(text, Switched, "filter", lambda right: lambda self, *rest: parts.filter(self, *rest))


def _window(side: int) -> Callable[[T, int, int], T]:
    """Sums over side x side places."""

    def gradient(luma: T, row: int, column: int) -> T:
        own = np.abs(2 * at(luma, 0, 0, 1) - at(luma, -row, -column, 1) - at(luma, row, column, 1))
        half = side // 2
        return sum(at(own, i, j, 3) for i in range(-half, half + 1) for j in range(-half, half + 1))

    return gradient


def _first_order(luma: T, row: int, column: int) -> T:
    own = np.abs(at(luma, 0, 0, 1) - at(luma, row, column, 1))
    return sum(at(own, i, j, 3) for i in range(-3, 4) for j in range(-3, 4))


def _changed_direction(
    factor: int = 4, less: Any = np.less, atleast: Any = np.greater_equal, above: Any = np.greater
) -> Callable[[T, T, T, T], T]:
    def direction(h: T, v: T, f: T, r: T) -> T:
        straight, oblique = np.abs(h - v), np.abs(f - r)
        found = np.where(atleast(straight, oblique), np.where(above(h, v), 1, 2), np.where(f > r, 3, 4))
        return np.where(less(factor * np.maximum(straight, oblique), h + v), 0, found)

    return direction


def _towards_0(values: T, shift: int) -> T:
    return np.sign(values) * (np.abs(values) >> shift)


SWITCHED: Mapping[str, Patch] = {
    "switched-luma-left": _wrong("luma is not filtered (9.11.3.8)", strengths=lambda own, k: own if k else ()),
    "switched-chroma-left": _wrong("chroma is not filtered (9.11.3.8)", strengths=lambda own, k: () if k else own),
    "switched-in-place": _wrong("chroma sees filtered luma (9.11.3.8)", in_place=True),
    "switched-unclipped": _wrong("planes are not clipped (9.11.3.8)", clipped=False),
    "switched-strengths-reversed": _wrong("strengths from high activity on (9.11.3.4)",
        strengths=lambda own, k: own[::-1]),
    "switched-strengths-first": _wrong("one strength for all activities (9.11.3.8)", group=lambda a: a * 0),
    "switched-strengths-shifted": _wrong("strengths change one activity early (9.11.3.8)",
        group=lambda a: np.minimum((a + 1) >> 1, 2)),
    "switched-strengths-4-bit": _wrong("strengths have 4 bits (9.11.3.4)",
        strengths=lambda own, k: tuple(s & 15 for s in own)),
    "switched-unit": _wrong("strengths in 1/16 (9.11.3.8)", added=lambda p: (p + 512) >> 10),
    "switched-sign": _wrong("corrections are subtracted (9.11.3.8)", added=lambda p: (256 - p) >> 9),
    "switched-no-half": _wrong("corrections are rounded down (9.11.3.8)", added=lambda p: p >> 9),
    "switched-half-away": _wrong("halves of corrections go away from 0 (9.11.3.8)",
        added=lambda p: np.sign(p) * ((np.abs(p) + 256) >> 9)),
    "switched-truncated": _wrong("corrections are rounded towards 0 (9.11.3.8)", added=lambda p: _towards_0(p, 9)),
    "switched-p-no-half": _wrong("p is rounded down (9.11.3.7)", correction=lambda t: t >> 6),
    "switched-p-truncated": _wrong("p is rounded towards 0 (9.11.3.7)", correction=lambda t: _towards_0(t + 32, 6)),
    "switched-p-none": _wrong("p is not rounded before its strength (9.11.3.7)",
        correction=lambda t: t, added=lambda p: (p + (256 << 6)) >> 15),
    "switched-quality-low": _wrong("coefficients of the set below (9.11.3.7)",
        weights=lambda low, high, r: low if r < 512 else high),
    "switched-quality-high": _wrong("coefficients of the set above (9.11.3.7)",
        weights=lambda low, high, r: high if r else low),
    "switched-quality-floor": _wrong("coefficients are rounded down (9.11.3.7)",
        weights=lambda low, high, r: (low * (512 - r) + high * r) >> 9),
    "switched-quality-luma": _wrong("chroma takes the quality of luma (9.11.3.7)", quality=lambda own, k: own[0]),
    "switched-quality-chroma": _wrong("luma takes the quality of chroma (9.11.3.7)", quality=lambda own, k: own[-1]),
    "switched-quality-end": _wrong("quality_index ends at 2047 (9.11.3.7)", quality=lambda own, k: min(own[k], 2047)),
    "switched-limit-none": _wrong("differences are not limited (9.11.3.7)", term=lambda d, limit, more: sum(d)),
    "switched-limit-8-bit": _wrong("limits do not grow with the depth (9.11.3.7)",
        term=lambda d, limit, more: _term(d, limit, 0)),
    "switched-limit-sum": _wrong("sums are limited, not differences (9.11.3.7)",
        term=lambda d, limit, more: np.clip(sum(d), -(limit << more), limit << more) if limit else sum(d)),
    "switched-limit-less": _wrong("limits are one too low (9.11.3.7)",
        term=lambda d, limit, more: sum(x.clip(1 - (limit << more), (limit << more) - 1) if limit else x for x in d)),
    "switched-limit-below": _wrong("differences are not limited below (9.11.3.7)",
        term=lambda d, limit, more: sum(np.minimum(x, limit << more) if limit else x for x in d)),
    "switched-other-plane": _wrong("the other chroma plane is the plane itself (9.11.3.7)",
        source=lambda s, k: (0, k, k)[s]),
    "switched-no-luma": _wrong("chroma sees itself in place of luma (9.11.3.7)",
        source=lambda s, k: (k, k, 3 - k)[s]),
    "switched-class-transposed": _wrong("class direction * 6 + activity (9.11.3.6)", index=lambda a, d: 6 * d + a),
    "switched-class-activity": _wrong("direction is always 0 (9.11.3.6)", index=lambda a, d: 5 * a),
    "switched-class-direction": _wrong("activity is always 0 in the class (9.11.3.6)", index=lambda a, d: d),
    "switched-class-of-plane": _wrong("chroma has classes of its own (9.11.3.6)", classified=lambda seen, k: seen[k]),
    "switched-threshold-above": _wrong("an activity at a threshold does not reach it (9.11.3.6)",
        activity=lambda total, least, more: sum((total >> more) > t for t in least)),
    "switched-threshold-late": _wrong("thresholds are one too high (9.11.3.6)",
        activity=lambda total, least, more: sum((total >> more) >= t + 1 for t in least)),
    "switched-threshold-8-bit": _wrong("activities do not shrink with the depth (9.11.3.6)",
        activity=lambda total, least, more: sum(total >= t for t in least)),
    "switched-threshold-rounded": _wrong("activities are rounded (9.11.3.6)",
        activity=lambda total, least, more: sum((total + (1 << more >> 1)) >> more >= t for t in least)),
    "switched-window-5": _wrong("gradients are summed over 5 x 5 (9.11.3.6)", gradient=_window(5)),
    "switched-gradient-first": _wrong("gradients of first order (9.11.3.6)", gradient=_first_order),
    "switched-direction-strict": _wrong("4 max at most H + V is no direction (9.11.3.6)",
        direction=_changed_direction(less=np.less_equal)),
    "switched-direction-3": _wrong("3 max in place of 4 max (9.11.3.6)", direction=_changed_direction(factor=3)),
    "switched-direction-tie": _wrong("equal straight and oblique are oblique (9.11.3.6)",
        direction=_changed_direction(atleast=np.greater)),
    "switched-direction-flat": _wrong("H = V is direction 1 (9.11.3.6)",
        direction=_changed_direction(above=np.greater_equal)),
    "switched-direction-hv": _wrong("rows and columns are exchanged (9.11.3.6)",
        direction=lambda h, v, f, r: _direction(v, h, f, r)),
    "switched-direction-fr": _wrong("falling and rising are exchanged (9.11.3.6)",
        direction=lambda h, v, f, r: _direction(h, v, r, f)),
    "switched-direction-sum": _wrong("4 max is held against F + R (9.11.3.6)",
        direction=lambda h, v, f, r: np.where(
            4 * np.maximum(np.abs(h - v), np.abs(f - r)) < f + r, 0, _changed_direction(factor=1 << 20)(h, v, f, r))),
    "switched-edge-0": Patch("zeros beyond the edge (9.11.1)", switched, "np", lambda r: Padded("constant")),
    "switched-edge-mirrored": Patch("samples are mirrored at the edge (9.11.1)", switched, "np",
        lambda r: Padded("symmetric")),
    "switched-rings": Patch("rings 6 and 7 change places (9.11.3.7)", switched, "read_table",
        lambda r: lambda spec: r(spec) | {"rings": [r(spec)["rings"][i] for i in (*range(6), 7, 6, *range(8, 12))]}),
    "switched-planes": Patch("Cb has the coefficients of Cr (9.11.3.7)", switched, "read_table",
        lambda r: lambda spec: r(spec) | {"coefficients": [r(spec)["coefficients"][i] for i in (0, 2, 1)]}),
    "switched-bank-signs": Patch("coefficients have 8 bits (9.11.3.7)", switched, "read_table",
        lambda r: lambda spec: r(spec) | {"coefficients": [
            [[[max(-128, min(127, c)) for c in k] for k in q] for q in p] for p in r(spec)["coefficients"]]}),
}  # fmt: skip
