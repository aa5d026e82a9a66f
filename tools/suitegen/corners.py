# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Streams at the corners of the syntax: least and greatest values, profiles and proposals that few decoders have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from refsw.encode.tools import tool_blocks
from refsw.syntax.headers import (
    Codestream,
    Extension,
    MetadataBlock,
    PictureHeader,
    QualityMap,
    RenderingInformation,
    Substream,
    Tool,
    ToolHeader,
)
from refsw.syntax.surgery import with_header, without_digests
from suitegen import filters, pictures
from suitegen.bench import Bench, Change, changed, component
from suitegen.recipe import Recipe


def _of(
    name: str, title: str, purpose: str, clauses: tuple[str, ...], change: Change, result: str = "valid",
    tools: tuple[str, ...] = (), kind: str = "syntax", clause: str = "",
) -> Recipe:  # fmt: skip
    def build(bench: Bench) -> bytes:
        return changed(bench.coded(pictures.rgb("corner", 24, 20), quality=30), change)

    return Recipe(name, title, purpose, clauses, build, "synthetic 24x20, quality 30", kind=kind, result=result,
                  tools=tools, clause=clause)  # fmt: skip


def _header(**changes: object) -> Change:
    def change(stream: Codestream) -> Codestream:
        header: PictureHeader = replace(stream.picture_header, **changes)  # type: ignore[arg-type]
        return with_header(stream, header, stream.tool_header)

    return change


def _undigested(**changes: object) -> Change:
    """Another header without the digest, which would tell."""
    change = _header(**changes)
    return lambda stream: change(without_digests(stream))


_LEAST = RenderingInformation(
    cicp_present_flag=True, colour_primaries=0, transfer_characteristics=0, matrix_coefficients=0,
    video_full_range_flag=True, mdcv_present_flag=True, display_primaries=(0,) * 6, white_point=(0, 0),
    max_display_luminance=0, min_display_luminance=0, clli_present_flag=True, max_content_light_level=0,
    max_picture_average_light_level=0, blocks=(MetadataBlock(metadata_type=0, metadata_payload=b"?"),),
)  # fmt: skip
_GREATEST = RenderingInformation(
    cicp_present_flag=True, colour_primaries=255, transfer_characteristics=255, matrix_coefficients=255,
    video_full_range_flag=True, mdcv_present_flag=True, display_primaries=(50000,) * 6, white_point=(50000, 50000),
    max_display_luminance=2**32 - 1, min_display_luminance=2**32 - 1, clli_present_flag=True,
    max_content_light_level=65535, max_picture_average_light_level=65535,
    blocks=tuple(MetadataBlock(metadata_type=255 - index, metadata_payload=bytes(index)) for index in range(31)),
)  # fmt: skip


KNOWN = (filters.switched((8, 8, 8)), filters.linear((0,) * 10))
"""What is said to each tool of this version."""


def recipes() -> Iterator[Recipe]:
    """All valid vectors of this kind."""
    for level in range(2, 8):
        yield _of(f"level-{level}", f"level {level}", "A small picture that says a higher level.", ("6.3.4", "A.2"),
                  _header(level_idc=10 * level))  # fmt: skip
    yield _of("profile-high", "profile high", "A stream of the profile above base.", ("6.3.3", "A.1"),
              _header(decoder_profile_idc=2))  # fmt: skip
    for points in ((1, 0), (2, 1, 0)):
        name = "".join(map(str, points))
        yield _of(f"points-high-{name}", f"synthesis transforms {points}",
                  "Profile high lists up to three synthesis transforms; the claimed one is taken.", ("6.3.5", "6.3.6"),
                  _header(decoder_profile_idc=2, synthesis_transform_id=points))  # fmt: skip
    yield _of("meta-least", "least metadata", "Every number of rendering information is 0.", ("6.7",),
              lambda s: replace(s, rendering_information=_LEAST))  # fmt: skip
    yield _of("meta-greatest", "greatest metadata", "Every number is the greatest, in 31 blocks of unknown types.",
              ("6.7", "6.8"), lambda s: replace(s, rendering_information=_GREATEST))  # fmt: skip
    yield _of("quality-map-empty", "an empty quality map", "A quality map of no bytes.", ("6.9",),
              lambda s: replace(s, quality_map=QualityMap(quality_map_data=b"")))  # fmt: skip

    def grey(bench: Bench) -> bytes:
        return bench.coded(pictures.grey("corner/grey", 20, 16), "coding.plane_digests=true")

    yield Recipe("plane-digest-grey", "digest of one plane", "One checksum of a plane.", ("6.12.4",), grey,
                 "synthetic grey 20x16")  # fmt: skip
    yield from proposals()
    yield from not_base()


