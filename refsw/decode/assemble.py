# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.5) Parts of planes to the picture, and to whole tensors where they are kept."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from refsw.colour import BT709, CUSTOM, NO_TRANSFORM, CustomTransform, colour_transform, downsample, image_from_planes
from refsw.decode.model import Model
from refsw.decode.select import chroma_shifts
from refsw.decode.windows import Box, PlanesPart, Window
from refsw.syntax.geometry import Region
from refsw.syntax.headers import PictureHeader
from refsw.types import Chroma, CodedTensors, ComponentLatents, Image, Planes


class Path(Protocol):
    """What the mean path of one component yields, float or exact."""

    def cut(self, box: Box) -> ComponentLatents:
        """Mean and y_hat of a rectangle of the crop, in quantiser steps."""


ROWS_AT_ONCE = 64
"""Rows whose colour is transformed at a time: its integers take 8 bytes each."""


class Assembly:
    """Fills the picture, and with `keep` the planes and latents of the whole picture.

    area: rectangle of the displayed picture that is wanted.
    """

    def __init__(
        self, header: PictureHeader, model: Model, area: Region, tensors: tuple[CodedTensors, ...], keep: bool
    ) -> None:
        count = sum(len(c.planes) for c in model.config.components[: len(tensors)])
        self.header, self.area, self.keep, self.seconds = header, area, keep, 0.0
        self.transform = header.colour_transform_idc if len(tensors) == len(header.components) else NO_TRANSFORM
        own = header.colour_transform_idc == CUSTOM
        self.custom = CustomTransform(header.colour_matrix, header.colour_offset) if own else None
        kind = np.uint8 if header.bit_depth == 8 else np.uint16
        height, width = area.bottom - area.top, area.right - area.left
        self.shifts = chroma_shifts(header.source_chroma_format_idc) if count == 3 else (0, 0)
        rows, columns = self.shifts
        self.subsampled = rows + columns > 0
        self._samples = np.zeros((height, width, 1 if self.subsampled else count), kind)
        shape = (2, (height + rows) >> rows, (width + columns) >> columns) if self.subsampled else 0
        self._chroma = np.zeros(shape, kind)
        self._planes = np.zeros((count, header.coded_height, header.coded_width) if keep else 0, np.int32)
        self._latents = [
            ComponentLatents(np.zeros(t.symbols.shape, np.float32), np.zeros(t.symbols.shape, np.float32))
            for t in (tensors if keep else ())
        ]

    def put_latents(self, window: Window, paths: Sequence[Path]) -> None:
        """Keep the latents of a window's area."""
        rows, columns = window.area.slices
        for whole, path in zip(self._latents, paths, strict=False):
            part = path.cut(window.area.inside(window.crop))
            whole.mean[:, rows, columns], whole.y_hat[:, rows, columns] = part.mean, part.y_hat

    def put_planes(self, part: PlanesPart) -> None:
        """Keep a part of the planes, and put what of it is wanted into the picture."""
        begin = time.perf_counter()
        if self.keep:
            height, width = part.samples.shape[1:]
            self._planes[:, part.top : part.top + height, part.left : part.left + width] = part.samples
        cut = part.cut(self.area)
        if cut is not None:
            top, left = cut.top - self.area.top, cut.left - self.area.left
            for row in range(0, cut.samples.shape[1], ROWS_AT_ONCE):
                self._put(top + row, left, np.ascontiguousarray(cut.samples[:, row : row + ROWS_AT_ONCE]))
        self.seconds += time.perf_counter() - begin

    def _put(self, top: int, left: int, planes: NDArray[np.int32]) -> None:
        """(9.5) Planes of a rectangle, at its place in the picture."""
        depth, (_, height, width) = self.header.bit_depth, planes.shape
        own = planes[:1] if self.subsampled else planes
        shown = image_from_planes(Planes(own, depth), self.transform, self.custom)
        self._samples[top : top + height, left : left + width] = shown.samples
        if self.subsampled:
            rows, columns = self.shifts
            small = downsample(planes[1:], rows, columns, colour_transform(BT709).plane_fraction_bits)
            first, begin = top >> rows, left >> columns
            place = (slice(first, first + small.shape[1]), slice(begin, begin + small.shape[2]))
            self._chroma[:, *place] = small.clip(0, 2**depth - 1)

    def image(self) -> Image:
        """The picture, once every part is in."""
        chroma = Chroma(self._chroma, *self.shifts) if self.subsampled else None
        ycbcr = self.subsampled or (self.transform == NO_TRANSFORM and self._samples.shape[2] == 3)
        return Image(self._samples, self.header.bit_depth, ycbcr, chroma)

    def planes(self) -> Planes | None:
        """Planes of the coded picture, where they were kept."""
        return Planes(self._planes, self.header.bit_depth) if self.keep else None

    def latents(self) -> tuple[ComponentLatents, ...]:
        """Latents of each component, where they were kept."""
        return tuple(self._latents)
