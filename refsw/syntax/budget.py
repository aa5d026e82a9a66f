# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(A.1, A.2, B.6) What the picture header alone says of the cost of decoding; a model package refines it."""

from __future__ import annotations

from dataclasses import dataclass

from refsw import spec
from refsw.constants import FILTER_REACH, LATENT_BLOCK, TILE_SIDE, WINDOW_SIDE
from refsw.syntax.geometry import ceil_div
from refsw.syntax.headers import Codestream, PictureHeader
from refsw.syntax.resolution import shown_header
from refsw.syntax.scaling import is_scaled

ENCODER_BYTES_PER_SYMBOL = 6
"""(informative) An encoder holds y in 4 bytes and scale_index in 2, besides the symbols."""
ENCODER_WINDOW_BYTES = 8
"""(informative) For each luma sample of a window an encoder holds y and the skip mask besides what a decoder holds."""
PLANE_BYTES = 4
"""Of a plane sample, where planes of a block are put together for post-filters."""
RESOLUTION_STRIP_BYTES = 2048
"""For each column of a plane, where 64 rows are enlarged at a time: coded rows, rows on the way, rows, and copies."""
LOSSLESS_FIXED_BYTES = 128 << 20
"""Look-ups of the residual tables, and features of the samples that are predicted at a time."""
LOSSLESS_PASS_BYTES, LOSSLESS_PLANE_BYTES = 24, 16
"""For each luma sample of a region: what a pass holds of its samples, and each plane with its base and its errors."""


@dataclass(frozen=True)
class ComponentBudget:
    """Sizes of one component: y and z are (rows, columns); symbols is the greatest number that can be coded."""

    component_index: int
    y: tuple[int, int]
    z: tuple[int, int]
    symbols: int
    z_bytes: int
    residual_bytes: int


@dataclass(frozen=True)
class Budget:
    """Bounds of the decoding process of one codestream.

    samples: coded luma samples; macs: profile's kMAC per sample * 1000 * samples; memory_bytes: working
    memory of the decoder (B.6); encoder_memory_bytes: of the encoder of this software.
    """

    profile: str
    level: str
    samples: int
    level_samples: int
    regions: int
    kmac_per_sample: int
    macs: int
    parameters: int
    memory_bytes: int
    encoder_memory_bytes: int
    components: tuple[ComponentBudget, ...]


def budget(codestream: Codestream) -> Budget:
    """Bounds from the headers, without weights."""
    header = codestream.picture_header
    profile, level = spec.profile(header.decoder_profile_idc), spec.level(header.level_idc)
    samples = header.coded_width * header.coded_height
    rows, columns = header.latent_size
    components = []
    for index, component in enumerate(header.components):
        regions = range(header.num_regions)
        components.append(
            ComponentBudget(
                component_index=index,
                y=header.latent_size,
                z=header.hyper_size,
                symbols=component.num_coded_channels * rows * columns,
                z_bytes=sum(len(codestream.z_data(index, region)) for region in regions),
                residual_bytes=sum(len(codestream.residual_data(index, region)) for region in regions),
            )
        )
    return Budget(
        profile=profile.name,
        level=level.name,
        samples=samples,
        level_samples=level.max_samples,
        regions=header.num_regions,
        kmac_per_sample=profile.max_kmac_per_sample,
        macs=1000 * profile.max_kmac_per_sample * samples,
        parameters=profile.max_parameters,
        memory_bytes=decoder_memory_bytes(codestream),
        encoder_memory_bytes=encoder_memory_bytes(header) + _tool_memory_bytes(codestream),
        components=tuple(components),
    )


def decoder_memory_bytes(codestream: Codestream) -> int:
    """(B.6) Working memory of a decoder, bytes, lossless layers aside."""
    return memory_bytes(codestream.picture_header) + _tool_memory_bytes(codestream)


def _tool_memory_bytes(codestream: Codestream) -> int:
    """What tools add that change the size of the picture or of what is known before parsing."""
    header = codestream.picture_header
    scaling = scaling_memory_bytes(header) if is_scaled(codestream) else 0
    return resolution_memory_bytes(header, shown_header(codestream)) + scaling


