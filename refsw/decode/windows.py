# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.6) Which part of the latent grid is decoded at a time, and how far around it a network looks.

    domain ⊇ crop ⊇ area        rectangles on the latent grid
    domain: the picture, or one independent region; networks see zeros beyond it
    area:   what a window contributes to the planes; areas of all windows tile what is wanted
    crop:   area, grown by the halo, to multiples of 4 latent samples (one of z), cut at the domain

A window's interior equals that of the whole picture, but for the rounding of floating point.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refsw.constants import HYPER_BLOCK, LATENT_BLOCK, TILE_SIDE, WINDOW_SIDE
from refsw.nets.halo import Halo
from refsw.syntax.geometry import Region, ceil_div
from refsw.syntax.headers import PictureHeader

WINDOW = WINDOW_SIDE // LATENT_BLOCK
"""Largest side of a window, latent samples; the mean path runs on it at once."""
TILE = TILE_SIDE // LATENT_BLOCK
"""Largest side of a synthesis tile that a decoder chooses itself, latent samples."""


@dataclass(frozen=True)
class Box:
    """A rectangle of the latent grid: rows top..bottom - 1, columns left..right - 1."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns as slices of an array that begins at (0, 0)."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def cut(self, other: Box) -> Box:
        """What both have in common; empty where height or width is not above 0."""
        return Box(
            max(self.top, other.top), max(self.left, other.left),
            min(self.bottom, other.bottom), min(self.right, other.right),
        )  # fmt: skip

    def grown(self, by: int, domain: Box) -> Box:
        """Extended by `by` at each side, inside the domain."""
        return Box(self.top - by, self.left - by, self.bottom + by, self.right + by).cut(domain)

    def aligned(self, domain: Box) -> Box:
        """Extended to multiples of 4, samples of z, inside the domain, whose own corner is such a multiple."""
        down, across = self.top // HYPER_BLOCK, self.left // HYPER_BLOCK
        bottom, right = ceil_div(self.bottom, HYPER_BLOCK), ceil_div(self.right, HYPER_BLOCK)
        return Box(*(HYPER_BLOCK * v for v in (down, across, bottom, right))).cut(domain)

    def inside(self, outer: Box) -> Box:
        """The same rectangle, counted from the corner of `outer`."""
        return Box(self.top - outer.top, self.left - outer.left, self.bottom - outer.top, self.right - outer.left)

    @property
    def empty(self) -> bool:
        """Whether it holds no sample."""
        return self.height <= 0 or self.width <= 0

    @property
    def hyper(self) -> Box:
        """The samples of z that belong to it."""
        return Box(self.top // HYPER_BLOCK, self.left // HYPER_BLOCK,
                   ceil_div(self.bottom, HYPER_BLOCK), ceil_div(self.right, HYPER_BLOCK))  # fmt: skip


@dataclass(frozen=True)
class Block:
    """What goes through synthesis and post-filters together.

    area: what it contributes to the planes; seen: what post-filters see of it, the area where there are none;
    tiles: (part, input) each, parts together are `seen`: synthesis runs on input and yields part.
    """

    area: Box
    seen: Box
    tiles: tuple[tuple[Box, Box], ...]


@dataclass(frozen=True)
class Window:
    """One run of the mean path, and the blocks inside it. crop: the mean path runs on it."""

    domain: Box
    area: Box
    crop: Box
    blocks: tuple[Block, ...]

    @property
    def tiles(self) -> tuple[tuple[Box, Box], ...]:
        """Synthesis tiles of all blocks."""
        return tuple(tile for block in self.blocks for tile in block.tiles)


@dataclass(frozen=True)
class PlanesPart:
    """(9.4) Integer planes of one rectangle of the coded picture.

    top, left: luma samples from the corner of the picture; samples: int32 [P, H, W], as in `Planes`.
    """

    top: int
    left: int
    samples: NDArray[np.int32]

    def cut(self, area: Region) -> PlanesPart | None:
        """What lies inside an area of luma samples, None where nothing does."""
        top, left = max(self.top, area.top), max(self.left, area.left)
        bottom = min(self.top + self.samples.shape[1], area.bottom)
        right = min(self.left + self.samples.shape[2], area.right)
        if top >= bottom or left >= right:
            return None
        rows, columns = slice(top - self.top, bottom - self.top), slice(left - self.left, right - self.left)
        return PlanesPart(top, left, self.samples[:, rows, columns])


def latent_box(region: Region) -> Box:
    """Rectangle of luma samples -> rectangle of latent samples that covers it."""
    return Box(region.top // LATENT_BLOCK, region.left // LATENT_BLOCK,
               ceil_div(region.bottom, LATENT_BLOCK), ceil_div(region.right, LATENT_BLOCK))  # fmt: skip


def luma_box(box: Box) -> Box:
    """Rectangle of latent samples -> the luma samples that they cover."""
    return Box(*(LATENT_BLOCK * edge for edge in (box.top, box.left, box.bottom, box.right)))


def picture_box(header: PictureHeader) -> Box:
    """(9.1) The whole latent grid."""
    return Box(0, 0, *header.latent_size)


def domains(header: PictureHeader) -> tuple[Box, ...]:
    """(9.6.1) Rectangles that decode without looking at each other."""
    if not header.independent_regions_flag:
        return (picture_box(header),)
    return tuple(latent_box(header.region(index)) for index in range(header.num_regions))


def _shares(start: int, stop: int, side: int) -> list[tuple[int, int]]:
    """start..stop in the fewest parts of at most `side`, alike in size, cut at multiples of 4 where they are longer."""
    count = ceil_div(stop - start, side)
    unit = HYPER_BLOCK if side > HYPER_BLOCK else 1
    edges = [start, *(min(stop, start + unit * ceil_div((stop - start) * i, unit * count)) for i in range(1, count))]
    return list(zip(edges, [*edges[1:], stop], strict=True))


def split(area: Box, side: int) -> Iterator[Box]:
    """Parts of `area` in raster order, each side at most `side`, a multiple of 4."""
    for top, bottom in _shares(area.top, area.bottom, side):
        for left, right in _shares(area.left, area.right, side):
            yield Box(top, left, bottom, right)


def _signalled(domain: Box, area: Box, size: int) -> Iterator[Box]:
    """(9.6.3) Signalled synthesis tiles, counted from the corner of the domain, that meet `area`."""
    for top in range(domain.top + (area.top - domain.top) // size * size, area.bottom, size):
        for left in range(domain.left + (area.left - domain.left) // size * size, area.right, size):
            yield Box(top, left, top + size, left + size).cut(domain)


def _blocks(header: PictureHeader, domain: Box, area: Box, halo: Halo, side: int, margin: int) -> Iterator[Block]:
    """Blocks of a window; where filters look further, a signalled tile is made in parts, each as the tile has it."""
    size, overlap = header.synthesis_tile_size_div16, header.synthesis_tile_overlap_div16
    if header.synthesis_tile_flag and not margin:
        for tile in _signalled(domain, area, size):
            yield Block(tile, tile, ((tile, tile.grown(overlap, domain)),))
        return
    for own in split(area, side):
        seen = own.grown(margin, domain)
        if header.synthesis_tile_flag:
            parts = [(tile.cut(seen), tile.grown(overlap, domain)) for tile in _signalled(domain, seen, size)]
        else:
            parts = [(seen, domain)]
        yield Block(own, seen, tuple((part, part.grown(halo.synthesis, within)) for part, within in parts))


def _window(header: PictureHeader, domain: Box, area: Box, halo: Halo, side: int, margin: int) -> Window:
    blocks = tuple(_blocks(header, domain, area, halo, side, margin))
    inputs = [seen for block in blocks for _, seen in block.tiles]
    needed = Box(min(t.top for t in inputs), min(t.left for t in inputs),
                 max(t.bottom for t in inputs), max(t.right for t in inputs))  # fmt: skip
    return Window(domain, area, needed.grown(halo.mean, domain).aligned(domain), blocks)


def plan(header: PictureHeader, wanted: Box, halo: Halo, divide: int = 1, margin: int = 0) -> Iterator[Window]:
    """(9.6) Windows that together yield `wanted`, in the order of domains.

    halo: of the networks that will run; divide: sides of windows and of tiles are this many times shorter, for wider
    numbers; margin: latent samples that post-filters see around what they yield. Where tiles are signalled, windows
    consist of whole tiles.
    """
    side = WINDOW // divide
    if header.synthesis_tile_flag:
        size = header.synthesis_tile_size_div16
        side = max(1, side // size) * size
    for domain in domains(header):
        area = wanted.cut(domain)
        if area.empty:
            continue
        parts = _signalled(domain, area, side) if header.synthesis_tile_flag else split(area, side)
        for part in parts:
            yield _window(header, domain, part.cut(area), halo, TILE // divide, margin)
