# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A codestream by hand with every kind of metadata, and its file."""

from __future__ import annotations

from refsw import container, syntax
from refsw.syntax import (
    Codestream,
    ComponentHeader,
    MetadataBlock,
    PictureHeader,
    RenderingInformation,
    Substream,
    UserData,
)
from refsw.types import Cicp, Metadata

CARRIED = Metadata(icc=b"profile", exif=b"II*\0" + bytes(8), xmp=b"<x/>", cicp=Cicp(9, 16, 0, True))


def rich_codestream() -> Codestream:
    """768 x 512 in 10 bits; substreams are noise."""
    component = ComponentHeader(quality_index=1000, num_coded_channels=8)
    header = PictureHeader(
        level_idc=20, synthesis_transform_id=(1,), model_id=1, model_digest=b"abcd", coded_width_minus1=767,
        coded_height_minus1=511, bit_depth_idc=1, components=(component, component),
    )  # fmt: skip
    kinds = ((1, CARRIED.icc), (2, CARRIED.exif), (3, CARRIED.xmp), (77, b"other"), (2, b""))
    rendering = RenderingInformation(
        cicp_present_flag=True, colour_primaries=9, transfer_characteristics=16, matrix_coefficients=0,
        clli_present_flag=True, max_content_light_level=1000,
        blocks=tuple(MetadataBlock(metadata_type=kind, metadata_payload=p) for kind, p in kinds if p is not None),
    )  # fmt: skip
    return Codestream(
        picture_header=header, rendering_information=rendering, user_data=(UserData(user_data=b"user"),),
        z=tuple(Substream(component_index=index, substream_data=b"z" * 40) for index in range(2)),
        primary_residual=(Substream(component_index=0, substream_data=b"p" * 300),),
        secondary_residual=(Substream(component_index=1, substream_data=b"s" * 100),),
    )  # fmt: skip


def rich_file() -> tuple[bytes, bytes]:
    """(.jai, .jaif)."""
    data = syntax.write(rich_codestream())
    return data, container.wrapped(data)
