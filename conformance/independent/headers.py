# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(6.3, 6.4) Picture header and component headers, with the constraints of Annex A; (5.4) regions; (6.2) sizes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from conformance.independent.bits import BitReader
from conformance.independent.limits import LEVELS, PROFILES, Level, Profile

BIT_DEPTHS = {0: 8, 1: 10, 2: 12, 3: 14, 4: 16}  # 6.3.13
GREY, HALF_BOTH, HALF_WIDTH, FULL = 0, 1, 2, 3  # 6.3.14: 4:0:0, 4:2:0, 4:2:2, 4:4:4
NO_TRANSFORM, BT709, CUSTOM, EVEN = 0, 1, 2, 3  # 6.3.16


@dataclass(frozen=True)
class ComponentHeader:
    """(6.4) What the picture header says of one component."""

    quality_index: int
    num_coded_channels: int
    skip_threshold: int
    log2_lanes_z: int
    log2_lanes_residual: int


@dataclass(frozen=True)
class Region:
    """(5.4) Luma samples of a region: top and left inclusive, bottom and right exclusive."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class PictureHeader:
    """(6.3) What holds for the whole picture; names are those of the syntax elements."""

    profile: Profile
    level: Level
    synthesis_transform_id: tuple[int, ...]
    model_id: int
    model_digest: bytes
    coded_width: int
    coded_height: int
    display_width: int
    display_height: int
    bit_depth: int
    source_chroma_format_idc: int
    coded_chroma_format_idc: int
    colour_transform_idc: int
    colour_matrix: tuple[int, ...]
    colour_offset: tuple[int, ...]
    tools_enabled_flag: int
    region_partitioning_flag: int
    region_rows: int
    region_columns: int
    independent_regions_flag: int
    synthesis_tile_size: int
    """Luma samples; 0 where synthesis_tile_flag is 0."""
    synthesis_tile_overlap: int
    components: tuple[ComponentHeader, ...]
    payload: bytes
    """Of the picture header segment, which digests cover (8.7)."""

    def regions(self) -> list[Region]:
        """(5.4) All regions, in raster order."""
        rows, columns = ceil_div(self.coded_height, 64), ceil_div(self.coded_width, 64)
        tops = [64 * (r * rows // self.region_rows) for r in range(self.region_rows + 1)]
        lefts = [64 * (c * columns // self.region_columns) for c in range(self.region_columns + 1)]
        return [
            Region(top, left, min(self.coded_height, bottom), min(self.coded_width, right))
            for top, bottom in pairwise(tops)
            for left, right in pairwise(lefts)
        ]


def ceil_div(a: int, b: int) -> int:
    """(4.3) The smallest integer that is not below a divided by b."""
    return -(-a // b)


def read_picture_header(bits: BitReader) -> PictureHeader:
    """(6.3) The payload of the segment PIH.

    Raises RejectedError and UnsupportedError at the first violation.
    """
    payload = bits.data[bits.position // 8 : bits.end]
    bits.known("syntax_version", "6.3.1", bits.u(8), (1,))
    stream_profile_idc = bits.known("stream_profile_idc", "6.3.2", bits.u(4), (0, 15))
    decoder_profile_idc = bits.known("decoder_profile_idc", "6.3.3", bits.u(4), PROFILES)
    bits.demand((decoder_profile_idc == 15) == (stream_profile_idc == 15), "A.1.1", "only one profile is experimental")
    profile = PROFILES[decoder_profile_idc]
    level = LEVELS[bits.known("level_idc", "6.3.4", bits.u(8), LEVELS)]
    transforms = read_synthesis_transforms(bits, profile)
    model_id = bits.u(16)
    model_digest = bits.b(4)

    width = bits.within("coded_width_minus1", "A.2.1", bits.u(20), 0, level.max_side - 1) + 1
    height = bits.within("coded_height_minus1", "A.2.2", bits.u(20), 0, level.max_side - 1) + 1
    bits.demand(width * height <= level.max_samples, "A.2.3", f"{width}x{height} samples are over the level")
    diff_width = bits.within("diff_display_width", "6.3.11", bits.u(6), 0, min(63, width - 1))
    diff_height = bits.within("diff_display_height", "6.3.12", bits.u(6), 0, min(63, height - 1))

    bit_depth_idc = bits.within("bit_depth_idc", "6.3.13", bits.u(3), 0, 4)
    bits.demand(bit_depth_idc <= profile.max_bit_depth_idc, "A.1.4", "bit depth is over the profile")
    source = bits.u(2)
    bits.demand(source in profile.chroma_formats, "A.1.5", "the profile has no such source_chroma_format_idc")
    coded = bits.within("coded_chroma_format_idc", "6.3.15", bits.u(2), int(source != GREY), FULL * (source != GREY))
    transform = bits.within("colour_transform_idc", "6.3.16", bits.u(2), NO_TRANSFORM, EVEN * (coded != GREY))
    matrix = tuple(bits.s(16) for _ in range(9 * (transform == CUSTOM)))
    offset = tuple(bits.s(16) for _ in range(3 * (transform == CUSTOM)))

    num_components = bits.u(3) + 1
    bits.demand(num_components <= profile.max_components, "A.1.6", f"{num_components} components are over the profile")
    tools_enabled_flag = bits.u(1)
    bits.demand(
        not tools_enabled_flag or profile.any_tool or len(profile.tools) > 0, "A.1.10", "the profile has no tools"
    )
    partitionable = int(max(width, height) > 64)
    region_partitioning_flag = bits.within("region_partitioning_flag", "6.3.21", bits.u(1), 0, partitionable)
    rows, columns, independent = read_partition(bits, level, width, height) if region_partitioning_flag else (1, 1, 0)
    tile_size = tile_overlap = 0
    if bits.u(1):
        tile_size = bits.within("synthesis_tile_size_div16", "6.3.26", bits.u(8), 4, 255)
        tile_overlap = bits.within("synthesis_tile_overlap_div16", "6.3.27", bits.u(5), 0, min(31, tile_size // 2))
    components = tuple(read_component_header(bits) for _ in range(num_components))
    bits.finish()
    return PictureHeader(
        profile=profile, level=level, synthesis_transform_id=transforms, model_id=model_id, model_digest=model_digest,
        coded_width=width, coded_height=height, display_width=width - diff_width, display_height=height - diff_height,
        bit_depth=BIT_DEPTHS[bit_depth_idc], source_chroma_format_idc=source, coded_chroma_format_idc=coded,
        colour_transform_idc=transform, colour_matrix=matrix, colour_offset=offset,
        tools_enabled_flag=tools_enabled_flag, region_partitioning_flag=region_partitioning_flag, region_rows=rows,
        region_columns=columns, independent_regions_flag=independent, synthesis_tile_size=16 * tile_size,
        synthesis_tile_overlap=16 * tile_overlap, components=components, payload=payload,
    )  # fmt: skip


def read_synthesis_transforms(bits: BitReader, profile: Profile) -> tuple[int, ...]:
    """(6.3.5, 6.3.6, A.1.2, A.1.3, A.1.9) Synthesis transforms that may decode the picture."""
    count = bits.within("num_synthesis_transforms_minus1", "6.3.5", bits.u(2), 0, 2) + 1
    bits.demand(count <= len(profile.synthesis_transforms), "A.1.9", f"{count} transforms are over the profile")
    transforms: list[int] = []
    for _ in range(count):
        value = bits.known("synthesis_transform_id", "6.3.6", bits.u(4), (0, 1, 2))
        bits.demand(value not in transforms, "A.1.2", f"synthesis_transform_id {value} is listed twice")
        bits.demand(value in profile.synthesis_transforms, "A.1.3", f"the profile has no synthesis transform {value}")
        transforms.append(value)
    return tuple(transforms)


def read_partition(bits: BitReader, level: Level, width: int, height: int) -> tuple[int, int, int]:
    """(6.3.22 to 6.3.24, A.2.4, A.2.5) Rows and columns of regions, independent_regions_flag."""
    most_rows, most_columns = min(127, ceil_div(height, 64) - 1), min(127, ceil_div(width, 64) - 1)
    rows = bits.within("num_ver_splits_minus1", "6.3.22", bits.u(7), int(width <= 64), most_rows) + 1
    bits.demand(rows <= level.max_regions, "A.2.5", f"{rows} rows of regions are over the level")
    most_columns = min(most_columns, 4096 // rows - 1)
    columns = bits.within("num_hor_splits_minus1", "6.3.23", bits.u(7), int(rows == 1), most_columns) + 1
    bits.demand(rows * columns <= level.max_regions, "A.2.4", f"{rows * columns} regions are over the level")
    return rows, columns, bits.u(1)


def read_component_header(bits: BitReader) -> ComponentHeader:
    """(6.4) One component header."""
    quality_index = bits.within("quality_index", "6.4.1", bits.u(12), 0, 2048)
    num_coded_channels = bits.u(10)
    skip_threshold = bits.u(13) if bits.u(1) else 0
    return ComponentHeader(
        quality_index,
        num_coded_channels,
        skip_threshold,
        bits.within("log2_lanes_z", "6.4.5", bits.u(4), 0, 10),
        bits.within("log2_lanes_residual", "6.4.6", bits.u(4), 0, 10),
    )
