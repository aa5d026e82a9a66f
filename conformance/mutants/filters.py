# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Mutants of decoder A in the post-filters (9.11): order, borders, payloads, linear enhancement."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from conformance.independent import codestream, picture, tools
from conformance.independent.bits import BitReader
from conformance.independent.headers import Region
from conformance.independent.tools import Linear
from conformance.mutants.patch import Patch

Wrong = Callable[[Any], Any]


class Padded:
    """NumPy that continues planes beyond their edge in another way."""

    def __init__(self, mode: str) -> None:
        self.mode = mode

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def pad(self, plane: Any, reach: int, mode: str) -> Any:
        """Wrong: not the nearest sample."""
        return np.pad(plane, reach, mode=self.mode)  # type: ignore[call-overload]


def _order(change: Callable[[list[Any]], list[Any]]) -> Wrong:
    return lambda right: lambda stream, *rest: right(replace(stream, filters=change(stream.filters)), *rest)


def _planes_before(change: Callable[[Any], Any]) -> Wrong:
    """Planes are changed before the first filter, where there is one."""

    def wrong(right: Any) -> Any:
        def filter_domain(stream: Any, domain: Any, planes: Any, spec: Any) -> None:
            if stream.filters:
                place = planes[:, domain.top : domain.bottom, domain.left : domain.right]
                place[...] = change(place)
            right(stream, domain, planes, spec)

        return filter_domain

    return wrong


def _parallel(right: Any) -> Any:
    """Every filter sees the planes before the first one."""

    def filter_domain(stream: Any, domain: Any, planes: Any, spec: Any) -> None:
        place = planes[:, domain.top : domain.bottom, domain.left : domain.right]
        seen, depth = place.copy(), stream.header.bit_depth
        more = sum((one.filter(seen, depth, spec) - seen for one in stream.filters), 0 * seen)
        place[...] = (seen + more).clip(0, 16 * ((1 << depth) - 1))

    return filter_domain


def _across(right: Any) -> Any:
    """The whole picture is filtered once its last region is decoded."""

    def filter_domain(stream: Any, domain: Any, planes: Any, spec: Any) -> None:
        if (domain.bottom, domain.right) == planes.shape[1:]:
            right(stream, Region(0, 0, domain.bottom, domain.right), planes, spec)

    return filter_domain


def _parts(parts: Callable[[Any, Any], list[Any]]) -> Wrong:
    """Each part of a domain is filtered by itself."""

    def wrong(right: Any) -> Any:
        def filter_domain(stream: Any, domain: Any, planes: Any, spec: Any) -> None:
            for part in parts(stream.header, domain):
                right(stream, part, planes, spec)

        return filter_domain

    return wrong


def _regions(header: Any, domain: Any) -> list[Any]:
    rows, columns = range(domain.top, domain.bottom), range(domain.left, domain.right)
    return [own for own in header.regions() if own.top in rows and own.left in columns]


def _squares(header: Any, domain: Any, side: int = 0) -> list[Any]:
    side = side or header.synthesis_tile_size or max(domain.bottom, domain.right)
    return [
        Region(top, left, min(top + side, domain.bottom), min(left + side, domain.right))
        for top in range(domain.top, domain.bottom, side)
        for left in range(domain.left, domain.right, side)
    ]


def _displayed(header: Any, domain: Any) -> list[Any]:
    bottom, right = min(domain.bottom, header.display_height), min(domain.right, header.display_width)
    return [Region(domain.top, domain.left, bottom, right)]


def _linear(change: Callable[[Linear], Linear]) -> Wrong:
    return lambda right: lambda self, *rest: right(change(self), *rest)


def _luma_first(right: Any) -> Any:
    """Chroma sees luma that is filtered already."""

    def wrong(self: Linear, planes: Any, depth: int, spec: Any) -> Any:
        luma = right(Linear(self.luma, ()), planes, depth, spec)
        return right(Linear((), self.chroma), luma, depth, spec)

    return wrong


