# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Mutants of decoder A in resolution change (9.12): sizes, places, kernels, rounding, order, payloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from conformance.independent import codestream, enlarge, picture
from conformance.independent.bits import BitReader
from conformance.independent.codestream import Codestream
from conformance.independent.enlarge import RATIOS, Resolution, stretched
from conformance.mutants.filters import Wrong, lenient
from conformance.mutants.patch import Patch


def _whole(self: Resolution, planes: Any) -> Resolution:
    """As if nothing were cut."""
    coded, displayed = RATIOS[self.idc]
    height, width = (side * displayed // coded for side in planes.shape[1:])
    return Resolution(self.idc, height, width)


def _cut_first(right: Any) -> Any:
    """What is cut lies at the top and at the left."""

    def enlarged(self: Resolution, planes: Any, depth: int) -> Any:
        return right(_whole(self, planes), planes, depth)[:, -self.height :, -self.width :]

    return enlarged


def _nearest(self: Resolution, planes: Any, depth: int) -> Any:
    coded, displayed = RATIOS[self.idc]
    rows, columns = (np.arange(count) * coded // displayed for count in (self.height, self.width))
    return planes[:, rows][:, :, columns]


def _steps(change: Callable[[Any, int], Any], end: bool = True, rows_first: bool = False) -> Wrong:
    """change: of what the first step gives, before the second; end: whether that one is clipped."""

    def enlarged(self: Resolution, planes: Any, depth: int) -> Any:
        top, sides = 16 * ((1 << depth) - 1), [(1, self.height), (2, self.width)]
        (first, second) = sides[::-1] if rows_first else sides
        between = change(stretched(planes, *first, self.idc), top)
        found = stretched(between, *second, self.idc)
        return found.clip(0, top) if end else found

    return lambda right: enlarged


def _late_rounding(right: Any) -> Any:
    """The first step keeps its 7 fraction bits."""

    def enlarged(self: Resolution, planes: Any, depth: int) -> Any:
        with Patch("", enlarge, "rounded", lambda own: lambda total: total).applied():
            found = stretched(stretched(planes, 1, self.height, self.idc), 2, self.width, self.idc)
        return ((found + (1 << 13)) >> 14).clip(0, 16 * ((1 << depth) - 1))

    return enlarged


def _beyond(inside: Callable[[Any, int], Any], factor: Callable[[Any, int], Any]) -> Wrong:
    """Other samples beyond the edge. inside: index and last one to an index; factor: of the sample there."""

    def wrong(right: Any) -> Any:
        def own(planes: Any, axis: int, count: int, idc: int) -> Any:
            reach, last = 4, planes.shape[axis] - 1
            index = np.arange(-reach, last + reach + 1)
            shape = [-1 if i == axis else 1 for i in range(planes.ndim)]
            seen = planes.take(inside(index, last).clip(0, last), axis) * factor(index, last).reshape(shape)
            b, phase = enlarge.places(count, *RATIOS[idc])
            total: Any = 0
            for t in range(6):
                taps = np.array(enlarge.KERNELS[idc])[phase, t].reshape(shape)
                total = total + taps * seen.take(b + enlarge.FIRST + t + reach, axis)
            return enlarge.rounded(total)

        return own

    return wrong


def _regions(right: Any) -> Any:
    """Each region is enlarged by itself."""

    def enlarged(self: Codestream, planes: Any) -> Any:
        own = self.resolution
        if own is None:
            return planes
        coded, displayed = RATIOS[own.idc]
        out = np.zeros((len(planes), own.height, own.width), np.int64)
        for region in self.header.regions():
            top, left = region.top * displayed // coded, region.left * displayed // coded
            bottom = min(own.height, region.bottom * displayed // coded)
            right_ = min(own.width, region.right * displayed // coded)
            part = planes[:, region.top : region.bottom, region.left : region.right]
            size = replace(own, height=bottom - top, width=right_ - left)
            out[:, top:bottom, left:right_] = size.enlarged(part, self.header.bit_depth)
        return out

    return enlarged


def _filters_late(right: Any) -> Any:
    """Post-filters see enlarged planes."""

    def filter_domain(stream: Any, domain: Any, planes: Any, spec: Any) -> None:
        if stream.resolution is None:
            right(stream, domain, planes, spec)
        else:
            object.__setattr__(stream.resolution, "late", (stream.filters, spec))

    return filter_domain


def _then_filtered(right: Any) -> Any:
    def enlarged(self: Resolution, planes: Any, depth: int) -> Any:
        found = right(self, planes, depth)
        filters, spec = self.late  # type: ignore[attr-defined]
        for one in filters:
            found = one.filter(found, depth, spec)
        return found

    return enlarged


def _picture_first(right: Any) -> Any:
    """Samples of the coded picture are enlarged, not planes."""

    def wrong(header: Any, planes: Any) -> Any:
        height, width = header.display_height, header.display_width
        rows, columns = planes.shape[1:]
        if (height, width) == (rows, columns) or (height <= rows and width <= columns):
            return right(header, planes)
        idc = 2 if height + width >= 2 * (rows + columns) - 2 else 1
        top, found = (1 << header.bit_depth) - 1, []
        for plane in right(replace(header, display_height=rows, display_width=columns), planes):
            size = -(-height * len(plane) // rows), -(-width * plane.shape[1] // columns)
            wide = stretched(stretched(plane[None], 1, size[0], idc), 2, size[1], idc)
            found.append(wide[0].clip(0, top))
        return found

    return wrong


def _places(change: Callable[[Any, Any, int], tuple[Any, Any]]) -> Wrong:
    """b, the number of the kernel, and how many kernels there are."""

    def wrong(right: Any) -> Any:
        def places(count: int, coded: int, displayed: int) -> tuple[Any, Any]:
            b, phase = right(count, coded, displayed)
            return change(b, phase, displayed)

        return places

    return wrong


def _truncated(count: int, coded: int, displayed: int) -> Any:
    i = np.arange(count)
    return np.trunc(((2 * i + 1) * coded - displayed) / (2 * displayed)).astype(np.int64), i % displayed


def _corner(count: int, coded: int, displayed: int) -> Any:
    i = np.arange(count)
    return i * coded // displayed, i % displayed


def _rounded(change: Callable[[Any], Any]) -> Wrong:
    return lambda right: change


def _kernels(change: Callable[[tuple[int, ...]], tuple[int, ...]]) -> Wrong:
    return lambda right: {idc: tuple(change(kernel) for kernel in kernels) for idc, kernels in right.items()}


def _side(change: Callable[[int, int, int], int]) -> Wrong:
    return lambda right: change


def _floor(side: int, idc: int, cut: int) -> int:
    return side * RATIOS[idc][1] // RATIOS[idc][0] - cut


def _exchanged(right: Any) -> Any:
    """cut_columns stands before cut_rows."""

    def read(bits: BitReader, header: Any) -> Any:
        own = right[3](bits, header)
        rows, columns = (_floor(side, own.idc, 0) for side in (header.coded_height, header.coded_width))
        return replace(own, height=rows - (columns - own.width), width=columns - (rows - own.height))

    return {**right, 3: read}


def _unchecked(clause: str, text: str) -> Patch:
    def wrong(right: Any) -> Any:
        return lambda self, holds, own, why: None if own == clause else right(self, holds, own, why)

    return Patch(f"{text} ({clause})", BitReader, "demand", wrong)


ENLARGE: Mapping[str, Patch] = {
    "resolution-nearest": Patch("the nearest coded sample (9.12.2)", Resolution, "enlarged", lambda r: _nearest),
    "resolution-side-up": Patch("sides are rounded up (9.12.1)", enlarge, "displayed_side",
        _side(lambda side, idc, cut: -(-side * RATIOS[idc][1] // RATIOS[idc][0]) - cut)),
    "resolution-uncut": Patch("nothing is cut (9.12.1)", enlarge, "displayed_side",
        _side(lambda side, idc, cut: _floor(side, idc, 0))),
    "resolution-cuts-exchanged": Patch("cut_columns before cut_rows (9.12.1)", codestream, "TOOLS", _exchanged),
    "resolution-cut-first": Patch("the first row and column are cut (9.12.1)", Resolution, "enlarged", _cut_first),
    "resolution-ratios": Patch("the two ratios are exchanged (9.12.1)", enlarge, "RATIOS",
        lambda r: {1: r[2], 2: r[1]}),
    "resolution-phase-next": Patch("kernels of the next phase (9.12.2)", enlarge, "places",
        _places(lambda b, phase, n: (b, (phase + 1) % n))),
    "resolution-phase-reversed": Patch("kernels in the other order (9.12.2)", enlarge, "places",
        _places(lambda b, phase, n: (b, n - 1 - phase))),
    "resolution-place-after": Patch("b is one sample late (9.12.2)", enlarge, "places",
        _places(lambda b, phase, n: (b + 1, phase))),
    "resolution-place-truncated": Patch("b is rounded towards 0 (9.12.2)", enlarge, "places", lambda r: _truncated),
    "resolution-corner": Patch("samples lie at corners, not in the middle (9.12.2)", enlarge, "places",
        lambda r: _corner),
    "resolution-kernels-mirrored": Patch("taps in the other order (9.12.2)", enlarge, "KERNELS",
        _kernels(lambda k: k[::-1])),
    "resolution-four-taps": Patch("the outer taps are left aside (9.12.2)", enlarge, "KERNELS",
        _kernels(lambda k: (0, *k[1:5], 0))),
    "resolution-no-half": Patch("sums are rounded down (9.12.2)", enlarge, "rounded", _rounded(lambda t: t >> 7)),
    "resolution-half-less": Patch("halves are rounded down (9.12.2)", enlarge, "rounded",
        _rounded(lambda t: (t + 63) >> 7)),
    "resolution-half-away": Patch("halves are rounded away from 0 (9.12.2)", enlarge, "rounded",
        _rounded(lambda t: np.sign(t) * ((np.abs(t) + 64) >> 7))),
    "resolution-truncated": Patch("shifts of negative sums go towards 0 (9.12.2)", enlarge, "rounded",
        _rounded(lambda t: np.sign(t + 64) * (np.abs(t + 64) >> 7))),
    "resolution-rounded-late": Patch("one rounding, at the end (9.12.2)", Resolution, "enlarged", _late_rounding),
    "resolution-rows-first": Patch("first along rows, then down columns (9.12.2)", Resolution, "enlarged",
        _steps(lambda b, top: b, rows_first=True)),
    "resolution-clipped-between": Patch("the first step is clipped (9.12.2)", Resolution, "enlarged",
        _steps(lambda b, top: b.clip(0, top))),
    "resolution-clipped-above": Patch("the first step is clipped above (9.12.2)", Resolution, "enlarged",
        _steps(lambda b, top: np.minimum(b, top))),
    "resolution-clipped-below": Patch("the first step is clipped below (9.12.2)", Resolution, "enlarged",
        _steps(lambda b, top: np.maximum(b, 0))),
    "resolution-unclipped": Patch("planes are not clipped (9.12.2)", Resolution, "enlarged",
        _steps(lambda b, top: b, end=False)),
    "resolution-edge-0": Patch("zeros beyond the edge (9.12.2)", enlarge, "stretched",
        _beyond(lambda i, last: i, lambda i, last: ((i >= 0) & (i <= last)).astype(np.int64))),
    "resolution-edge-mirrored": Patch("samples are mirrored at the edge (9.12.2)", enlarge, "stretched",
        _beyond(lambda i, last: np.where(i < 0, -1 - i, np.where(i > last, 2 * last + 1 - i, i)),
                lambda i, last: np.ones_like(i))),
    "resolution-by-region": Patch("regions are enlarged alone (9.12.2)", Codestream, "enlarged", _regions),
    "resolution-of-samples": Patch("planes lose their 4 fraction bits before (9.12.2)", Resolution, "enlarged",
        lambda r: lambda self, planes, depth: r(self, (planes + 8) >> 4 << 4, depth)),
    "resolution-after-colour": Patch("samples are enlarged after 9.5 (9.12.2)", picture, "picture", _picture_first,
        (Patch("", Codestream, "enlarged", lambda r: lambda self, planes: planes),)),
    "resolution-before-filters": Patch("filters see enlarged planes (9.12.2)", picture, "filter_domain", _filters_late,
        (Patch("", Resolution, "enlarged", _then_filtered),)),
    "accepts-cut-rows": lenient("9.12.1.2", "a cut row that is not left over is accepted"),
    "accepts-cut-columns": lenient("9.12.1.3", "a cut column that is not left over is accepted"),
    "accepts-cut-and-resolution": _unchecked("9.12.1.4", "a display size beside another resolution is accepted"),
    "accepts-displayed-size": _unchecked("9.12.1.5", "a displayed picture over the level is accepted"),
}  # fmt: skip
