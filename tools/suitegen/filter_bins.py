# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Coverage of coding tools (9.11, 9.12): bins of payloads, by the syntax engine, and of processes, by decoding.

    switched_enhancement.luma_strength = max        the payload, as bins of the codestream are named
    switched_enhancement process: class = 17        what happens at a sample whose strength is not 0
    post-filters: bit depth = 10                    what surrounds them
    resolution process: 1/2 phase 0 = inside        see enlarge_bins.py
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from conformance.independent.switched import gradient_sum
from refsw import syntax
from refsw.decode.picture import decode_picture
from refsw.decode.select import Selection
from refsw.decode.tools import active, told
from refsw.decode.windows import Box, domains, luma_box
from refsw.errors import RefswError
from refsw.syntax.bins import payload_bins, payload_coverage
from refsw.syntax.geometry import Region
from refsw.syntax.headers import Codestream, PictureHeader, ToolHeader
from refsw.syntax.payload import header_names
from refsw.syntax.resolution import resolution_of
from refsw.syntax.surgery import with_header, without_plane_digests
from refsw.tools.linear_enhancement import tool as linear
from refsw.tools.planes import padded
from refsw.tools.switched_enhancement import tool as switched
from refsw.tools.switched_enhancement.bank import QUALITY_STEP, bank
from refsw.tools.switched_enhancement.features import DIRECTIONS, classes, differences
from refsw.tools.switched_enhancement.features import REACH as SWITCHED_REACH
from refsw.tools.tool import Place, Plane, PostFilter
from refsw.tools.toolbox import OWN, syntax_of
from refsw.tools.variance_scaling.tool import VARIANCE_SCALING
from suitegen import enlarge_bins, local_bins, scaled_bins
from suitegen.bench import Bench

Wide = NDArray[np.int64]
INT32 = 1 << 31
AROUND = "post-filters"
SWITCHED, LINEAR = (f"{name} process" for name in ("switched_enhancement", "linear_enhancement"))
LIMITED = ("as it is", "clamped")
SAMPLES = ("below 0", "inside", "above the range")
DEPTHS = (8, 10, 12, 14, 16)


def every() -> tuple[str, ...]:
    """All bins of coding tools, those of payloads first."""
    own = bank()
    limits = sorted({term.limit for terms in own.terms for term in terms if term.limit})
    segments = range(len(own.coefficients[0]) - 1)
    return (
        *(name for tool in OWN for name in payload_bins(syntax_of(tool))),
        *(f"{AROUND}: {what} = {value}" for what, values in (
            ("number", (1, 2)), ("planes", (1, 3)), ("bit depth", DEPTHS), ("tiles", (0, 1)),
            ("domain", ("the picture", "with regions inside", "an independent region", "smaller than the reach")),
        ) for value in values),
        *(f"{SWITCHED}: class = {index}" for index in range(DIRECTIONS * (len(own.thresholds) + 1))),
        *(f"{SWITCHED}: activity at threshold = {value}" for value in (*own.thresholds, "nearly")),
        *(f"{SWITCHED}: equal = {what}" for what in ("4 max and H + V", "|H - V| and |F - R|", "H + V and 0")),
        *(f"{SWITCHED}: difference of limit {limit} = {what}" for limit in limits for what in LIMITED),
        *(f"{SWITCHED}: quality = {i} {where}" for i in segments for where in ("at its set", "between two sets")),
        f"{SWITCHED}: quality = {segments[-1]} at the last set",
        *(f"{name}: {kind} = {where}" for name in (SWITCHED, LINEAR) for kind in ("luma", "chroma")
          for where in SAMPLES),
        *(f"{name}: sum = {what}" for name in (SWITCHED, LINEAR) for what in ("beyond 32 bits", "negative half")),
        *enlarge_bins.every(),
        *scaled_bins.every(),
        *local_bins.every(),
    )  # fmt: skip