def _enhanced(change: Callable[[Any], Any], clipped: bool = True) -> Wrong:
    """The sum to what is added to the plane."""

    def wrong(right: Any) -> Any:
        def enhanced(plane: Any, terms: Any, most: int) -> Any:
            total = sum((coefficient * term for coefficient, term in terms), 0 * plane)
            found = plane + change(total)
            return found.clip(0, most) if clipped else found

        return enhanced

    return wrong


def _rings(change: Callable[[tuple[int, int]], tuple[int, int]]) -> Wrong:
    return lambda right: tuple(tuple(change(place) for place in ring) for ring in right)


def lenient(clause: str, text: str) -> Patch:
    """One element is not held against its range."""

    def wrong(right: Any) -> Any:
        def within(self: BitReader, name: str, own: str, value: int, low: int, high: int) -> Any:
            return value if own == clause else right(self, name, own, value, low, high)

        return within

    return Patch(f"{text} ({clause})", BitReader, "within", wrong)


def _unfinished(right: Any) -> Any:
    """Readers of payloads do not look at the end."""

    def reader(read: Any) -> Any:
        def wrong(bits: BitReader, header: Any) -> Any:
            own = copy.copy(bits)
            own.finish = lambda: None  # type: ignore[method-assign]
            return read(own, header)

        return wrong

    return {tool_id: reader(read) for tool_id, read in right.items()}


def _half(number: int) -> Callable[[Any], Any]:
    return lambda total: (total + number) >> 7


