# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) One picture, coded at one quality after the other until a target is met."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from refsw.config import Config
from refsw.decode.model import Model
from refsw.decode.picture import reconstruct_image
from refsw.encode.analyse import Analysed, Decisions, Latents, ReadPlanes, analyse_again
from refsw.encode.extras import Extras
from refsw.encode.modes import Wanted
from refsw.encode.quality_map import quality_map
from refsw.encode.rate import Target, fidelity_curve, search, search_size, size_curve
from refsw.encode.tools import Decided, decide_tools, with_rows
from refsw.encode.write import Written, overhead, write_picture
from refsw.syntax.headers import PictureHeader
from refsw.tools.tool import LatentTool
from refsw.types import Image

NEAR = 96
"""Steps of the quality index over which y is kept: an anchor is 256 steps from the next."""


@dataclass(frozen=True)
class Bench:
    """What all codings of a picture share."""

    model: Model
    config: Config
    image: Image
    planes: ReadPlanes
    extras: Extras
    device: str
    steps: NDArray[np.int8] | None = None
    tools: tuple[Wanted, ...] = ()


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
        self._map = None if bench.steps is None else quality_map(bench.steps)
        self._overhead = overhead(header, bench.config.coding.digest, bench.extras, self._map)

    def meet(self, target: Target | None, top: int) -> tuple[int, Analysed, Written]:
        """Quality index, its analysis and its bytes; None: the quality of the header, without a search."""
        first = self.header.components[0].quality_index
        if target is None:
            return (first, *self.code(first))
        rate, pixels = self.bench.config.rate, self.bench.image.width * self.bench.image.height
        size = target.size(pixels)
        if size is not None:
            index, coded = search_size(
                self.bytes, self.code, lambda coded: len(coded[1].data), size, rate.tolerance,
                size_curve(size, pixels, top), rate.attempts,
            )  # fmt: skip
            return (index, *coded)
        goal = target.decibels
        index = search(
            fidelity_curve(goal, top), lambda i: self.decibels(i, target), goal, rate.decibel_tolerance, rate.attempts
        )
        return (index, *self.code(index))

    def analyse(self, quality_index: int) -> Analysed:
        """Exact tensors at a quality; y of a quality nearby is used again."""
        if self._last is not None and self._last.header.components[0].quality_index == quality_index:
            return self._last
        near, bench = self._latents, self.bench
        if near is not None and abs(near.quality_index - quality_index) > NEAR:
            near = None
        self._last = self._latents = None  # so that two of them never take memory at once
        header = with_quality(self.header, quality_index)
        self._last, self._latents = analyse_again(
            bench.model, header, bench.planes, near, bench.device, self._decisions
        )
        return self._last

    def _final(self, quality_index: int) -> Analysed:
        """As `analyse`, refined; kept by itself, because it takes long."""
        bench, config = self.bench, self.bench.config.refine
        if config.iterations == 0:
            return self.analyse(quality_index)
        if self._refined is None or self._refined.header.components[0].quality_index != quality_index:
            self._refined = None
            header = with_quality(self.header, quality_index)
            refined = replace(self._decisions, refine=config)
            self._refined, _ = analyse_again(bench.model, header, bench.planes, None, bench.device, refined)
        return self._refined

    def bytes(self, quality_index: int) -> float:
        """Expected size of the file."""
        return self.analyse(quality_index).estimated_bits / 8 + self._overhead

    def decided(self, analysed: Analysed) -> Decided:
        """Decisions about coding tools for an analysis; those for the last one are kept."""
        bench = self.bench
        if self._decided is None or self._decided[0] is not analysed:
            decided = decide_tools(bench.tools, bench.model, analysed, bench.planes, bench.config, bench.device)
            self._decided = analysed, decided
        return self._decided[1]

    def code(self, quality_index: int) -> tuple[Analysed, Written]:
        """The coding at a quality, refined where the configuration says so."""
        analysed, coding = self._final(quality_index), self.bench.config.coding
        return analysed, write_picture(
            self.bench.model, analysed.header, analysed.part, coding.lanes, coding.digest, self.bench.extras,
            self._map, self.decided(analysed).blocks,
        )

    def decibels(self, quality_index: int, target: Target) -> float:
        """Fidelity of the decoded picture in the unit of the search."""
        from refsw.ctc.metrics import Pair, metric

        bench, analysed = self.bench, self._final(quality_index)
        point = bench.config.operating_points[0]
        tools = self.decided(analysed).active
        shown = reconstruct_image(
            bench.model, analysed.header, with_rows(analysed, tools), point, bench.device, tools=tools
        )
        pair = Pair(bench.image, shown)
        if target.kind == "psnr":
            return metric("psnr_rgb").value(pair)
        return Target("msssim", metric("msssim").value(pair)).decibels
