# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.11) Post-filters between integer planes and the picture, block by block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from refsw.constants import LATENT_BLOCK
from refsw.decode.windows import Block, Box, PlanesPart, luma_box
from refsw.syntax.geometry import Region, ceil_div
from refsw.syntax.headers import PictureHeader
from refsw.tools.tool import Place, Plane, PostFilter


@dataclass(frozen=True)
class Filter:
    """A post-filter and what the codestream says to it."""

    tool: PostFilter
    payload: Any

    @property
    def reach(self) -> int:
        """Luma samples."""
        return self.tool.reach(self.payload)


def margin(filters: Iterable[Filter]) -> int:
    """Latent samples around a block that all filters together depend on."""
    return ceil_div(sum(own.reach for own in filters), LATENT_BLOCK)


def run_filters(filters: Sequence[Filter], planes: Plane, place: Place) -> Plane:
    """(9.11.1) One filter after the other; int32 [P, H, W] to the same."""
    for own in filters:
        planes = own.tool.apply(planes, own.payload, place)
    return planes


def filtered(
    filters: Sequence[Filter], header: PictureHeader, domain: Box, block: Block, parts: Iterator[PlanesPart]
) -> PlanesPart:
    """(9.6.2) The area of a block, filtered, from the parts that together cover what the filters see of it."""
    seen, area = _coded(header, luma_box(block.seen)), _coded(header, luma_box(block.area))
    whole: Plane | None = None
    for part in parts:
        if whole is None:
            whole = np.empty((len(part.samples), seen.height, seen.width), np.int32)
        top, left = part.top - seen.top, part.left - seen.left
        height, width = part.samples.shape[1:]
        whole[:, top : top + height, left : left + width] = part.samples
    assert whole is not None
    bounds = _coded(header, luma_box(domain))
    place = Place(header, seen.top, seen.left, Region(bounds.top, bounds.left, bounds.bottom, bounds.right))
    rows, columns = area.inside(seen).slices
    return PlanesPart(area.top, area.left, np.ascontiguousarray(run_filters(filters, whole, place)[:, rows, columns]))


def _coded(header: PictureHeader, box: Box) -> Box:
    """What of a rectangle of luma samples is coded."""
    return box.cut(Box(0, 0, header.coded_height, header.coded_width))