def memory_bytes(header: PictureHeader) -> int:
    """(B.6) What the picture header alone says of a decoder's working memory, bytes."""
    profile = spec.profile(header.decoder_profile_idc)
    sizes = _sizes(header)
    window, tile = 0, 0
    for down, across in _windows(header):
        window = max(window, down * across)
        tile = max(tile, _part(down, TILE_SIDE) * _part(across, TILE_SIDE))
    if header.synthesis_tile_flag:
        side = LATENT_BLOCK * (header.synthesis_tile_size_div16 + 2 * header.synthesis_tile_overlap_div16)
        tile = min(side * side, window)
    if header.tools_enabled_flag:
        tile = max(_block(down) * _block(across) for down, across in _windows(header))
    networks = profile.window_bytes_per_sample * window + profile.tile_bytes_per_sample * tile
    parsing = profile.region_bytes_per_sample * max(height * width for height, width in sizes)
    channels = 1 if header.source_chroma_format_idc == 0 else 3
    networks += PLANE_BYTES * channels * tile if header.tools_enabled_flag else 0
    picture = header.width * header.height * channels * (1 if header.bit_depth == 8 else 2)
    return profile.fixed_memory_bytes + 2 * _symbols(header) + picture + max(networks, parsing)


def resolution_memory_bytes(header: PictureHeader, shown: PictureHeader) -> int:
    """(B.6) What a resolution change adds to the working memory of a decoder, bytes.

    The coded planes, the rest of the displayed picture, whose header is `shown`, and a strip that is enlarged.
    """
    if header == shown:
        return 0
    channels = 1 if header.source_chroma_format_idc == 0 else 3
    planes = channels * header.coded_width * header.coded_height * (2 if header.bit_depth <= 12 else 4)
    size = 1 if header.bit_depth == 8 else 2
    more = channels * size * (shown.width * shown.height - header.width * header.height)
    return planes + more + RESOLUTION_STRIP_BYTES * channels * shown.width


def scaling_memory_bytes(header: PictureHeader) -> int:
    """(B.6) What variance scaling adds to the working memory of a decoder: a step of each latent sample, bytes."""
    return _symbols(header)


def lossless_memory_bytes(header: PictureHeader) -> int:
    """(B.6) What a lossless layer adds to the working memory of a decoder, which decodes it region by region, bytes."""
    channels = 1 if header.source_chroma_format_idc == 0 else 3
    region = max(height * width for height, width in _sizes(header))
    picture = header.width * header.height * channels * (1 if header.bit_depth == 8 else 2)
    return LOSSLESS_FIXED_BYTES + (LOSSLESS_PASS_BYTES + LOSSLESS_PLANE_BYTES * channels) * region + picture


def encoder_memory_bytes(header: PictureHeader) -> int:
    """(informative) Working memory of the encoder of this software, bytes; its picture is the one it reads."""
    window = max(down * across for down, across in _windows(header))
    planes = header.coded_width * header.coded_height * (1 if header.source_chroma_format_idc == 0 else 3)
    decided = planes * (2 if header.bit_depth <= 12 else 4) if header.tools_enabled_flag else 0  # decoded planes
    symbols = ENCODER_BYTES_PER_SYMBOL * _symbols(header)
    return memory_bytes(header) + symbols + ENCODER_WINDOW_BYTES * window + decided


def _sizes(header: PictureHeader) -> list[tuple[int, int]]:
    regions = (header.region(index) for index in range(header.num_regions))
    return [(region.bottom - region.top, region.right - region.left) for region in regions]


def _windows(header: PictureHeader) -> list[tuple[int, int]]:
    """Rows and columns of the largest window of each domain."""
    domains = _sizes(header) if header.independent_regions_flag else [(header.coded_height, header.coded_width)]
    return [(_part(height, WINDOW_SIDE), _part(width, WINDOW_SIDE)) for height, width in domains]


def _symbols(header: PictureHeader) -> int:
    rows, columns = header.latent_size
    return sum(component.num_coded_channels for component in header.components) * rows * columns


def _block(side: int) -> int:
    """What post-filters see at a time of a window of this side."""
    return min(side, _part(side, TILE_SIDE) + 2 * FILTER_REACH)


def _part(side: int, most: int) -> int:
    return ceil_div(side, ceil_div(side, most))
