# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Decisions about coding tools: each sees what the decoder will have, after the tools before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.config import Config
from refsw.constants import FILTER_REACH
from refsw.decode.filters import Filter
from refsw.decode.model import Model
from refsw.decode.parse import scale_row
from refsw.decode.picture import reconstruction
from refsw.decode.tools import NO_TOOLS, ActiveTools, Told, active
from refsw.decode.windows import Box, domains, luma_box, split
from refsw.encode.analyse import Analysed, ReadPlanes
from refsw.encode.distortion import plane_weights
from refsw.encode.modes import Wanted
from refsw.encode.write import NO_TOOL_BLOCKS, ToolBlocks
from refsw.errors import UsageError
from refsw.memory import release
from refsw.syntax.geometry import Region
from refsw.syntax.headers import Extension, PictureHeader, Tool, ToolHeader
from refsw.syntax.payload import header_names, write_payload
from refsw.tools import tool as interface
from refsw.tools.planes import ROWS
from refsw.tools.proposal import Proposal, write_proposal
from refsw.tools.tool import LatentSight, Place, Plane, PostFilter, Sight
from refsw.tools.toolbox import syntax_of
from refsw.types import CodedTensors

SIGHT = 32
"""Latent samples: largest side of what a decision sees at a time."""
BLOCK_BYTES, PROPOSAL_BYTES = 2, 12
"""What stands around a payload of a few bytes."""


@dataclass(frozen=True)
class ToolDecision:
    """What was decided about a tool that was on. bytes: of its payload; taken: whether it has one."""

    name: str
    taken: bool
    bytes: int


@dataclass(frozen=True)
class Decided:
    """Decisions of one coding: what a decoder will do, and the bytes that tell it to."""

    active: ActiveTools = NO_TOOLS
    blocks: ToolBlocks = NO_TOOL_BLOCKS
    report: tuple[ToolDecision, ...] = ()


@dataclass(frozen=True)
class _Context:
    """What one post-filter decides on; see FilterContext."""

    header: PictureHeader
    branch: str | None
    weight: NDArray[np.float64]
    tool: interface.Tool
    planes: NDArray[np.integer[Any]]
    read: ReadPlanes

    def sights(self, margin: int) -> Iterator[Sight]:
        """See FilterContext."""
        for domain in domains(self.header):
            bounds = _coded(self.header, luma_box(domain))
            for area in split(domain, SIGHT):
                own = _coded(self.header, luma_box(area))
                seen = _around(self.planes, own, bounds, margin)
                source = self.read(_region(own)).samples
                yield Sight(seen, source, margin, Place(self.header, own.top, own.left, _region(bounds)))

    def bits(self, payload: Any) -> int:
        """See FilterContext."""
        return _bits(self.tool, payload, self.header)


@dataclass(frozen=True)
class _Latents:
    """What one latent tool decides on; see LatentContext. earlier: latent tools that were taken before it."""

    analysed: Analysed
    branch: str | None
    tool: interface.LatentTool
    earlier: tuple[Told, ...]
    model: Model
    read: ReadPlanes
    point: str
    device: str
    weight: NDArray[np.float64]

    @property
    def header(self) -> PictureHeader:
        """See LatentContext."""
        return self.analysed.header

    def sights(self) -> tuple[LatentSight, ...]:
        """See LatentContext."""
        own = self.analysed
        tensors = rows_of(own)
        return tuple(
            LatentSight(y, y_hat, one.rows, one.symbols.astype(np.int32))
            for y, y_hat, one in zip(own.y, own.y_hat, tensors, strict=True)
            if one.rows is not None
        )

    def distortion(self, payload: Any | None) -> float:
        """See LatentContext."""
        mine = () if payload is None else (Told(self.tool, payload),)
        planes = decoded_planes(self.model, self.analysed, active((*self.earlier, *mine)), self.point, self.device)
        height, total = planes.shape[1], 0.0
        for top in range(0, height, ROWS):
            bottom = min(top + ROWS, height)
            source = self.read(Region(top, 0, bottom, planes.shape[2])).samples
            error = source - planes[:, top:bottom].astype(np.int32)
            total += float(np.square(error, dtype=np.float64).sum((1, 2)) @ self.weight)
        return total

    def bits(self, payload: Any) -> int:
        """See LatentContext."""
        return _bits(self.tool, payload, self.header)


def decide_tools(
    wanted: Sequence[Wanted], model: Model, analysed: Analysed, read: ReadPlanes, config: Config, device: str
) -> Decided:
    """Decisions for one coding of a picture; read: planes of the source."""
    if not wanted:
        return Decided()
    header, point, told, report = analysed.header, config.operating_points[0], list[Told](), list[ToolDecision]()
    weight = plane_weights(model, header, config.refine.fidelity)

    def take(tool: interface.Tool, payload: Any | None) -> None:
        report.append(_decision(tool, payload, header))
        if payload is not None:
            told.append(Told(tool, payload))

    for one in wanted:
        if isinstance(one.tool, interface.LatentTool):
            before = _Latents(analysed, one.branch, one.tool, tuple(told), model, read, point, device, weight)
            take(one.tool, one.tool.choose(before))
    filters = [one for one in wanted if isinstance(one.tool, PostFilter)]
    if filters:
        planes = decoded_planes(model, analysed, active(tuple(told)), point, device)
        for one in filters:
            assert isinstance(one.tool, PostFilter)
            payload = one.tool.decide(_Context(header, one.branch, weight, one.tool, planes, read))
            take(one.tool, payload)
            if payload is not None and one is not filters[-1]:
                planes = _applied(Filter(one.tool, payload), header, planes)
    chosen = active(tuple(sorted(told, key=lambda one: one.tool.tool_id or 256)))
    reach = sum(own.reach for own in chosen.filters)
    if reach > FILTER_REACH:
        raise UsageError(f"tools: the post-filters together reach {reach} samples, {FILTER_REACH} are allowed (9.11.1)")
    return Decided(chosen, tool_blocks(told, header), tuple(report))


