# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.12) Between post-filters and colour: parts of coded planes are collected, and enlarged strip by strip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.colour import plane_type
from refsw.decode.assemble import ROWS_AT_ONCE, Assembly, Path
from refsw.decode.tools import ActiveTools, Told
from refsw.decode.windows import PlanesPart, Window
from refsw.errors import CodestreamError
from refsw.syntax.geometry import Region
from refsw.syntax.headers import Codestream, PictureHeader
from refsw.syntax.resolution import displayed_header, ratio
from refsw.tools.tool import ResolutionTool
from refsw.types import ComponentLatents, Image, Planes


def display_header(header: PictureHeader, tools: ActiveTools) -> PictureHeader:
    """The header of the displayed picture, as if it were coded at its own size. Raises CodestreamError, LevelError."""
    return displayed_header(header, None if tools.resolution is None else tools.resolution.payload)


def check_layers(codestream: Codestream, tools: ActiveTools) -> None:
    """(9.12.1.4) Raises CodestreamError where a lossless layer lies over an enlarged picture."""
    if tools.resolution is not None and codestream.lossless:
        raise CodestreamError("resolution: there is a lossless layer as well", clause="9.12.1.4")


def coded_area(header: PictureHeader, tools: ActiveTools, area: Region) -> Region:
    """The rectangle of the coded picture on which one of the displayed picture depends."""
    if tools.resolution is None:
        return area
    own = ratio(tools.resolution.payload.resolution_idc)
    top, bottom = own.seen(area.top, area.bottom, header.coded_height)
    left, right = own.seen(area.left, area.right, header.coded_width)
    return Region(top, left, bottom, right)


class Enlarged:
    """An assembly of the displayed picture that is fed with coded planes; header: of the coded picture."""

    def __init__(self, assembly: Assembly, header: PictureHeader, told: Told, area: Region) -> None:
        self.assembly, self.header, self.told, self.area = assembly, header, told, area
        self.keep = assembly.keep
        self.seen = coded_area(header, ActiveTools(resolution=told), area)
        self._coded: NDArray[np.integer[Any]] | None = None

    @property
    def seconds(self) -> float:
        """Of the assembly."""
        return self.assembly.seconds

    def put_latents(self, window: Window, paths: Sequence[Path]) -> None:
        """See Assembly."""
        self.assembly.put_latents(window, paths)

    def put_planes(self, part: PlanesPart) -> None:
        """Keep what of a part of the coded planes is needed."""
        seen, count = self.seen, len(part.samples)
        if self._coded is None:
            shape = (count, seen.bottom - seen.top, seen.right - seen.left)
            self._coded = np.zeros(shape, plane_type(self.header.bit_depth))
        cut = part.cut(seen)
        if cut is not None:
            top, left = cut.top - seen.top, cut.left - seen.left
            height, width = cut.samples.shape[1:]
            self._coded[:, top : top + height, left : left + width] = cut.samples

    def image(self) -> Image:
        """The displayed picture, once every part is in."""
        assert self._coded is not None
        tool, area, seen = self.told.tool, self.area, self.seen
        assert isinstance(tool, ResolutionTool)
        for top in range(area.top, area.bottom, ROWS_AT_ONCE):
            strip = Region(top, area.left, min(top + ROWS_AT_ONCE, area.bottom), area.right)
            own = coded_area(self.header, ActiveTools(resolution=self.told), strip)
            planes = self._coded[:, own.top - seen.top : own.bottom - seen.top].astype(np.int32)
            found = tool.enlarge(planes, self.told.payload, own, strip, self.header)
            self.assembly.put_planes(PlanesPart(strip.top, strip.left, found))
        return self.assembly.image()

    def planes(self) -> Planes | None:
        """Of the displayed picture, where they were kept."""
        return self.assembly.planes()

    def latents(self) -> tuple[ComponentLatents, ...]:
        """See Assembly."""
        return self.assembly.latents()