def proposals() -> Iterator[Recipe]:
    """Experimental streams: a decoder without the proposal must not show a picture."""
    experimental = {"stream_profile_idc": 15, "decoder_profile_idc": 15}

    def tools(count: int, payload: bytes) -> Change:
        first, step = (100, 100) if count == 2 else (256 - count, 1)

        def change(stream: Codestream) -> Codestream:
            ids = range(first, first + step * count, step)
            blocks = tool_blocks(KNOWN, stream.picture_header).header
            known = {tool.tool_id: tool for tool in (blocks.tools if blocks else ())}
            own = tuple(known.get(own, Tool(tool_id=own, tool_payload=payload)) for own in ids)
            header = replace(stream.picture_header, tools_enabled_flag=True, **experimental)
            return replace(without_digests(stream), tool_header=ToolHeader(tools=own), picture_header=header)

        return change

    for count, payload in ((1, b"tool"), (2, b""), (255, b"")):
        own = _of(f"proposal-tools-{count}", f"{count} unknown tools", "Tools that no decoder has: never a picture.",
                  ("6.5", "6.6"), tools(count, payload), "unsupported", ("proposal",), "proposal", "6.6.1")  # fmt: skip
        yield replace(own, revision=3 if count == 255 else 1)

    def essential(stream: Codestream) -> Codestream:
        header = replace(stream.picture_header, **experimental)
        own = (Extension(extension_essential_flag=True, extension_id=2, extension_data=b"needed"),)
        return replace(without_digests(stream), extensions=own, picture_header=header)

    own = _of("proposal-essential", "an essential extension", "A decoder that lacks it must not decode the picture.",
              ("6.13",), essential, "unsupported", ("proposal",), "proposal", "6.13.1")  # fmt: skip
    yield replace(own, revision=2)


def not_base() -> Iterator[Recipe]:
    """What the syntax allows and the model does not have."""
    yield _of("other-model-0", "model 0", "A model that is not listed: never a picture.", ("6.3.7", "7.4"),
              _undigested(model_id=0), "unsupported",
              kind="negative", clause="6.3.7")  # fmt: skip
    for idc, name in ((1, "420"), (2, "422")):
        change = {"source_chroma_format_idc": idc, "coded_chroma_format_idc": idc, "colour_transform_idc": 0}
        yield _of(f"other-coded-{name}", f"coded planes {name}", "Coded planes that the model's networks do not make.",
                  ("6.3.15",), _undigested(**change), "unsupported",
                  kind="negative", clause="6.3.15")  # fmt: skip

    def many_channels(stream: Codestream) -> Codestream:
        header = component(stream.picture_header, 0, num_coded_channels=1023)
        return replace(without_digests(stream), picture_header=header)

    yield _of("other-channels", "1023 coded channels", "More channels than the model has.", ("6.4.2",),
              many_channels, "unsupported", kind="negative", clause="6.4.2")  # fmt: skip

    def eight(stream: Codestream) -> Codestream:
        header = stream.picture_header
        parts = (*header.components, *(header.components[1],) * 6)

        def more(first: int) -> tuple[Substream, ...]:
            return tuple(Substream(component_index=index, substream_data=b"") for index in range(first, 8))

        return replace(
            without_digests(stream), picture_header=replace(header, components=parts, decoder_profile_idc=2),
            z=(*stream.z, *more(2)), secondary_residual=(*stream.secondary_residual, *more(2)),
        )  # fmt: skip

    yield _of("other-components", "eight components", "More components than the model has.", ("6.3.19",), eight,
              "unsupported", kind="negative", clause="6.3.19")  # fmt: skip