def hits(bench: Bench, data: bytes) -> frozenset[str]:
    """Bins of one stream; none where it does not decode."""
    bench = bench.of(data)
    try:
        stream = syntax.read(data)
        bins = set(local_bins.hits(bench.model, stream))
        found = told(stream) if stream.tool_header is not None else ()
        if not found or stream.tool_header is None:
            return frozenset(bins)
        header = stream.picture_header
        for block, one in zip(stream.tool_header.tools, found, strict=False):
            bins |= payload_coverage(block.tool_payload, syntax_of(one.tool), header_names(header))
        decoded = decode_picture(
            _coded_alone(stream, data), model=bench.model, selection=Selection(filters=False), exact="auto", lossy=True,
        )  # fmt: skip
    except RefswError:
        return frozenset()
    assert decoded.planes is not None
    scaling = next((one.payload for one in found if one.tool is VARIANCE_SCALING), None)
    if scaling is not None:
        bins |= set(scaled_bins.hits(bench.model, decoded, scaling))
    chosen, whole = active(found), decoded.planes.samples.astype(np.int32)
    if chosen.filters:
        bins |= _around(header, len(chosen.filters), len(whole))
    for domain in domains(header):
        box = luma_box(domain).cut(Box(0, 0, header.coded_height, header.coded_width))
        planes = whole[:, *box.slices].copy()
        place = Place(header, box.top, box.left, Region(box.top, box.left, box.bottom, box.right))
        if chosen.filters and min(planes.shape[1:]) <= min(linear.REACH, SWITCHED_REACH):
            bins.add(f"{AROUND}: domain = smaller than the reach")
        for one in found:
            if not isinstance(one.tool, PostFilter):
                continue
            if one.tool is switched.SWITCHED_ENHANCEMENT:
                bins |= set(_Switched(planes, one.payload, header).bins())
            elif one.tool is linear.LINEAR_ENHANCEMENT:
                bins |= set(_linear(planes, one.payload, header))
            planes = one.tool.apply(planes, one.payload, place)
        whole[:, *box.slices] = planes
    if chosen.resolution is not None:
        digests = stream.digest_segment is not None and bool(stream.digest_segment.plane_digest)
        beside = {"filters": len(chosen.filters), "alpha": int(stream.alpha is not None),
                  "quality map": int(stream.quality_map is not None), "plane digests": int(digests)}  # fmt: skip
        bins |= set(enlarge_bins.hits(whole, chosen.resolution.payload, header, beside))
    return frozenset(bins)


def _coded_alone(stream: Codestream, data: bytes) -> bytes:
    """The codestream without resolution change, and without what counts in displayed samples."""
    if resolution_of(stream) is None:
        return data
    assert stream.tool_header is not None
    kept = tuple(block for block in stream.tool_header.tools if block.tool_id == VARIANCE_SCALING.tool_id)
    header = replace(stream.picture_header, tools_enabled_flag=bool(kept))
    own = replace(without_plane_digests(stream), alpha=None)
    return syntax.write(with_header(own, header, ToolHeader(tools=kept) if kept else None))


def _around(header: PictureHeader, count: int, planes: int) -> set[str]:
    kinds = {(False, False): "the picture", (True, False): "with regions inside", (True, True): "an independent region"}
    domain = kinds[header.num_regions > 1, header.num_regions > 1 and header.independent_regions_flag]
    return {
        f"{AROUND}: number = {count}", f"{AROUND}: planes = {planes}", f"{AROUND}: bit depth = {header.bit_depth}",
        f"{AROUND}: tiles = {int(header.synthesis_tile_flag)}", f"{AROUND}: domain = {domain}",
    }  # fmt: skip


def _clips(name: str, plane: int, values: Wide, bit_depth: int) -> Iterator[str]:
    """Where samples lie before they are clipped."""
    top, kind = 16 * ((1 << bit_depth) - 1), "chroma" if plane else "luma"
    for where, found in zip(SAMPLES, (values < 0, (values >= 0) & (values <= top), values > top), strict=True):
        if found.any():
            yield f"{name}: {kind} = {where}"


def _linear(planes: Plane, payload: linear.LinearEnhancementPayload, header: PictureHeader) -> Iterator[str]:
    """(9.11.2)"""
    seen = padded(planes, linear.REACH).astype(np.int64)
    count = linear.OWN + linear.AIDED
    for plane in range(len(planes)):
        own, rings = payload.luma_coefficient, [(0, linear.RINGS)]
        if plane:
            own = payload.chroma_coefficient[count * (plane - 1) : count * plane]
            rings = [(plane, linear.RINGS[: linear.OWN]), (0, linear.RINGS[: linear.AIDED])]
        if not own:
            continue
        terms = [part for source, chosen in rings for part in linear.differences(seen[source], chosen)]
        total = sum((c * part for c, part in zip(own, terms, strict=True)), np.zeros(planes.shape[1:], np.int64))
        half = 1 << (linear.FRACTION_BITS - 1)
        yield from _sums(LINEAR, total, half)
        yield from _clips(LINEAR, plane, planes[plane] + ((total + half) >> linear.FRACTION_BITS), header.bit_depth)


