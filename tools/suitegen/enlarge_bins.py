# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Coverage of resolution change (9.12): what happens where coded planes are enlarged.

    resolution process: 1/2 phase = 0 at the edge       a kernel, and whether its taps reach beyond the coded picture
    resolution process: rows between = below 0          the first step, which nothing clips
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from refsw.syntax.headers import PictureHeader
from refsw.syntax.resolution import Ratio, ResolutionPayload, ratio
from refsw.tools.resolution.tool import BRANCHES, along
from refsw.tools.tool import Plane

NAME = "resolution process"
SAMPLES = ("below 0", "inside", "above the range")
DEPTHS = (8, 10, 12, 14, 16)
FORMATS = ("4:0:0", "4:2:0", "4:2:2", "4:4:4")
FILTERS = (0, 1, 2)
WHERE = ("inside", "at the first edge", "at the last edge", "beyond both edges")
PARTS = ("whole", "dependent regions", "independent regions", "tiles")
HALVES = ("of a negative sum", "of a positive sum")


def _title(own: Ratio) -> str:
    return f"{own.coded}/{own.displayed}"


def every() -> tuple[str, ...]:
    """All bins."""
    found = list[str]()
    for idc in sorted(BRANCHES.values()):
        own = ratio(idc)
        title = _title(own)
        found += [f"{NAME}: {title} phase {p} = {where}" for p in range(own.displayed) for where in WHERE]
        found += [f"{NAME}: {title} {step} = {s}" for step in ("between", "at the end") for s in SAMPLES]
        found += [f"{NAME}: {title} half = {what}" for what in HALVES]
        for what, values in (("bit depth", DEPTHS), ("format", FORMATS), ("filters", FILTERS), ("parts", PARTS),
                             ("alpha", (0, 1)), ("quality map", (0, 1)), ("plane digests", (0, 1))):  # fmt: skip
            found += [f"{NAME}: {title} {what} = {value}" for value in values]
    return tuple(found)


def hits(planes: Plane, payload: ResolutionPayload, header: PictureHeader, beside: dict[str, int]) -> Iterator[str]:
    """Bins of one picture. planes: int32 [P, h, w], coded, after post-filters; beside: number of what else there is."""
    own, top = ratio(payload.resolution_idc), 16 * ((1 << header.bit_depth) - 1)
    title = f"{NAME}: {_title(own)}"
    height, width = planes.shape[1:]
    rows = own.displayed_side(height, payload.cut_rows)
    columns = own.displayed_side(width, payload.cut_columns)
    tall = along(planes, own, 0, height, 0, rows)
    wide = along(np.ascontiguousarray(tall.swapaxes(1, 2)), own, 0, width, 0, columns)
    for count, coded in ((rows, height), (columns, width)):
        yield from _edges(title, own, count, coded)
    for step, values in (("between", tall), ("at the end", wide)):
        for where, there in zip(SAMPLES, (values < 0, (values >= 0) & (values <= top), values > top), strict=True):
            if there.any():
                yield f"{title} {step} = {where}"
    yield from _halves(title, own, planes, rows)
    yield f"{title} bit depth = {header.bit_depth}"
    yield f"{title} format = {FORMATS[header.source_chroma_format_idc]}"
    regions = PARTS[1 + int(header.independent_regions_flag)] if header.num_regions > 1 else PARTS[0]
    yield f"{title} parts = {PARTS[3] if header.synthesis_tile_flag else regions}"
    for what, number in beside.items():
        yield f"{title} {what} = {number}"


def _edges(title: str, own: Ratio, count: int, coded: int) -> Iterator[str]:
    for i in range(count):
        low = own.before(i) + own.first
        high = low + len(own.kernels[0])
        yield f"{title} phase {i % own.displayed} = {WHERE[int(low < 0) + 2 * int(high > coded)]}"


def _halves(title: str, own: Ratio, planes: Plane, rows: int) -> Iterator[str]:
    """(9.12.2) Sums of the first step that end in exactly one half."""
    half, height = 1 << (own.fraction_bits - 1), planes.shape[1]
    taps = np.arange(len(own.kernels[0])) + own.first
    for i in range(rows):
        kernel = np.array(own.kernels[i % own.displayed], np.int64)
        seen = planes[:, (own.before(i) + taps).clip(0, height - 1)].astype(np.int64)
        total = np.einsum("t,ptw->pw", kernel, seen)
        exact = total % (2 * half) == half
        for what, there in zip(HALVES, (exact & (total < 0), exact & (total > 0)), strict=True):
            if there.any():
                yield f"{title} half = {what}"
