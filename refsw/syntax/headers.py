# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The structures of a codestream that the codec touches, as frozen dataclasses.

    Codestream
    ├── picture_header: PictureHeader ── components: (ComponentHeader, ...)
    ├── tool_header, rendering_information, quality_map           each at most once
    ├── z, primary_residual, secondary_residual: (Substream, ...) component-major, regions inside
    ├── alpha: AlphaPlane                                         at most once
    ├── lossless: (LosslessLayer, ...)                            of the first regions
    └── user_data, digest_segment, extensions, skipped_segments   what a decoder may ignore

Field names are the syntax elements of spec/syntax. Counts and lengths that follow from other fields (for
example num_components_minus1) are not fields: the writer computes them. Ranges are checked by `write` and
`read`, not here, because they stand in the specification alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from refsw.syntax.geometry import Region, ceil_div, region_bounds

BIT_DEPTHS = (8, 10, 12, 14, 16)
"""(6.3.12) Bits of a sample for each bit_depth_idc; a test holds it equal to the specification."""

EXPERIMENTAL = 15
"""(6.3.2, 6.3.3) Stream profile and decoder profile of what is not adopted yet."""

CHROMA_FORMATS = ("4:0:0", "4:2:0", "4:2:2", "4:4:4")
"""(6.3.14) Name of each source_chroma_format_idc."""


ICC, EXIF, XMP = 1, 2, 3
"""(6.8.1) Values of metadata_type."""


@dataclass(frozen=True, kw_only=True)
class ComponentHeader:
    """(6.4) What the picture header says of one component.

    quality_index: 0..2048, 256 per interval between quality anchors;
    num_coded_channels: 0..1023 channels of y that carry symbols;
    skip_threshold: 0..8191, Q7 log scale, 0 unless skip_enabled_flag;
    log2_lanes_z, log2_lanes_residual: 0..10, base-2 logarithm of the entropy coder's lanes.
    """

    quality_index: int
    num_coded_channels: int
    skip_enabled_flag: bool = False
    skip_threshold: int = 0
    log2_lanes_z: int = 0
    log2_lanes_residual: int = 0


@dataclass(frozen=True, kw_only=True)
class PictureHeader:
    """(6.3) Everything that holds for the whole picture.

    model_digest: first 4 bytes of the model package's SHA-256;
    synthesis_transform_id: 0 SOP, 1 BOP, 2 HOP, the first is the default;
    coded size in luma samples; display size = coded size - diff_display_*.
    """

    syntax_version: int = 1
    stream_profile_idc: int = 0
    decoder_profile_idc: int = 1
    level_idc: int
    synthesis_transform_id: tuple[int, ...]
    model_id: int
    model_digest: bytes
    coded_width_minus1: int
    coded_height_minus1: int
    diff_display_width: int = 0
    diff_display_height: int = 0
    bit_depth_idc: int = 0
    source_chroma_format_idc: int = 3
    coded_chroma_format_idc: int = 3
    colour_transform_idc: int = 1
    colour_matrix: tuple[int, ...] = ()
    colour_offset: tuple[int, ...] = ()
    tools_enabled_flag: bool = False
    region_partitioning_flag: bool = False
    num_ver_splits_minus1: int = 0
    num_hor_splits_minus1: int = 0
    independent_regions_flag: bool = False
    synthesis_tile_flag: bool = False
    synthesis_tile_size_div16: int = 0
    synthesis_tile_overlap_div16: int = 0
    components: tuple[ComponentHeader, ...]

    @property
    def coded_width(self) -> int:
        """Columns of the coded planes, luma samples."""
        return self.coded_width_minus1 + 1

    @property
    def coded_height(self) -> int:
        """Rows of the coded planes, luma samples."""
        return self.coded_height_minus1 + 1

    @property
    def width(self) -> int:
        """Columns of the displayed picture."""
        return self.coded_width - self.diff_display_width

    @property
    def height(self) -> int:
        """Rows of the displayed picture."""
        return self.coded_height - self.diff_display_height

    @property
    def bit_depth(self) -> int:
        """Bits of a sample of the displayed picture."""
        return BIT_DEPTHS[self.bit_depth_idc]

    @property
    def num_regions(self) -> int:
        """Regions of each component; 1 where the picture is not partitioned."""
        return (self.num_ver_splits_minus1 + 1) * (self.num_hor_splits_minus1 + 1)

    @property
    def latent_size(self) -> tuple[int, int]:
        """(h, w) of the latent y of a component at full resolution."""
        return ceil_div(self.coded_height, 16), ceil_div(self.coded_width, 16)

    @property
    def hyper_size(self) -> tuple[int, int]:
        """Rows and columns of the hyper-latent z of a component at full resolution."""
        return ceil_div(self.coded_height, 64), ceil_div(self.coded_width, 64)

    def region(self, region_index: int) -> Region:
        """(5.4) Samples that region `region_index` covers."""
        return region_bounds(
            self.coded_height,
            self.coded_width,
            self.num_ver_splits_minus1 + 1,
            self.num_hor_splits_minus1 + 1,
            region_index,
        )


@dataclass(frozen=True, kw_only=True)
class Tool:
    """(6.6) One enabled coding tool and its payload, whose syntax is the tool's own."""

    tool_id: int
    tool_payload: bytes