def _decision(tool: interface.Tool, payload: Any | None, header: PictureHeader) -> ToolDecision:
    if payload is None:
        return ToolDecision(tool.name, False, 0)
    return ToolDecision(tool.name, True, len(write_payload(payload, syntax_of(tool), header_names(header), tool.name)))


def tool_blocks(told: Sequence[Told], header: PictureHeader) -> ToolBlocks:
    """(6.5, 6.17) What the codestream says to tools. Raises LevelError."""
    names, blocks, extensions = header_names(header), list[Tool](), list[Extension]()
    for one in sorted(told, key=lambda one: one.tool.tool_id):
        data = write_payload(one.payload, syntax_of(one.tool), names, one.tool.name)
        if one.tool.tool_id:
            blocks.append(Tool(tool_id=one.tool.tool_id, tool_payload=data))
        else:
            extensions.append(write_proposal(Proposal(one.tool.name, data), header))
    return ToolBlocks(ToolHeader(tools=tuple(blocks)) if blocks else None, tuple(extensions))


def _bits(tool: interface.Tool, payload: Any, header: PictureHeader) -> int:
    data = write_payload(payload, syntax_of(tool), header_names(header), tool.name)
    return 8 * (len(data) + (BLOCK_BYTES if tool.tool_id else PROPOSAL_BYTES + len(tool.name)))


def rows_of(analysed: Analysed) -> tuple[CodedTensors, ...]:
    """Tensors of all components with their table rows (8.3.3), 0 in channels that are not coded."""
    out = []
    for own, scale_index, header in zip(
        analysed.tensors, analysed.scale_index, analysed.header.components, strict=True
    ):
        rows = scale_row(scale_index.astype(np.int32)).astype(np.uint8)
        rows[header.num_coded_channels :] = 0
        out.append(replace(own, rows=rows))
    return tuple(out)


def with_rows(analysed: Analysed, tools: ActiveTools) -> tuple[CodedTensors, ...]:
    """Tensors that a reconstruction with these tools needs."""
    return rows_of(analysed) if tools.latents else analysed.tensors


def decoded_planes(
    model: Model, analysed: Analysed, tools: ActiveTools, point: str, device: str
) -> NDArray[np.integer[Any]]:
    """(9.4) Integer planes of the whole picture before post-filters: uint16 [P, H, W] where that holds them."""
    header = analysed.header
    count = sum(len(c.planes) for c in model.config.components[: len(analysed.tensors)])
    kind = np.uint16 if header.bit_depth <= 12 else np.int32
    planes = np.empty((count, header.coded_height, header.coded_width), kind)
    run = reconstruction(model, header, with_rows(analysed, tools), point, device, None, shift=tools.shift)
    with run.numerics:
        for window in run.reconstructor.windows():
            paths: Any = run.reconstructor.latents(window)
            for block in window.blocks:
                for part in run.reconstructor.planes(window, block, paths):
                    height, width = part.samples.shape[1:]
                    planes[:, part.top : part.top + height, part.left : part.left + width] = part.samples
            release()
    return planes


def _applied(own: Filter, header: PictureHeader, planes: NDArray[np.integer[Any]]) -> NDArray[np.integer[Any]]:
    """Planes after a filter."""
    out = np.empty_like(planes)
    for domain in domains(header):
        bounds = _coded(header, luma_box(domain))
        for area in split(domain, 4 * SIGHT):
            box = _coded(header, luma_box(area))
            seen = box.grown(own.reach, bounds)
            place = Place(header, seen.top, seen.left, _region(bounds))
            found = own.tool.apply(planes[:, *seen.slices].astype(np.int32), own.payload, place)
            out[:, *box.slices] = found[:, *box.inside(seen).slices]
    return out


def _around(planes: NDArray[np.integer[Any]], own: Box, bounds: Box, margin: int) -> Plane:
    """int32 [P, h + 2 margin, w + 2 margin]: a rectangle and what is around it, the edge repeated beyond the bounds."""
    seen = own.grown(margin, bounds)
    part = planes[:, *seen.slices].astype(np.int32)
    missing = (
        (0, 0), (margin - (own.top - seen.top), margin - (seen.bottom - own.bottom)),
        (margin - (own.left - seen.left), margin - (seen.right - own.right)),
    )  # fmt: skip
    return np.pad(part, missing, mode="edge")


def _coded(header: PictureHeader, box: Box) -> Box:
    return box.cut(Box(0, 0, header.coded_height, header.coded_width))


def _region(box: Box) -> Region:
    return Region(box.top, box.left, box.bottom, box.right)
