# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Two codestreams by hand: a usual one, and one in which every structure is present."""

from __future__ import annotations

from dataclasses import replace

import pytest

from refsw.syntax import (
    AlphaPlane,
    Codestream,
    ComponentHeader,
    DigestSegment,
    Extension,
    LosslessLayer,
    MetadataBlock,
    PictureHeader,
    QualityMap,
    RenderingInformation,
    SkippedSegment,
    Substream,
    Tool,
    ToolHeader,
    UserData,
)


@pytest.fixture(scope="session")
def usual() -> Codestream:
    """768 x 512, two components, one region, digests."""
    luma = ComponentHeader(
        quality_index=1000, num_coded_channels=160, skip_enabled_flag=True, skip_threshold=700, log2_lanes_residual=5
    )
    chroma = ComponentHeader(quality_index=900, num_coded_channels=96)
    header = PictureHeader(
        level_idc=20,
        synthesis_transform_id=(1, 0),
        model_id=1,
        model_digest=b"abcd",
        coded_width_minus1=767,
        coded_height_minus1=511,
        components=(luma, chroma),
    )
    return Codestream(
        picture_header=header,
        z=tuple(Substream(component_index=index, substream_data=b"z" * 40) for index in range(2)),
        primary_residual=(Substream(component_index=0, substream_data=b"p" * 300),),
        secondary_residual=(Substream(component_index=1, substream_data=b"s" * 100),),
        digest_segment=DigestSegment(tensor_digest=(1, 2**32 - 1)),
    )


@pytest.fixture(scope="session")
def tiny(usual: Codestream) -> Codestream:
    """40 x 30, grey, simple profile, one essential extension short of its profile."""
    header = replace(
        usual.picture_header,
        decoder_profile_idc=0,
        level_idc=10,
        synthesis_transform_id=(0,),
        coded_width_minus1=39,
        coded_height_minus1=29,
        source_chroma_format_idc=0,
        coded_chroma_format_idc=0,
        colour_transform_idc=0,
        components=usual.picture_header.components[:1],
    )
    return Codestream(
        picture_header=header,
        z=usual.z[:1],
        primary_residual=usual.primary_residual,
        rendering_information=RenderingInformation(),
        extensions=(Extension(extension_id=1, extension_data=b""),),
    )


@pytest.fixture(scope="session")
def tooled(tiny: Codestream) -> Codestream:
    """The tiny one in profile base, with a coding tool that this profile has."""
    header = replace(tiny.picture_header, tools_enabled_flag=True)
    return replace(tiny, picture_header=header, tool_header=ToolHeader(tools=(Tool(tool_id=1, tool_payload=b"\x80"),)))


@pytest.fixture(scope="session", params=["tall", "wide"])
def strip(request: pytest.FixtureRequest, usual: Codestream) -> Codestream:
    """64 x 4096 in five rows of regions, or 4096 x 64 in five columns."""
    tall = request.param == "tall"
    header = replace(
        usual.picture_header,
        coded_width_minus1=63 if tall else 4095,
        coded_height_minus1=4095 if tall else 63,
        region_partitioning_flag=True,
        num_ver_splits_minus1=4 if tall else 0,
        num_hor_splits_minus1=0 if tall else 4,
        components=usual.picture_header.components[:1],
    )
    regions = tuple(Substream(component_index=0, region_index=region, substream_data=b"") for region in range(5))
    return Codestream(picture_header=header, z=regions, primary_residual=regions)


@pytest.fixture(scope="session")
def full(usual: Codestream) -> Codestream:
    """Experimental profile, 2 x 2 regions, custom colour, every segment and every conditional element."""
    header = replace(
        usual.picture_header,
        stream_profile_idc=15,
        decoder_profile_idc=15,
        synthesis_transform_id=(2, 1, 0),
        diff_display_width=63,
        diff_display_height=7,
        bit_depth_idc=1,
        source_chroma_format_idc=1,
        colour_transform_idc=2,
        colour_matrix=(8192, 0, -32768, 0, 8192, 0, 0, 32767, 8192),
        colour_offset=(0, 16384, -16384),
        tools_enabled_flag=True,
        region_partitioning_flag=True,
        num_ver_splits_minus1=1,
        num_hor_splits_minus1=1,
        independent_regions_flag=True,
        synthesis_tile_flag=True,
        synthesis_tile_size_div16=32,
        synthesis_tile_overlap_div16=2,
    )

    def substreams(*components: int) -> tuple[Substream, ...]:
        return tuple(
            Substream(component_index=component, region_index=region, substream_data=bytes([component, region]) * 5)
            for component in components
            for region in range(4)
        )

    rendering = RenderingInformation(
        cicp_present_flag=True,
        colour_primaries=1,
        transfer_characteristics=13,
        matrix_coefficients=0,
        mdcv_present_flag=True,
        display_primaries=(34000, 16000, 13250, 34500, 7500, 3000),
        white_point=(15635, 16450),
        max_display_luminance=10_000_000,
        min_display_luminance=1,
        clli_present_flag=True,
        max_content_light_level=1000,
        max_picture_average_light_level=400,
        blocks=(
            MetadataBlock(metadata_type=1, metadata_payload=b"icc"),
            MetadataBlock(metadata_type=3, metadata_payload=b""),
        ),
    )
    return Codestream(
        picture_header=header,
        tool_header=ToolHeader(tools=(Tool(tool_id=5, tool_payload=b"abc"), Tool(tool_id=7, tool_payload=b""))),
        rendering_information=rendering,
        quality_map=QualityMap(quality_map_data=b"map"),
        z=substreams(0, 1),
        primary_residual=substreams(0),
        secondary_residual=substreams(1),
        alpha=AlphaPlane(alpha_premultiplied_flag=True, alpha_data=b"opacity"),
        lossless=(
            LosslessLayer(
                log2_lanes_lossless=10, parameter_row=(63, 1, 2, 3), lossless_parameters=b"weights",
                lossless_digest=(1, 2, 2**32 - 1), lossless_data=b"samples",
            ),
            LosslessLayer(
                lossless_region_index=1, lossless_coding_idc=1, lossless_digest=(3, 4, 5), lossless_data=b"",
            ),
        ),
        user_data=(UserData(user_data=b"hello"), UserData(user_data=b"")),
        digest_segment=DigestSegment(tensor_digest=tuple(range(8)), plane_digest=(1, 2, 3)),
        extensions=(Extension(extension_essential_flag=True, extension_id=32767, extension_data=b"proposal"),),
        skipped_segments=(
            SkippedSegment(segment_marker=0xFF9F, skipped_data=b"later"),
            SkippedSegment(segment_marker=0xFF92, skipped_data=b""),
        ),
    )
