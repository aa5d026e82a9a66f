# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(6.5 to 6.16) Payloads of the segments other than the picture header."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from conformance.independent.bits import BitReader
from conformance.independent.headers import GREY, PictureHeader

LATTICES, DEFLATE = 0, 1  # 6.16.2


@dataclass(frozen=True)
class Alpha:
    """(6.15) Opacity of the displayed picture, still compressed."""

    premultiplied_flag: int
    data: bytes


@dataclass(frozen=True)
class Digests:
    """(6.12) tensor_digest: component by component, regions in raster order; plane_digest: plane by plane."""

    tensor: tuple[int, ...]
    plane: tuple[int, ...]


@dataclass(frozen=True)
class LosslessLayer:
    """(6.16) The lossless layer of a region, still coded; its number is its place among the layers."""

    coding_idc: int
    log2_lanes: int
    parameter_row: tuple[int, ...]
    parameters: bytes
    digests: tuple[int, ...]
    data: bytes


def read_tool_header(bits: BitReader, header: PictureHeader) -> Iterator[tuple[int, BitReader]]:
    """(6.5, 6.6) Id and payload of each enabled tool."""
    profile, most = header.profile, header.level.max_header_bytes
    num_tools = bits.within("num_tools", "6.5.1", bits.u(8), 1, 255)
    bits.demand(profile.any_tool or num_tools <= len(profile.tools), "A.1.11", f"{num_tools} tools, over the profile")
    tools: list[int] = []
    for i in range(num_tools):
        tool_id = bits.within("tool_id", "6.6.1", bits.u(8), 1, 256 - num_tools + i)
        bits.demand(profile.any_tool or tool_id in profile.tools, "A.1.7", f"the profile has no tool {tool_id}")
        bits.demand(not tools or tool_id > tools[-1], "6.6.4", "tool blocks are not in ascending order")
        length = bits.within("tool_payload_length", "6.6.2", bits.ue(), 0, most)
        bits.align()
        first = bits.position // 8
        bits.b(length)
        tools.append(tool_id)
        yield tool_id, BitReader(bits.data, first, first + length)


def read_rendering_information(bits: BitReader, header: PictureHeader) -> None:
    """(6.7, 6.8) Rendering information and metadata blocks, which do not change samples: read, checked, dropped."""
    most = header.level.max_metadata_bytes
    if bits.u(1):  # cicp_present_flag
        for _ in range(3):
            bits.u(8)
        bits.u(1)
    if bits.u(1):  # mdcv_present_flag
        for i in range(8):
            name, clause = ("display_primaries", "6.7.7") if i < 6 else ("white_point", "6.7.8")
            bits.within(name, clause, bits.u(16), 0, 50000)
        max_display_luminance = bits.u(32)
        bits.within("min_display_luminance", "6.7.10", bits.u(32), 0, max_display_luminance)
    if bits.u(1):  # clli_present_flag
        bits.u(16)
        bits.u(16)
    num_metadata_blocks = bits.u(5)
    bits.align()
    for _ in range(num_metadata_blocks):
        bits.u(8)  # metadata_type
        length = bits.within("metadata_length", "6.8.2", bits.ue(), 0, most)
        bits.align()
        bits.b(length)


def read_substream(bits: BitReader, header: PictureHeader, index: int) -> bytes:
    """(6.10) Bytes of the entropy coder. index counts substreams of z, or of residuals, from the first component on."""
    regions = header.region_rows * header.region_columns
    component, region = divmod(index, regions)
    got = bits.within("component_index", "6.10.1", bits.u(4), 0, len(header.components) - 1)
    bits.within("component_index", "6.10.4", got, component, component)
    if header.region_partitioning_flag:
        got = bits.within("region_index", "6.10.2", bits.u(12), 0, regions - 1)
        bits.within("region_index", "6.10.5", got, region, region)
    bits.align()
    return bits.b(bits.remaining)


def read_alpha(bits: BitReader) -> Alpha:
    """(6.15) The alpha plane, still compressed."""
    bits.known("alpha_coding_idc", "6.15.1", bits.u(4), (0,))
    premultiplied_flag = bits.u(1)
    bits.align()
    return Alpha(premultiplied_flag, bits.b(bits.remaining))


def read_lossless(bits: BitReader, header: PictureHeader, index: int) -> LosslessLayer:
    """(6.16) The lossless layer of region `index`."""
    got = bits.within("lossless_region_index", "6.16.1", bits.u(12), 0, header.region_rows * header.region_columns - 1)
    bits.demand(got == index, "6.16.9", f"layer of region {got} in the place of region {index}")
    coding_idc = bits.known("lossless_coding_idc", "6.16.2", bits.u(4), (LATTICES, DEFLATE))
    lattices = int(coding_idc == LATTICES)
    log2_lanes = bits.within("log2_lanes_lossless", "6.16.3", bits.u(4), 0, 10 * lattices)
    rows = tuple(bits.within("parameter_row", "6.16.4", bits.u(6), 0, 63 * lattices) for _ in range(4))
    most = header.level.max_metadata_bytes * lattices
    length = bits.within("lossless_parameters_length", "6.16.5", bits.ue(), 0, most)
    bits.align()
    parameters = bits.b(length)
    digests = tuple(bits.u(32) for _ in range(1 if header.source_chroma_format_idc == GREY else 3))
    return LosslessLayer(coding_idc, log2_lanes, rows, parameters, digests, bits.b(bits.remaining))


def read_digests(bits: BitReader, tensors: int, header: PictureHeader) -> Digests:
    """(6.12) Digests of `tensors` regions of components, and of all planes or none."""
    bits.known("digest_type", "6.12.1", bits.u(4), (0,))
    planes = bits.within("num_plane_digests", "6.12.2", bits.u(4), 0, 4)
    shown = 1 if header.source_chroma_format_idc == GREY else 3
    bits.demand(planes in (0, shown), "6.12.5", f"{planes} plane digests for {shown} planes")
    return Digests(tuple(bits.u(32) for _ in range(tensors)), tuple(bits.u(32) for _ in range(planes)))


def read_extension(bits: BitReader, header: PictureHeader) -> int | None:
    """(6.13) The extension_id where the extension is essential, otherwise None."""
    essential = bits.u(1)
    bits.demand(essential <= header.profile.essential_extensions, "A.1.8", "the profile has no essential extensions")
    extension_id = bits.u(15)
    bits.b(bits.remaining)
    return extension_id if essential else None
