# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Which resolution a picture is coded at (9.12): full, 2/3 or 1/2, whichever comes out best.

    full ─ meet the target ─► score ─┐
    2/3 ── could it be better at all? ─ meet the target ─► score ─┤─► the lowest
    1/2 ── ...                                                    ┘

Without a target, scores are bits + lambda * squared error, lambda that of the wanted quality; a smaller picture is
coded at the quality whose lambda is larger by as much as its samples are fewer. With a target of size, scores are
squared errors; with one of fidelity, bytes. What does not meet the target comes last.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.config import Config
from refsw.constants import QUALITY_ANCHOR_BITS
from refsw.decode.model import Model
from refsw.encode.analyse import Analysed, ReadPlanes
from refsw.encode.attempts import Attempts
from refsw.encode.modes import wanted_tools
from refsw.encode.rate import Target
from refsw.encode.shrink import reading, shrunk
from refsw.encode.write import Written
from refsw.errors import UsageError
from refsw.spec import profile_named
from refsw.syntax.resolution import ResolutionPayload, ratio
from refsw.tools.resolution.tool import BRANCHES, RESOLUTION
from refsw.tools.toolbox import Toolbox
from refsw.types import Image

FULL, TWO_THIRDS, HALF = 0, 1, 2
"""resolution_idc; 0: no resolution change."""
At = Callable[[int, int], Attempts]
"""(resolution_idc, quality_index) -> what codes the picture there, at first at this quality."""


def asked_resolution(config: Config, toolbox: Toolbox, lossless: bool, mapped: bool) -> int | None:
    """resolution_idc that a configuration forces, FULL where the tool is off; None: whichever comes out best.

    Raises UsageError with a lossless layer or a quality map, which belong to a picture coded at its own size.
    """
    wanted = wanted_tools(config, profile_named(config.profile), toolbox)
    own = next((one for one in wanted if one.tool is RESOLUTION), None)
    if own is None:
        return FULL
    if lossless or mapped:
        raise UsageError(f"tools.resolution: not with a {'lossless layer' if lossless else 'quality map'}; turn it off")
    return None if own.branch is None else BRANCHES[own.branch]


def resolution_payload(resolution_idc: int, height: int, width: int) -> ResolutionPayload:
    """(9.12.1) What the codestream says of a displayed picture of this size."""
    own = ratio(resolution_idc)
    rows, columns = (own.displayed_side(own.coded_side(side), 0) - side for side in (height, width))
    return ResolutionPayload(resolution_idc=resolution_idc, cut_rows=rows, cut_columns=columns)


def smaller(
    planes: ReadPlanes, height: int, width: int, bit_depth: int, resolution_idc: int
) -> tuple[ReadPlanes, tuple[int, int]]:
    """Planes of the coded picture, and its rows and columns."""
    small = shrunk(planes, height, width, bit_depth, ratio(resolution_idc))
    return reading(small, bit_depth), (small.shape[1], small.shape[2])


@dataclass(frozen=True)
class Met:
    """A coding, the attempts that it is one of, and what it scored: (how far it misses the target, score)."""

    attempts: Attempts
    quality_index: int
    analysed: Analysed
    written: Written
    score: tuple[float, float]


@dataclass(frozen=True)
class Contest:
    """What all resolutions of a picture are compared by; quality_index: the wanted one."""

    image: Image
    config: Config
    model: Model
    target: Target | None
    quality_index: int

    @property
    def top(self) -> int:
        """The greatest quality index."""
        return (self.model.config.quality_anchors - 1) << QUALITY_ANCHOR_BITS

    def best(self, full: Attempts, at: At) -> Met:
        """The coding that scores lowest."""
        winner = self.met(full)
        for resolution_idc in (TWO_THIRDS, HALF):
            index = self.same_lambda(resolution_idc)
            if index is None:
                continue
            attempts = at(resolution_idc, index)
            if self.bound(attempts.ceiling()) < winner.score:
                other = self.met(attempts)
                winner = min(winner, other, key=lambda one: one.score)
        return winner

    def met(self, attempts: Attempts) -> Met:
        """Coded at the target."""
        index, analysed, written = attempts.meet(self.target, self.top)
        return Met(attempts, index, analysed, written, self.score(attempts.shown(analysed), len(written.data)))

    def same_lambda(self, resolution_idc: int) -> int | None:
        """The quality index at which an error of a coded sample is worth what it does to the displayed ones."""
        own, config = ratio(resolution_idc), self.model.config
        wanted = config.lagrangian(self.quality_index / self.top) * (own.displayed / own.coded) ** 2
        if self.target is None and wanted > config.lagrangian(1.0):
            return None
        low, high = self.quality_index, self.top
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if config.lagrangian(middle / self.top) >= wanted else (middle + 1, high)
        return low

    def score(self, decoded: Image, size: int) -> tuple[float, float]:
        """See the module."""
        target, rate = self.target, self.config.rate
        error = squared_error(self.image, decoded)
        if target is None:
            worth = self.config.refine.fidelity * self.model.config.lagrangian(self.quality_index / self.top)
            return 0.0, 8 * size + worth * error / channels(self.image)
        wanted = target.size(self.image.width * self.image.height)
        if wanted is not None:
            miss = abs(size / wanted - 1)
            return miss if miss > rate.tolerance else 0.0, error
        miss = abs(target.measured(self.image, decoded) - target.decibels)
        return miss if miss > rate.decibel_tolerance else 0.0, float(size)

    def bound(self, ceiling: Image) -> tuple[float, float]:
        """What no coding at a resolution scores below; ceiling: the picture at this resolution, not coded."""
        if self.target is None or self.target.kind in ("bpp", "bytes"):
            return 0.0, self.score(ceiling, 0)[1]
        missing = self.target.decibels - self.target.measured(self.image, ceiling)
        return missing if missing > self.config.rate.decibel_tolerance else 0.0, 0.0


def channels(image: Image) -> int:
    """Of colour."""
    return 1 if image.chroma_format_idc == 0 else 3


def squared_error(image: Image, decoded: Image) -> float:
    """Sum over all samples, as if they had 8 bits; a sample of subsampled chroma counts for those that it covers."""
    total = _sum(image.samples, decoded.samples)
    if image.chroma is not None and decoded.chroma is not None:
        shown = image.chroma.samples
        covered = image.height * image.width / (shown.shape[1] * shown.shape[2])
        total += covered * _sum(shown, decoded.chroma.samples)
    return total * (255 / ((1 << image.bit_depth) - 1)) ** 2


def _sum(one: NDArray[np.integer[Any]], other: NDArray[np.integer[Any]]) -> float:
    return math.fsum(
        float(np.square(one[row : row + 64].astype(np.int64) - other[row : row + 64]).sum())
        for row in range(0, len(one), 64)
    )
