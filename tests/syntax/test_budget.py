# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(B.6) Working memory from the header alone, worked out by hand."""

from __future__ import annotations

from dataclasses import replace

from refsw.spec import profile_named
from refsw.syntax.budget import encoder_memory_bytes, memory_bytes
from refsw.syntax.headers import ComponentHeader, PictureHeader

BASE = profile_named("base")
HEADER = PictureHeader(
    level_idc=80, synthesis_transform_id=(1,), model_id=1, model_digest=bytes(4), coded_width_minus1=8159,
    coded_height_minus1=6119,
    components=tuple(ComponentHeader(quality_index=0, num_coded_channels=c) for c in (192, 96)),
)  # fmt: skip
SYMBOLS = 288 * 510 * 383
PICTURE = 8160 * 6120 * 3


def test_one_region() -> None:
    networks = BASE.window_bytes_per_sample * 4080 * 3060 + BASE.tile_bytes_per_sample * 2040 * 1530
    parsing = BASE.region_bytes_per_sample * 8160 * 6120
    expected = BASE.fixed_memory_bytes + 2 * SYMBOLS + PICTURE + max(networks, parsing)
    assert memory_bytes(HEADER) == expected
    assert encoder_memory_bytes(HEADER) == expected + 6 * SYMBOLS + 8 * 4080 * 3060


def test_regions_and_tiles() -> None:
    regions = replace(HEADER, region_partitioning_flag=True, num_ver_splits_minus1=5, num_hor_splits_minus1=7)
    assert memory_bytes(regions) <= memory_bytes(HEADER)
    alone = replace(regions, independent_regions_flag=True)  # of 16 x 16 samples of z at most
    side = 1024
    networks = (BASE.window_bytes_per_sample + BASE.tile_bytes_per_sample) * side * side
    assert memory_bytes(alone) == BASE.fixed_memory_bytes + 2 * SYMBOLS + PICTURE + networks
    tiled = replace(HEADER, synthesis_tile_flag=True, synthesis_tile_size_div16=16, synthesis_tile_overlap_div16=4)
    networks = BASE.window_bytes_per_sample * 4080 * 3060 + BASE.tile_bytes_per_sample * 384 * 384
    parsing = BASE.region_bytes_per_sample * 8160 * 6120
    assert memory_bytes(tiled) == BASE.fixed_memory_bytes + 2 * SYMBOLS + PICTURE + max(networks, parsing)


def test_samples_of_more_than_8_bits_take_two_bytes_and_grey_a_third() -> None:
    deep = replace(HEADER, bit_depth_idc=2)
    assert memory_bytes(deep) == memory_bytes(HEADER) + PICTURE
    grey = replace(HEADER, source_chroma_format_idc=0, coded_chroma_format_idc=0, colour_transform_idc=0)
    assert memory_bytes(grey) == memory_bytes(HEADER) - 2 * PICTURE // 3