FILTERS: Mapping[str, Patch] = {
    "filters-skipped": Patch("post-filters are left aside (9.11.1)", picture, "filter_domain", _order(lambda f: [])),
    "filters-reversed": Patch("the last filter first (9.11.1)", picture, "filter_domain", _order(lambda f: f[::-1])),
    "filters-first-alone": Patch("the first filter alone (9.11.1)", picture, "filter_domain", _order(lambda f: f[:1])),
    "filters-last-alone": Patch("the last filter alone (9.11.1)", picture, "filter_domain", _order(lambda f: f[-1:])),
    "filters-twice": Patch("every filter twice (9.11.1)", picture, "filter_domain", _order(lambda f: f + f)),
    "filters-parallel": Patch("both filters see planes before the first (9.11.1)", picture, "filter_domain", _parallel),
    "filters-of-samples": Patch("planes lose their 4 fraction bits before filters (9.11.1)", picture, "filter_domain",
        _planes_before(lambda p: (p + 8) >> 4 << 4)),
    "filters-8-bit": Patch("filters count with 8 bits, whatever the depth (9.11)", picture, "filter_domain",
        lambda r: lambda s, *rest: r(replace(s, header=replace(s.header, bit_depth=8)), *rest)),
    "filters-across": Patch("filters see across independent regions (9.11.1)", picture, "filter_domain", _across),
    "filters-by-region": Patch("dependent regions are filtered alone (9.11.1)", picture, "filter_domain",
        _parts(_regions)),
    "filters-by-tile": Patch("signalled tiles are filtered alone (9.11.1)", picture, "filter_domain", _parts(_squares)),
    "filters-by-block": Patch("blocks of 1024 are filtered alone (9.6.2)", picture, "filter_domain",
        _parts(lambda header, domain: _squares(header, domain, 1024))),
    "filters-displayed": Patch("what is not displayed is not seen (9.11.1)", picture, "filter_domain",
        _parts(_displayed)),
    "linear-no-half": Patch("sums are rounded down (9.11.2)", tools, "enhanced", _enhanced(_half(0))),
    "linear-half-less": Patch("halves are rounded down (9.11.2)", tools, "enhanced", _enhanced(_half(63))),
    "linear-half-away": Patch("halves are rounded away from 0 (9.11.2)", tools, "enhanced",
        _enhanced(lambda t: np.sign(t) * ((np.abs(t) + 64) >> 7))),
    "linear-truncated": Patch("shifts of negative sums go towards 0 (9.11.2)", tools, "enhanced",
        _enhanced(lambda t: np.sign(t + 64) * (np.abs(t + 64) >> 7))),
    "linear-unit": Patch("coefficients in 1/64 (9.11.2)", tools, "enhanced", _enhanced(lambda t: (t + 32) >> 6)),
    "linear-unclipped": Patch("planes are not clipped (9.11.2)", tools, "enhanced", _enhanced(_half(64), False)),
    "linear-32-bit": Patch("sums wrap at 32 bits (9.11.2)", tools, "enhanced",
        _enhanced(lambda t: (t.astype(np.int32) + 64) >> 7)),
    "linear-sign": Patch("coefficients have the other sign (9.11.2)", tools, "enhanced",
        _enhanced(lambda t: (64 - t) >> 7)),
    "linear-7-bit": Patch("coefficients are cut to -64..63 (9.11.2)", Linear, "filter",
        _linear(lambda f: Linear(*(tuple(max(-64, min(63, c)) for c in own) for own in (f.luma, f.chroma))))),
    "linear-luma-left": Patch("luma is not filtered (9.11.2)", Linear, "filter",
        _linear(lambda f: Linear((), f.chroma))),
    "linear-chroma-left": Patch("chroma is not filtered (9.11.2)", Linear, "filter",
        _linear(lambda f: Linear(f.luma, ()))),
    "linear-chroma-late": Patch("chroma sees filtered luma (9.11.2)", Linear, "filter", _luma_first),
    "linear-cb-cr": Patch("Cr stands before Cb (9.11.2)", Linear, "filter",
        _linear(lambda f: Linear(f.luma, f.chroma[10:] + f.chroma[:10]))),
    "linear-aid-first": Patch("rings of luma stand before those of the plane (9.11.2)", Linear, "filter",
        _linear(lambda f: Linear(f.luma, f.chroma[5:10] + f.chroma[:5] + f.chroma[15:] + f.chroma[10:15]))),
    "linear-no-aid": Patch("chroma does not see luma (9.11.2)", Linear, "filter",
        _linear(lambda f: Linear(f.luma, tuple(c * (i % 10 < 5) for i, c in enumerate(f.chroma))))),
    "linear-reach-2": Patch("the reach is one short (9.11.2)", tools, "RINGS",
        _rings(lambda p: (max(-2, min(2, p[0])), max(-2, min(2, p[1]))))),
    "linear-transposed": Patch("rows and columns of distances are exchanged (9.11.2)", tools, "RINGS",
        _rings(lambda p: (p[1], p[0]))),
    "linear-one-side": Patch("neighbours above and left alone, twice (9.11.2)", tools, "RINGS",
        lambda r: tuple((*ring[: len(ring) // 2], *ring[: len(ring) // 2]) for ring in r)),
    "linear-rings": Patch("the last two rings change places (9.11.2)", tools, "RINGS",
        lambda r: (*r[:8], r[9], r[8])),
    "linear-edge-0": Patch("zeros beyond the edge (9.11.1)", tools, "np", lambda r: Padded("constant")),
    "linear-edge-mirrored": Patch("samples are mirrored at the edge (9.11.1)", tools, "np",
        lambda r: Padded("symmetric")),
    "accepts-payload-tail": Patch("bytes after a payload are accepted (5.3.3)", codestream, "TOOLS", _unfinished),
    "accepts-bank": lenient("9.11.3.1", "banks that do not exist are accepted"),
    "accepts-no-plane-1": lenient("9.11.3.3", "no plane, or chroma of grey, is accepted"),
    "accepts-no-plane-2": lenient("9.11.2.2", "no plane, or chroma of grey, is accepted"),
    "accepts-luma-coefficient": lenient("9.11.2.3", "any coefficient of luma is accepted"),
    "accepts-chroma-coefficient": lenient("9.11.2.4", "any coefficient of chroma is accepted"),
    "accepts-tool-order": Patch("tools in any order are accepted (6.6.4)", BitReader, "demand",
        lambda r: lambda self, holds, clause, text: None if clause == "6.6.4" else r(self, holds, clause, text)),
    "accepts-any-tool": Patch("tools that a profile lacks are not refused for it (A.1.7)", BitReader, "demand",
        lambda r: lambda self, holds, clause, text: None if clause == "A.1.7" else r(self, holds, clause, text)),
}  # fmt: skip
