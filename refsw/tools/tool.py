# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What a coding tool is: the one interface of those of the specification and of proposals.

    encoder   decide(context) ─► payload or None ─► bytes of the tool header (6.6) or of an extension (6.17)
    decoder   bytes ─► payload ─► apply(planes, payload, place) ─► planes

A tool is one object without state. Its payload is a frozen dataclass whose fields are the elements of its syntax.yaml.
A post-filter takes and gives integer planes (9.4.3) and computes in integers alone, so that every decoder obtains the
same samples, however it cuts the picture: it sees `reach` samples around what it returns. A latent tool gives what is
added to y_hat before synthesis (9.3.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from refsw.syntax.geometry import Region
from refsw.syntax.headers import PictureHeader
from refsw.tools.quadratic import Quadratic

Plane = NDArray[np.int32]
LATENT, POST_FILTER, RESOLUTION, STEPS = "latent", "post-filter", "resolution", "steps"
AUTO, OFF = "on", "off"
"""Modes of every tool in a configuration: the encoder decides, or never; beside them the tool's own branches."""


@dataclass(frozen=True)
class Cost:
    """(Annex B) Greatest cost of a tool: MAC for each luma sample of the picture, parameters that a decoder holds, and
    bytes of working memory for each luma sample of what is filtered at a time, input and output included."""

    macs: float
    parameters: int = 0
    bytes_per_sample: int = 24


@dataclass(frozen=True)
class Place:
    """Where planes lie that a post-filter sees.

    top, left: their corner, luma samples from the corner of the picture; domain: the rectangle across whose border
    nothing is seen (9.6.1): the coded picture, or an independent region.
    """

    header: PictureHeader
    top: int
    left: int
    domain: Region

    @property
    def bit_depth(self) -> int:
        """Bits of a sample of the displayed picture; a plane sample has 4 more (9.4.3)."""
        return self.header.bit_depth


@dataclass(frozen=True)
class Sight:
    """A part of the decoded planes as the encoder's decision sees it.

    seen: int32 [P, h, w], with as much around as was asked for, repeated beyond the domain; source: int32 [P, H, W] of
    the middle, to which `inner` cuts; place: of the middle.
    """

    seen: Plane
    source: Plane
    margin: int
    place: Place

    @property
    def decoded(self) -> Plane:
        """int32 [P, H, W]: the middle alone."""
        m = self.margin
        return self.seen[:, m : self.seen.shape[1] - m, m : self.seen.shape[2] - m]


class FilterContext(Protocol):
    """(informative) What an encoder knows where it decides about a post-filter."""

    @property
    def header(self) -> PictureHeader:
        """Of the picture."""

    @property
    def branch(self) -> str | None:
        """The branch of the tool that is to be taken whatever it costs; None: what pays."""

    @property
    def weight(self) -> NDArray[np.float64]:
        """float64 [P]: bits that one squared plane step (9.4.3) is worth at this quality, in each plane, where the
        encoder decides by squared error."""

    def sights(self, margin: int) -> Iterator[Sight]:
        """Parts that together stand for the picture, each once, with `margin` luma samples around, after the tools
        before this one; `weight` is of a sample of these parts."""

    def worth(self, sight: Sight, corrections: Sequence[NDArray[Any]]) -> Quadratic:
        """What sums of corrections of a sight are worth to the picture, in the measure that the encoder decides by;
        corrections: of each plane [n, H, W], n >= 0, in plane steps. Sights add up."""

    def bits(self, payload: Any) -> int:
        """What the payload takes in the codestream."""


class LatentContext(Protocol):
    """(informative) What an encoder knows where it decides about a latent tool."""

    @property
    def header(self) -> PictureHeader:
        """Of the picture."""

    @property
    def branch(self) -> str | None:
        """The branch of the tool that is to be taken whatever it costs; None: what pays."""

    def sights(self) -> tuple[LatentSight, ...]:
        """The whole picture, component by component."""

    def distortion(self, payload: Any | None) -> float:
        """Distortion of the picture in bits at this quality, with the tool or (None) without it, before post-filters;
        each call runs the synthesis."""

    def bits(self, payload: Any) -> int:
        """What the payload takes in the codestream."""


@dataclass(frozen=True)
class LatentSight:
    """y, y_hat: float32 [C_y, h, w], in quantiser steps; rows: uint8, table rows (8.3.3); symbols: int32."""

    y: NDArray[np.float32]
    y_hat: NDArray[np.float32]
    rows: NDArray[np.uint8]
    symbols: NDArray[np.int32]


class Tool(Protocol):
    """What both kinds have in common. tool_id: of the tool header, 0: a proposal, which its name tells apart."""

    tool_id: int
    name: str
    summary: str
    clause: str
    folder: Path
    """Where syntax.yaml and README.md lie."""
    structure: str
    """The structure of syntax.yaml that fills a payload."""
    classes: Mapping[str, type[Any]]
    """The dataclass of each structure of syntax.yaml."""
    branches: tuple[str, ...]
    """Modes that force a decision, for tests and experiments: each leads `decide` to a payload on every picture."""
    default: str
    """Mode where a configuration does not name the tool."""


@runtime_checkable
class PostFilter(Tool, Protocol):
    """(9.11) Filters integer planes. luma_alone: luma can be filtered without chroma; it never depends on it then."""

    luma_alone: bool

    def reach(self, payload: Any) -> int:
        """Luma samples around one sample on which it depends, at most."""

    def cost(self, planes: int) -> Cost:
        """The greatest cost of any payload, for a picture of so many planes."""

    def apply(self, planes: Plane, payload: Any, place: Place) -> Plane:
        """int32 [P, H, W], 0..16 (2^bit_depth - 1), to the same, never in place; beyond its edges it sees the edge
        repeated. P is 1 where luma alone is decoded."""

    def decide(self, context: FilterContext) -> Any | None:
        """(informative) The payload that pays most, None where none does."""


@runtime_checkable
class LatentTool(Tool, Protocol):
    """(9.3.1) Shifts y_hat before synthesis; context model and later components do not see it."""

    def cost(self, channels: int) -> Cost:
        """The greatest cost of any payload, for so many latent channels in all components."""

    def shift(
        self, component: int, rows: NDArray[np.uint8], symbols: NDArray[np.int32], payload: Any
    ) -> NDArray[np.int32]:
        """int32 [C_y, h, w], 1/256 quantiser steps, from table rows and symbols of the same place."""

    def choose(self, context: LatentContext) -> Any | None:
        """(informative) The payload that pays most, None where none does."""


@runtime_checkable
class ResolutionTool(Tool, Protocol):
    """(9.12) Makes the displayed picture from a smaller one, after post-filters. There is one such tool, in the tool
    header, whose payload refsw.syntax.resolution reads for everyone who asks for a size."""

    def cost(self, planes: int) -> Cost:
        """The greatest cost of any payload, for a picture of so many planes."""

    def enlarge(self, planes: Plane, payload: Any, seen: Region, wanted: Region, header: PictureHeader) -> Plane:
        """int32 [P, H, W] of the rectangle `seen` of the coded picture -> those of a rectangle of the displayed one."""


@runtime_checkable
class StepsTool(Tool, Protocol):
    """(8.9) Steps of the quantiser of each sample, known before symbols are. There is one such tool, in the tool
    header, whose payload refsw.syntax.scaling reads for parsing."""

    def cost(self, channels: int) -> Cost:
        """The greatest cost of any payload, for so many latent channels in all components."""

    def steps(
        self, index: NDArray[np.int32], component: int, payload: Any, mapped: NDArray[np.int8] | None = None
    ) -> NDArray[np.int8]:
        """int32 [C_y, h, w], s + q of 8.3.1, and steps of a quality map, int8 [h, w] -> int8 [C_y, h, w], -16..16."""


def stage(tool: Tool) -> str:
    """LATENT, POST_FILTER, RESOLUTION or STEPS."""
    if isinstance(tool, StepsTool):
        return STEPS
    if isinstance(tool, ResolutionTool):
        return RESOLUTION
    return LATENT if isinstance(tool, LatentTool) else POST_FILTER


def known_modes(tool: Tool) -> tuple[str, ...]:
    """What a configuration may say of a tool."""
    return (AUTO, OFF, *tool.branches)
