# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Symbols to codestream."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from refsw import syntax
from refsw.decode.model import Model
from refsw.decode.parse import region_digest, scale_row, z_rows
from refsw.decode.verify import plane_digests
from refsw.decode.windows import Box, latent_box
from refsw.encode.extras import NO_EXTRAS, Extras
from refsw.entropy import rans
from refsw.entropy.cost import choose_lanes, code_length
from refsw.entropy.tables import FrequencyTables, gaussian_tables
from refsw.syntax.headers import (
    Codestream,
    ComponentHeader,
    DigestSegment,
    Extension,
    PictureHeader,
    QualityMap,
    Substream,
    ToolHeader,
)
from refsw.syntax.writer import digested_headers
from refsw.types import ComponentSymbols, Image, Int


@dataclass(frozen=True)
class Written:
    """A codestream, and the ideal code length of all its symbols under the coder's own tables."""

    data: bytes
    codestream: Codestream
    ideal_bits: float


@dataclass(frozen=True)
class ToolBlocks:
    """What coding tools take of a codestream: blocks of the tool header, proposals as extensions."""

    header: ToolHeader | None = None
    extensions: tuple[Extension, ...] = ()


NO_TOOL_BLOCKS = ToolBlocks()
Part = Callable[[int, Box], ComponentSymbols]
"""(component, rectangle) -> its tensors."""


def part_of(symbols: Sequence[ComponentSymbols]) -> Part:
    """Rectangles of tensors of a whole picture."""

    def part(index: int, box: Box) -> ComponentSymbols:
        own, (rows, columns), (z_rows, z_columns) = symbols[index], box.slices, box.hyper.slices
        return ComponentSymbols(
            np.ascontiguousarray(own.z[:, z_rows, z_columns]), np.ascontiguousarray(own.scale_index[:, rows, columns]),
            np.ascontiguousarray(own.skip_mask[:, rows, columns]),
            np.ascontiguousarray(own.symbols[:, rows, columns]),
        )  # fmt: skip

    return part


@dataclass(frozen=True)
class _Group:
    """Symbols of one region that share a substream, as the entropy coder takes them."""

    values: Int
    rows: Int
    tables: FrequencyTables

    @property
    def ideal_bits(self) -> float:
        return code_length(self.values, self.rows, self.tables)


def _groups(model: Model, header: PictureHeader, index: int, own: ComponentSymbols) -> tuple[_Group, _Group]:
    """z and residual of one region."""
    tables = model.scales[index].z_tables(header.components[index].quality_index)
    coded = ~own.skip_mask
    z = _Group(own.z.astype(np.int32).ravel(), z_rows(len(own.z), (own.z.shape[1], own.z.shape[2])), tables)
    return z, _Group(own.symbols[coded], scale_row(own.scale_index[coded]), gaussian_tables())


def _lanes(lanes: int | Literal["auto"], sizes: list[tuple[float, int]]) -> int:
    """All regions of a component share their number of lanes; sizes: (ideal bits, symbols) of each region."""
    if lanes != "auto":
        return lanes
    return choose_lanes(sum(bits for bits, _ in sizes) / len(sizes), min(count for _, count in sizes))