def _sums(name: str, total: Wide, half: int) -> Iterator[str]:
    if (np.abs(total) >= INT32).any():
        yield f"{name}: sum = beyond 32 bits"
    if ((total % (2 * half) == half) & (total < 0)).any():
        yield f"{name}: sum = negative half"


@dataclass(frozen=True, eq=False)
class _Switched:
    """(9.11.3) One domain, before the filter."""

    planes: Plane
    payload: switched.SwitchedEnhancementPayload
    header: PictureHeader

    @cached_property
    def seen(self) -> Plane:
        """With what is around."""
        return padded(self.planes, SWITCHED_REACH)

    def bins(self) -> Iterator[str]:
        """All that this domain hits."""
        depth, own = self.header.bit_depth, bank()
        found = classes(self.seen[0], own.thresholds, depth)
        filtered = np.zeros(found.shape, np.bool_)
        for plane in range(len(self.planes)):
            strengths = np.array(self.payload.strengths(plane), np.int64)
            if not strengths.any():
                continue
            strength = strengths[switched.groups(found)]
            filtered |= strength > 0
            yield from self._plane(plane, found, strength)
            quality_index = self.header.components[0 if plane == 0 else -1].quality_index
            low = min(quality_index // QUALITY_STEP, len(own.coefficients[0]) - 2)
            places = {0: "at its set", QUALITY_STEP: "at the last set"}
            yield f"{SWITCHED}: quality = {low} {places.get(quality_index - QUALITY_STEP * low, 'between two sets')}"
        for index in np.unique(found[filtered]):
            yield f"{SWITCHED}: class = {index}"
        yield from self._ties(filtered)

    @property
    def uneven(self) -> NDArray[np.bool_]:
        """Places where chroma is not flat."""
        terms, found = bank().of_plane(1), np.zeros(self.planes.shape[1:], np.bool_)
        for plane in range(1, len(self.planes)):
            for part in differences(self.seen, plane, terms, self.header.bit_depth):
                found |= part != 0
        return found

    def _ties(self, filtered: NDArray[np.bool_]) -> Iterator[str]:
        """(9.11.3.6) Comparisons whose sides are equal, where it matters."""
        h, v, f, r = (gradient_sum(self.seen[0].astype(np.int64), *step) for step in ((0, 1), (1, 0), (1, 1), (1, -1)))
        activity = (h + v) >> (self.header.bit_depth - 8)
        for value in bank().thresholds:
            if (filtered & (activity == value)).any():
                yield f"{SWITCHED}: activity at threshold = {value}"
        more = self.header.bit_depth - 8
        below = ((h + v + (1 << more >> 1)) >> more) > activity
        if any((filtered & below & (activity == value - 1)).any() for value in bank().thresholds):
            yield f"{SWITCHED}: activity at threshold = nearly"
        straight, oblique = np.abs(h - v), np.abs(f - r)
        most = 4 * np.maximum(straight, oblique)
        for what, tie in (
            ("4 max and H + V", (most == h + v) & (h + v > 0)),
            ("|H - V| and |F - R|", (straight == oblique) & (most >= h + v) & (h + v > 0)),
            ("H + V and 0", (h + v == 0) & self.uneven),
        ):
            if (filtered & tie).any():
                yield f"{SWITCHED}: equal = {what}"

    def _plane(self, plane: int, found: NDArray[np.intp], strength: Wide) -> Iterator[str]:
        """(9.11.3.7, 9.11.3.8)"""
        own, depth = bank(), self.header.bit_depth
        quality_index = self.header.components[0 if plane == 0 else -1].quality_index
        weights, terms = own.at(plane, quality_index), own.of_plane(plane)
        total = np.zeros(found.shape, np.int64)
        for index, part in enumerate(differences(self.seen, plane, terms, depth)):
            total += weights[found, index] * part
            limit = terms[index].limit << (depth - 8)
            if limit:
                free = next(differences(self.seen, plane, [replace(terms[index], limit=0)], depth))
                for what, there in zip(LIMITED, (free == part, free != part), strict=True):
                    if there.any():
                        yield f"{SWITCHED}: difference of limit {terms[index].limit} = {what}"
        down = own.fraction_bits - switched.CORRECTION_BITS
        more = ((total + (1 << (down - 1))) >> down) * strength
        half = 1 << (switched.CORRECTION_BITS + switched.STRENGTH_BITS - 1)
        if (np.abs(total) >= INT32).any():
            yield f"{SWITCHED}: sum = beyond 32 bits"
        if ((more % (2 * half) == half) & (more < 0)).any():
            yield f"{SWITCHED}: sum = negative half"
        yield from _clips(SWITCHED, plane, self.planes[plane] + ((more + half) >> 9), depth)
