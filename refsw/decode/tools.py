# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(6.5, 6.17) What a codestream says to coding tools, and which of it a decoder does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.complexity import ToolCost
from refsw.decode.filters import Filter, margin
from refsw.errors import RefswError, UnsupportedError
from refsw.syntax.headers import Codestream, PictureHeader
from refsw.syntax.payload import header_names, read_payload
from refsw.tools.proposal import read_proposals
from refsw.tools.tool import LatentTool, PostFilter, ResolutionTool, StepsTool, Tool
from refsw.tools.toolbox import DEFAULT, Toolbox, syntax_of

Shift = Callable[[int, NDArray[np.uint8], NDArray[np.int32]], NDArray[np.int32]]
"""(9.3.1) (component, table rows, symbols) -> shift of y_hat, 1/256 quantiser steps; int32 [C_y, h, w]."""
APPLIED, SKIPPED, LEFT_OUT = "applied", "skipped on request", "left out: it needs chroma"


@dataclass(frozen=True)
class Told:
    """A tool and its payload, as the codestream has them."""

    tool: Tool
    payload: Any


@dataclass(frozen=True)
class ToolReport:
    """What became of a tool: APPLIED, SKIPPED or LEFT_OUT."""

    name: str
    result: str


@dataclass(frozen=True)
class ActiveTools:
    """What is applied to a picture, in order. latents: before synthesis; filters, then resolution: after it."""

    latents: tuple[Told, ...] = ()
    filters: tuple[Filter, ...] = ()
    report: tuple[ToolReport, ...] = ()
    resolution: Told | None = None

    @property
    def shift(self) -> Shift | None:
        """(9.3.1) The sum of all latent tools' shifts; None where there is none."""
        if not self.latents:
            return None

        def total(component: int, rows: NDArray[np.uint8], symbols: NDArray[np.int32]) -> NDArray[np.int32]:
            out = np.zeros(symbols.shape, np.int32)
            for one in self.latents:
                assert isinstance(one.tool, LatentTool)
                out += one.tool.shift(component, rows, symbols, one.payload)
            return out

        return total

    @property
    def complete(self) -> bool:
        """Whether the picture is the one of a decoder that leaves nothing aside."""
        return all(one.result == APPLIED for one in self.report)

    @property
    def margin(self) -> int:
        """Latent samples around a block that its post-filters see."""
        return margin(self.filters)


NO_TOOLS = ActiveTools()


def told(codestream: Codestream, toolbox: Toolbox = DEFAULT) -> tuple[Told, ...]:
    """(6.5, 6.17) Every tool of a codestream, in the order of application: own tools by tool_id, then proposals.

    Raises CodestreamError, LevelError by clause where a payload is wrong, UnsupportedError where a tool is not here.
    """
    return tuple(_told(codestream, toolbox))


def _told(codestream: Codestream, toolbox: Toolbox) -> Iterator[Told]:
    header = codestream.picture_header
    found = list[tuple[Tool, bytes, str]]()
    for block in codestream.tools:
        tool = toolbox.by_id(block.tool_id)
        if tool is None:
            raise UnsupportedError(f"coding tool {block.tool_id}: not supported by this decoder [clause 6.6.1]")
        found.append((tool, block.tool_payload, f"payload of tool {block.tool_id}"))
    for proposal in read_proposals(codestream):
        tool = toolbox.proposal(proposal.name)
        if tool is None:
            raise UnsupportedError(
                f"proposal {proposal.name}: is needed and not installed here "
                "(pip install it, or --plugin FOLDER) [clause 6.17.2]"
            )
        found.append((tool, proposal.payload, f"payload of proposal {proposal.name}"))
    for tool, data, where in found:  # after all tools are known to be here: another decoder may have them
        yield Told(tool, _payload(tool, data, header, where))


def _payload(tool: Tool, data: bytes, header: PictureHeader, where: str) -> Any:
    try:
        return read_payload(data, syntax_of(tool), header_names(header), tool.name)
    except RefswError as error:
        error.args = (f"{where}: {error}",)
        raise


def active(found: tuple[Told, ...], filters: bool = True, luma: bool = False) -> ActiveTools:
    """What of the tools is applied. filters: whether post-filters are wanted; luma: luma alone is decoded."""
    latents, chosen, report = list[Told](), list[Filter](), list[ToolReport]()
    resolution: Told | None = None
    for one in found:
        result = APPLIED
        if isinstance(one.tool, LatentTool):
            latents.append(one)
        elif isinstance(one.tool, PostFilter):
            if not filters:
                result = SKIPPED
            elif luma and not one.tool.luma_alone:
                result = LEFT_OUT
            else:
                chosen.append(Filter(one.tool, one.payload))
        elif isinstance(one.tool, ResolutionTool):
            resolution = one
        report.append(ToolReport(one.tool.name, result))
    return ActiveTools(tuple(latents), tuple(chosen), tuple(report), resolution)


def tool_cost(tool: Tool, planes: int, channels: int) -> ToolCost:
    """(B.4) The greatest cost of a tool."""
    if isinstance(tool, LatentTool | StepsTool):
        return ToolCost(tool.name, tool.cost(channels))
    assert isinstance(tool, PostFilter | ResolutionTool)
    return ToolCost(tool.name, tool.cost(planes))
