# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from refsw.decode.select import needed_regions
from refsw.decode.windows import Box, domains, latent_box, picture_box, plan, split
from refsw.nets.halo import Halo
from refsw.syntax.headers import ComponentHeader, PictureHeader

HALO = Halo(mean=10, synthesis=6, analysis=6)


def header(width: int, height: int, rows: int = 1, columns: int = 1, independent: bool = False,
           tile: int = 0, overlap: int = 0) -> PictureHeader:  # fmt: skip
    return PictureHeader(
        level_idc=80, synthesis_transform_id=(1,), model_id=1, model_digest=bytes(4), coded_width_minus1=width - 1,
        coded_height_minus1=height - 1, region_partitioning_flag=rows * columns > 1, num_ver_splits_minus1=rows - 1,
        num_hor_splits_minus1=columns - 1, independent_regions_flag=independent, synthesis_tile_flag=tile > 0,
        synthesis_tile_size_div16=tile, synthesis_tile_overlap_div16=overlap,
        components=(ComponentHeader(quality_index=0, num_coded_channels=1),),
    )  # fmt: skip


def partitioned() -> st.SearchStrategy[PictureHeader]:
    @st.composite
    def draw(take: st.DrawFn) -> PictureHeader:
        width, height = take(st.integers(1, 9000)), take(st.integers(1, 9000))
        rows = take(st.integers(1, min(6, -(-height // 64))))
        columns = take(st.integers(1, min(6, -(-width // 64))))
        independent = take(st.booleans()) and rows * columns > 1
        tile = take(st.sampled_from([0, 0, 20, 64, 255]))
        return header(width, height, rows, columns, independent, tile, take(st.integers(0, tile // 2)))

    return draw()


@given(st.integers(0, 900), st.integers(1, 900), st.sampled_from([4, 8, 128, 256]))
def test_split_tiles_an_area(start: int, size: int, side: int) -> None:
    area = Box(start, 3, start + size, 5)
    parts = list(split(area, side))
    assert [p.top for p in parts] == [start, *(p.bottom for p in parts[:-1])] and parts[-1].bottom == area.bottom
    assert all(0 < p.height <= side and (p.left, p.right) == (3, 5) for p in parts)
    assert len(parts) == -(-size // side)


@given(partitioned(), st.data())
def test_windows_cover_what_is_wanted_once(own: PictureHeader, data: st.DataObject) -> None:
    whole = picture_box(own)
    top, left = data.draw(st.integers(0, whole.height - 1)), data.draw(st.integers(0, whole.width - 1))
    bottom = data.draw(st.integers(top + 1, whole.height))
    right = data.draw(st.integers(left + 1, whole.width))
    wanted = Box(top, left, bottom, right)
    count = np.zeros((whole.height, whole.width), int)
    areas = np.zeros_like(count)
    for window in plan(own, wanted, HALO):
        areas[window.area.slices] += 1
        for area, seen in window.tiles:
            count[area.slices] += 1
            assert seen.cut(window.crop) == seen and area.cut(seen) == area and seen.cut(window.domain) == seen
            if not own.synthesis_tile_flag:  # enough is seen, or the domain ends
                for gap, room in ((area.top - seen.top, area.top - window.domain.top),
                                  (seen.right - area.right, window.domain.right - area.right)):  # fmt: skip
                    assert gap == min(HALO.synthesis, room)
            else:
                size = own.synthesis_tile_size_div16
                assert (area.top - window.domain.top) % size == (area.left - window.domain.left) % size == 0
            for side in ("top", "left"):
                room = getattr(seen, side) - getattr(window.domain, side)
                assert getattr(seen, side) - getattr(window.crop, side) >= min(HALO.mean, room)
        crop = window.crop
        assert crop.top % 4 == crop.left % 4 == 0
        assert crop.bottom % 4 == 0 or crop.bottom == window.domain.bottom
        assert window.area.height <= 256 and window.area.width <= 256
    assert (areas[wanted.slices] == 1).all() and areas.sum() == wanted.height * wanted.width
    assert (count[wanted.slices] == 1).all()
    if not own.synthesis_tile_flag:
        assert (count == areas).all()


@given(partitioned())
def test_domains_and_regions_tile_the_picture(own: PictureHeader) -> None:
    regions = [latent_box(own.region(index)) for index in range(own.num_regions)]
    assert sum(r.height * r.width for r in regions) == np.prod(own.latent_size)
    assert len(domains(own)) == (own.num_regions if own.independent_regions_flag else 1)


def test_needed_regions() -> None:
    """4 x 4 regions of 1024 samples; a rectangle inside the second of the second row."""
    wanted = latent_box(header(4096, 4096, 4, 4).region(5))
    assert needed_regions(header(4096, 4096, 4, 4, True), wanted, HALO) == (5,)
    assert needed_regions(header(4096, 4096, 4, 4), wanted, HALO) == (0, 1, 2, 4, 5, 6, 8, 9, 10)
    inner = Box(wanted.top + 20, wanted.left + 20, wanted.bottom - 20, wanted.right - 20)
    assert needed_regions(header(4096, 4096, 4, 4), inner, HALO) == (5,)
    assert needed_regions(header(4096, 4096, 4, 4), picture_box(header(4096, 4096)), HALO) == tuple(range(16))
