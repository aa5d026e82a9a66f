# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) One picture, coded at one quality after the other until a target is met."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from refsw.config import Config
from refsw.decode.enlarge import display_header
from refsw.decode.model import Model
from refsw.decode.picture import assembly_of
from refsw.decode.select import WHOLE, displayed
from refsw.decode.tools import ActiveTools, Told
from refsw.decode.windows import PlanesPart
from refsw.encode.analyse import Analysed, Decisions, Latents, ReadPlanes, analyse_again
from refsw.encode.extras import Extras
from refsw.encode.modes import Wanted
from refsw.encode.quality_map import quality_map
from refsw.encode.rate import Curve, Target, fidelity_curve, search, search_size, size_curve
from refsw.encode.scaling import Trials, pays
from refsw.encode.shown import shown
from refsw.encode.tools import Decided, decide_tools
from refsw.encode.write import Written, overhead, with_tools, write_picture
from refsw.syntax.geometry import Region
from refsw.syntax.headers import PictureHeader
from refsw.syntax.resolution import ResolutionPayload
from refsw.syntax.scaling import ScalingPayload
from refsw.tools.resolution.tool import RESOLUTION
from refsw.tools.tool import LatentTool
from refsw.tools.variance_scaling.tool import VARIANCE_SCALING, forced, usual
from refsw.types import CodedTensors, Image

EXPECTED_TOOL_BYTES = 20
"""Of a tool, before a decision says how many."""
ROUNDS = 3
"""Searches of a size, each with the bytes that tools took in the one before."""
NEAR = 96
"""Steps of the quality index over which y is kept: an anchor is 256 steps from the next."""


@dataclass(frozen=True)
class Bench:
    """What all codings of a picture share; planes: of the coded picture, which `resolution` enlarges."""

    model: Model
    config: Config
    image: Image
    planes: ReadPlanes
    extras: Extras
    device: str
    steps: NDArray[np.int8] | None = None
    tools: tuple[Wanted, ...] = ()
    resolution: ResolutionPayload | None = None


def with_quality(header: PictureHeader, quality_index: int) -> PictureHeader:
    """The same header at another quality."""
    return replace(header, components=tuple(replace(c, quality_index=quality_index) for c in header.components))