@dataclass(frozen=True, kw_only=True)
class ToolHeader:
    """(6.5) The enabled coding tools, tool_id ascending."""

    tools: tuple[Tool, ...]


@dataclass(frozen=True, kw_only=True)
class MetadataBlock:
    """(6.8) One opaque block of metadata: 1 ICC, 2 EXIF, 3 XMP."""

    metadata_type: int
    metadata_payload: bytes


@dataclass(frozen=True, kw_only=True)
class RenderingInformation:
    """(6.7) How the picture wants to be shown; a decoder of samples may ignore it."""

    cicp_present_flag: bool = False
    colour_primaries: int = 2
    transfer_characteristics: int = 2
    matrix_coefficients: int = 2
    video_full_range_flag: bool = True
    mdcv_present_flag: bool = False
    display_primaries: tuple[int, ...] = ()
    white_point: tuple[int, ...] = ()
    max_display_luminance: int = 0
    min_display_luminance: int = 0
    clli_present_flag: bool = False
    max_content_light_level: int = 0
    max_picture_average_light_level: int = 0
    blocks: tuple[MetadataBlock, ...] = ()


@dataclass(frozen=True, kw_only=True)
class QualityMap:
    """(6.9) Entropy-coded quality map; its decoding (8.8) belongs to the experimental profile."""

    quality_map_data: bytes


@dataclass(frozen=True, kw_only=True)
class Substream:
    """(6.10) Entropy-coded z or residual of one region of one component."""

    component_index: int
    region_index: int = 0
    substream_data: bytes


@dataclass(frozen=True, kw_only=True)
class AlphaPlane:
    """(6.15) Opacity of the displayed picture, a zlib stream."""

    alpha_coding_idc: int = 0
    alpha_premultiplied_flag: bool = False
    alpha_data: bytes


@dataclass(frozen=True, kw_only=True)
class LosslessLayer:
    """(6.16) What makes the samples of one region those of the encoder's input.

    lossless_coding_idc: 0 lattices, 1 DEFLATE, for which the next three say nothing;
    parameter_row: 4 rows of the Gaussian tables; lossless_digest: CRC-32 of each plane of the region.
    """

    lossless_region_index: int = 0
    lossless_coding_idc: int = 0
    log2_lanes_lossless: int = 0
    parameter_row: tuple[int, ...] = (0, 0, 0, 0)
    lossless_parameters: bytes = b""
    lossless_digest: tuple[int, ...]
    lossless_data: bytes


@dataclass(frozen=True, kw_only=True)
class UserData:
    """(6.11) Bytes that mean nothing to the codec."""

    user_data: bytes


@dataclass(frozen=True, kw_only=True)
class DigestSegment:
    """(6.12) Checksums by which a decoder proves its own work.

    digest_type: 0 = CRC-32 over the canonical layout (Annex C);
    tensor_digest: one per component and region, component-major: exact tensors, then the picture header;
    plane_digest: one per decoded plane where the picture itself is exact, else ().
    """

    digest_type: int = 0
    tensor_digest: tuple[int, ...]
    plane_digest: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Extension:
    """(6.13) Payload of a proposal; a decoder that lacks an essential one must not decode the picture."""

    extension_essential_flag: bool = False
    extension_id: int
    extension_data: bytes


@dataclass(frozen=True, kw_only=True)
class SkippedSegment:
    """(5.3.4) A segment with a marker of the skippable range, kept as it was."""

    segment_marker: int
    skipped_data: bytes


@dataclass(frozen=True, kw_only=True)
class Codestream:
    """(5.2) A parsed codestream; tuples in the order of the stream."""

    picture_header: PictureHeader
    tool_header: ToolHeader | None = None
    rendering_information: RenderingInformation | None = None
    quality_map: QualityMap | None = None
    z: tuple[Substream, ...]
    primary_residual: tuple[Substream, ...]
    secondary_residual: tuple[Substream, ...] = ()
    alpha: AlphaPlane | None = None
    lossless: tuple[LosslessLayer, ...] = ()
    user_data: tuple[UserData, ...] = ()
    digest_segment: DigestSegment | None = None
    extensions: tuple[Extension, ...] = ()
    skipped_segments: tuple[SkippedSegment, ...] = ()

    @property
    def tools(self) -> tuple[Tool, ...]:
        """(6.5) The enabled coding tools, none where there is no tool header."""
        return () if self.tool_header is None else self.tool_header.tools

    def z_data(self, component_index: int, region_index: int = 0) -> bytes:
        """Substream of z of one region of one component."""
        return self.z[component_index * self.picture_header.num_regions + region_index].substream_data

    def residual_data(self, component_index: int, region_index: int = 0) -> bytes:
        """Substream of the symbols of one region of one component."""
        if component_index == 0:
            return self.primary_residual[region_index].substream_data
        place = (component_index - 1) * self.picture_header.num_regions + region_index
        return self.secondary_residual[place].substream_data

    def tensor_digest(self, component_index: int, region_index: int = 0) -> int | None:
        """Checksum of the exact tensors of one region of one component; None where the stream has none."""
        if self.digest_segment is None:
            return None
        return self.digest_segment.tensor_digest[component_index * self.picture_header.num_regions + region_index]
