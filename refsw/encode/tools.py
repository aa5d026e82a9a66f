# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Decisions about coding tools: each sees what the decoder will have, after the tools before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.colour import plane_type
from refsw.config import Config
from refsw.constants import FILTER_REACH
from refsw.decode.filters import Filter
from refsw.decode.model import Model
from refsw.decode.parse import scale_row
from refsw.decode.picture import reconstruction
from refsw.decode.tools import NO_TOOLS, ActiveTools, Told, active
from refsw.encode.analyse import Analysed, ReadPlanes
from refsw.encode.distortion import measure, plane_weights
from refsw.encode.modes import Wanted
from refsw.encode.payloads import payload_bits, payload_bytes, tool_blocks
from refsw.encode.sights import SampledContext, sampled
from refsw.encode.write import NO_TOOL_BLOCKS, ToolBlocks
from refsw.errors import UsageError
from refsw.memory import release
from refsw.syntax.geometry import Region
from refsw.syntax.headers import PictureHeader
from refsw.syntax.resolution import ResolutionPayload
from refsw.tools import tool as interface
from refsw.tools.planes import ROWS
from refsw.tools.tool import LatentSight, PostFilter
from refsw.types import CodedTensors


@dataclass(frozen=True)
class ToolDecision:
    """What was decided about a tool that was on. bytes: of its payload; taken: whether it has one."""

    name: str
    taken: bool
    bytes: int


@dataclass(frozen=True)
class Decided:
    """Decisions of one coding: what a decoder will do, and the bytes that tell it to.

    planes: of the whole picture before post-filters, where a decision saw them.
    """

    active: ActiveTools = NO_TOOLS
    blocks: ToolBlocks = NO_TOOL_BLOCKS
    report: tuple[ToolDecision, ...] = ()
    planes: NDArray[np.integer[Any]] | None = None


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
        return payload_bits(self.tool, payload, self.header)


def decide_tools(
    wanted: Sequence[Wanted], model: Model, analysed: Analysed, read: ReadPlanes, config: Config, device: str,
    resolution: ResolutionPayload | None = None,
) -> Decided:  # fmt: skip
    """Decisions for one coding of a picture; read: planes of the source; resolution: decided before, with the size."""
    if not wanted:
        return Decided()
    header, point, told, report = analysed.header, config.operating_points[0], list[Told](), list[ToolDecision]()
    weight = plane_weights(model, header, config.refine.fidelity)

    def take(tool: interface.Tool, payload: Any | None) -> None:
        report.append(_decision(tool, payload, header))
        if payload is not None:
            told.append(Told(tool, payload))

    for one in wanted:
        if isinstance(one.tool, interface.ResolutionTool):
            take(one.tool, resolution)
        if isinstance(one.tool, interface.StepsTool):
            take(one.tool, analysed.scaling)
        if isinstance(one.tool, interface.LatentTool):
            before = _Latents(analysed, one.branch, one.tool, tuple(told), model, read, point, device, weight)
            take(one.tool, one.tool.choose(before))
    filters, planes = [one for one in wanted if isinstance(one.tool, PostFilter)], None
    if filters:
        planes = decoded_planes(model, analysed, active(tuple(told)), point, device)
        sample, before_this = sampled(header), list[Filter]()
        by = measure(config.coding.distortion, model, header, config.refine.fidelity)
        for one in filters:
            assert isinstance(one.tool, PostFilter)
            payload = one.tool.decide(
                SampledContext(header, one.branch, by, one.tool, planes, read, tuple(before_this), sample)
            )
            take(one.tool, payload)
            if payload is not None:
                before_this.append(Filter(one.tool, payload))
    chosen = active(tuple(sorted(told, key=lambda one: one.tool.tool_id or 256)))
    reach = sum(own.reach for own in chosen.filters)
    if reach > FILTER_REACH:
        raise UsageError(f"tools: the post-filters together reach {reach} samples, {FILTER_REACH} are allowed (9.11.1)")
    return Decided(chosen, tool_blocks(told, header), tuple(report), planes)


def _decision(tool: interface.Tool, payload: Any | None, header: PictureHeader) -> ToolDecision:
    if payload is None:
        return ToolDecision(tool.name, False, 0)
    return ToolDecision(tool.name, True, len(payload_bytes(tool, payload, header)))


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
    planes = np.empty((count, header.coded_height, header.coded_width), plane_type(header.bit_depth))
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