class Attempts:
    """Codings of one picture; the last analysis is kept, because the quality that is coded is often the last tried."""

    def __init__(self, bench: Bench, header: PictureHeader) -> None:
        self.bench, self.header = bench, header
        self._latents: Latents | None = None
        self._last: Analysed | None = None
        self._refined: Analysed | None = None
        self._decided: tuple[Analysed, Decided] | None = None
        latent = any(isinstance(one.tool, LatentTool) for one in bench.tools)
        self._decisions = Decisions(bench.config.coding.zeroing, steps=bench.steps, keep=latent)
        self._scaling: tuple[int, ScalingPayload | None] | None = None
        self._map = None if bench.steps is None else quality_map(bench.steps)
        self._overhead = overhead(header, bench.config.coding.digest, bench.extras, self._map)

    def meet(self, target: Target | None, top: int) -> tuple[int, Analysed, Written]:
        """Quality index, its analysis and its bytes; None: the quality of the header, without a search."""
        first = self.header.components[0].quality_index
        if target is None:
            return (first, *self.code(first))
        rate, image = self.bench.config.rate, self.bench.image
        size = target.size(image.width * image.height)
        if size is not None:
            return self._sized(size, size_curve(size, self.header.coded_width * self.header.coded_height, top))
        goal = target.decibels
        index = search(
            fidelity_curve(goal, top), lambda i: self.decibels(i, target), goal, rate.decibel_tolerance, rate.attempts
        )
        return (index, *self.code(index))

    def _sized(self, size: float, curve: Curve) -> tuple[int, Analysed, Written]:
        """What comes nearest to a size in bytes: coded without tools first, whose bytes change little with quality."""
        rate, expected = self.bench.config.rate, EXPECTED_TOOL_BYTES * len(self.bench.tools)
        best: tuple[int, Analysed, Written] | None = None
        for _ in range(ROUNDS):
            index, (analysed, draft) = search_size(
                self.bytes, self._draft, lambda coded: len(coded[1].data), max(1.0, size - expected), rate.tolerance,
                curve, rate.attempts,
            )  # fmt: skip
            written = self._told(analysed, draft)
            if best is None or abs(len(written.data) - size) < abs(len(best[2].data) - size):
                best = index, analysed, written
            told, expected = expected, len(written.data) - len(draft.data)
            if abs(len(written.data) / size - 1) <= rate.tolerance or told == expected:
                break
        assert best is not None
        return best

    def analyse(self, quality_index: int) -> Analysed:
        """Exact tensors at a quality; y of a quality nearby is used again."""
        if self._last is not None and self._last.header.components[0].quality_index == quality_index:
            return self._last
        near, bench = self._latents, self.bench
        if near is not None and abs(near.quality_index - quality_index) > NEAR:
            near = None
        self._last = self._latents = self._decided = None  # so that two of them never take memory at once
        header = with_quality(self.header, quality_index)
        scaling, open_ = self._scaled(header)
        decisions = replace(self._decisions, scaling=scaling)
        found, self._latents = analyse_again(
            bench.model, header, bench.planes, near, bench.device, replace(decisions, keep=decisions.keep or open_)
        )
        if open_ and scaling is not None:
            trials = Trials(bench.model, bench.planes, found, bench.config, bench.device, bench.steps)
            self._scaling = quality_index, scaling if pays(trials, scaling) else None
            if self._scaling[1] is None:
                found, self._latents = analyse_again(
                    bench.model, header, bench.planes, self._latents, bench.device, self._decisions
                )
        self._last = found if self._decisions.keep else replace(found, y=(), y_hat=())
        return self._last

    def _scaled(self, header: PictureHeader) -> tuple[ScalingPayload | None, bool]:
        """Steps of bands (8.9), and whether it is open that they pay, which is decided once for qualities nearby."""
        own = next((one for one in self.bench.tools if one.tool is VARIANCE_SCALING), None)
        if own is None:
            return None, False
        if own.branch is not None:
            return forced(own.branch, len(header.components)), False
        if self._scaling is not None and abs(self._scaling[0] - header.components[0].quality_index) <= NEAR:
            return self._scaling[1], False
        return usual(len(header.components)), True

    def _final(self, quality_index: int) -> Analysed:
        """As `analyse`, refined; kept by itself, because it takes long."""
        bench, config = self.bench, self.bench.config.refine
        if config.iterations == 0:
            return self.analyse(quality_index)
        if self._refined is None or self._refined.header.components[0].quality_index != quality_index:
            self._refined = None
            header = with_quality(self.header, quality_index)
            if self._scaled(header)[1]:
                self.analyse(quality_index)
            scaling, _ = self._scaled(header)
            refined = replace(self._decisions, refine=config, scaling=scaling)
            self._refined, _ = analyse_again(bench.model, header, bench.planes, None, bench.device, refined)
        return self._refined

    def bytes(self, quality_index: int) -> float:
        """Expected size of the file without coding tools."""
        return self.analyse(quality_index).estimated_bits / 8 + self._overhead

    def tool_bytes(self, quality_index: int) -> int:
        """What coding tools take of the file at a quality: decided, not expected."""
        analysed = self.analyse(quality_index)
        bench, blocks = self.bench, self.decided(analysed).blocks
        return overhead(self.header, bench.config.coding.digest, bench.extras, self._map, blocks) - self._overhead

    def decided(self, analysed: Analysed) -> Decided:
        """Decisions about coding tools for an analysis; those for the last one are kept."""
        bench = self.bench
        if self._decided is None or self._decided[0] is not analysed:
            decided = decide_tools(
                bench.tools, bench.model, analysed, bench.planes, bench.config, bench.device, bench.resolution
            )
            self._decided = analysed, decided
        return self._decided[1]

    def code(self, quality_index: int) -> tuple[Analysed, Written]:
        """The coding at a quality, refined where the configuration says so."""
        analysed, draft = self._draft(quality_index)
        return analysed, self._told(analysed, draft)

    def _draft(self, quality_index: int) -> tuple[Analysed, Written]:
        """The coding without tools."""
        analysed, coding = self._final(quality_index), self.bench.config.coding
        return analysed, write_picture(
            self.bench.model, analysed.header, analysed.part, coding.lanes, coding.digest, self.bench.extras, self._map
        )

    def _told(self, analysed: Analysed, draft: Written) -> Written:
        return with_tools(draft, self.decided(analysed).blocks, analysed.part)

    def shown(self, analysed: Analysed) -> Image:
        """What the coding of an analysis decodes to."""
        bench, point = self.bench, self.bench.config.operating_points[0]
        return shown(bench.model, analysed.header, analysed, self.decided(analysed), point, bench.device)

    def ceiling(self) -> Image:
        """The picture in its resolution, as if coding lost nothing more."""
        bench, header = self.bench, self.header
        tools = ActiveTools(resolution=None if bench.resolution is None else Told(RESOLUTION, bench.resolution))
        none = (CodedTensors(np.empty(0, np.int8), np.empty(0, np.int16)),) * len(header.components)
        area = displayed(display_header(header, tools), WHOLE)
        assembly = assembly_of(header, bench.model, area, none, tools, keep=False)
        region = Region(0, 0, header.coded_height, header.coded_width)
        assembly.put_planes(PlanesPart(0, 0, bench.planes(region).samples))
        return assembly.image()

    def decibels(self, quality_index: int, target: Target) -> float:
        """Fidelity of the decoded picture in the unit of the search."""
        return target.measured(self.bench.image, self.shown(self._final(quality_index)))