def write_picture(
    model: Model,
    header: PictureHeader,
    symbols: Sequence[ComponentSymbols] | Part,
    lanes: int | Literal["auto"] = "auto",
    digest: bool = True,
    extras: Extras = NO_EXTRAS,
    quality_map: QualityMap | None = None,
    tools: ToolBlocks = NO_TOOL_BLOCKS,
) -> Written:
    """Entropy-code every region of every component and write the codestream.

    symbols: of the whole picture, or a function that gives those of a rectangle. The header's lane counts are replaced
    by those chosen. extras: segments besides the coded picture; quality_map: by which scale indices were made;
    tools: what was decided about coding tools.
    """
    part = symbols if callable(symbols) else part_of(symbols)
    boxes = [latent_box(header.region(index)) for index in range(header.num_regions)]
    components: list[ComponentHeader] = []
    z_streams, residuals, ideal = list[Substream](), list[Substream](), 0.0
    for index, component in enumerate(header.components):
        sizes: list[list[tuple[float, int]]] = [[], []]
        for box in boxes:
            for known, group in zip(sizes, _groups(model, header, index, part(index, box)), strict=True):
                known.append((group.ideal_bits, len(group.values)))
        ideal += sum(bits for known in sizes for bits, _ in known)
        z_lanes, lanes_residual = (_lanes(lanes, known) for known in sizes)
        components.append(replace(
            component, log2_lanes_z=z_lanes.bit_length() - 1, log2_lanes_residual=lanes_residual.bit_length() - 1,
        ))  # fmt: skip
        for region_index, box in enumerate(boxes):
            groups = _groups(model, header, index, part(index, box))
            for group, count, streams in zip(groups, (z_lanes, lanes_residual), (z_streams, residuals), strict=True):
                data = rans.encode(group.values, group.rows, group.tables, count)
                streams.append(Substream(component_index=index, region_index=region_index, substream_data=data))
    header = replace(header, components=tuple(components))
    codestream = _told(_codestream(header, z_streams, residuals, extras, quality_map), tools)
    return _digested(codestream, ideal, part if digest else None)


def with_tools(written: Written, tools: ToolBlocks, part: Part) -> Written:
    """The same picture, written without tools, with what was decided about them."""
    if tools == NO_TOOL_BLOCKS:
        return written
    codestream = _told(written.codestream, tools)
    return _digested(codestream, written.ideal_bits, part if codestream.digest_segment else None)


def _told(codestream: Codestream, tools: ToolBlocks) -> Codestream:
    header = replace(codestream.picture_header, tools_enabled_flag=tools.header is not None)
    return replace(codestream, picture_header=header, tool_header=tools.header, extensions=tools.extensions)


def _digested(codestream: Codestream, ideal_bits: float, part: Part | None) -> Written:
    """Written, with digests of all tensors where `part` gives them."""
    if part is not None:
        header, payload = codestream.picture_header, digested_headers(codestream)
        boxes = [latent_box(header.region(index)) for index in range(header.num_regions)]
        digests = tuple(region_digest(payload, part(i, box)) for i in range(len(header.components)) for box in boxes)
        codestream = replace(codestream, digest_segment=DigestSegment(tensor_digest=digests))
    return Written(syntax.write(codestream), codestream, ideal_bits)


def _codestream(
    header: PictureHeader, z_streams: Sequence[Substream], residuals: Sequence[Substream], extras: Extras,
    quality_map: QualityMap | None,
) -> Codestream:  # fmt: skip
    return Codestream(
        picture_header=header,
        quality_map=quality_map,
        z=tuple(z_streams),
        primary_residual=tuple(residuals[: header.num_regions]),
        secondary_residual=tuple(residuals[header.num_regions :]),
        rendering_information=extras.rendering_information,
        alpha=extras.alpha,
        user_data=extras.user_data,
    )


def overhead(
    header: PictureHeader, digest: bool, extras: Extras, quality_map: QualityMap | None = None,
    tools: ToolBlocks = NO_TOOL_BLOCKS,
) -> int:  # fmt: skip
    """Bytes of a codestream besides those of the entropy coder.

    Written for the purpose, so that what the profile or level does not hold is refused here, before an analysis.
    """
    places = [(index, region) for index in range(len(header.components)) for region in range(header.num_regions)]
    streams = [Substream(component_index=i, region_index=region, substream_data=b"") for i, region in places]
    codestream = _told(_codestream(header, streams, streams, extras, quality_map), tools)
    if digest:
        codestream = replace(codestream, digest_segment=DigestSegment(tensor_digest=(0,) * len(places)))
    return len(syntax.write(codestream))


def with_plane_digests(written: Written, image: Image) -> Written:
    """The same codestream, whose digest segment states the checksums of a picture as well (6.12.4)."""
    segment = written.codestream.digest_segment
    if segment is None:
        return written
    codestream = replace(written.codestream, digest_segment=replace(segment, plane_digest=plane_digests(image)))
    return replace(written, data=syntax.write(codestream), codestream=codestream)
