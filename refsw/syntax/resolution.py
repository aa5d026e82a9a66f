# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.12.1) Resolution change as the tool header says it: the one tool that everyone who asks for a size must know."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from refsw.constants import RESOLUTION_TOOL_ID
from refsw.errors import CodestreamError, LevelError
from refsw.resources import payload_file
from refsw.spec import document, level
from refsw.syntax.geometry import ceil_div
from refsw.syntax.headers import Codestream, PictureHeader
from refsw.syntax.payload import PayloadSyntax, load_syntax, payload_of


@dataclass(frozen=True, kw_only=True)
class ResolutionPayload:
    """(9.12.1) resolution_idc: 1 2/3, 2 1/2; cut_rows, cut_columns: 0 or 1."""

    resolution_idc: int
    cut_rows: int = 0
    cut_columns: int = 0


@dataclass(frozen=True)
class Ratio:
    """coded samples for `displayed` samples; kernels: taps of each displayed sample, in 1 / 2^fraction_bits."""

    coded: int
    displayed: int
    kernels: tuple[tuple[int, ...], ...]
    first: int
    fraction_bits: int

    def coded_side(self, displayed: int) -> int:
        """Coded rows or columns of so many displayed ones."""
        return ceil_div(displayed * self.coded, self.displayed)

    def displayed_side(self, coded: int, cut: int) -> int:
        """Displayed rows or columns of so many coded ones."""
        return coded * self.displayed // self.coded - cut

    def before(self, displayed: int) -> int:
        """(9.12.2) The coded sample at or before the place of a displayed one; -1 for those before the first."""
        return ((2 * displayed + 1) * self.coded - self.displayed) // (2 * self.displayed)

    def seen(self, first: int, last: int, coded: int) -> tuple[int, int]:
        """The coded samples, of `coded` that there are, on which the displayed ones first..last - 1 depend."""
        taps = len(self.kernels[0])
        return max(0, self.before(first) + self.first), min(coded, self.before(last - 1) + self.first + taps)


@cache
def ratio(resolution_idc: int) -> Ratio:
    """spec/tables/resampling.yaml."""
    table = document("tables/resampling.yaml")
    own = next(entry for entry in table["ratios"] if entry["resolution_idc"] == resolution_idc)
    kernels = tuple(tuple(int(tap) for tap in kernel) for kernel in own["kernels"])
    return Ratio(own["coded"], own["displayed"], kernels, table["first"], table["fraction_bits"])


@cache
def _syntax() -> PayloadSyntax:
    return load_syntax(payload_file("resolution"), "resolution", {"resolution": ResolutionPayload})


def resolution_of(codestream: Codestream) -> ResolutionPayload | None:
    """The payload, None where coded and displayed picture have one resolution. Raises CodestreamError."""
    payload: ResolutionPayload | None = payload_of(codestream, RESOLUTION_TOOL_ID, _syntax())
    return payload


def displayed_header(header: PictureHeader, payload: ResolutionPayload | None) -> PictureHeader:
    """The header of the displayed picture, as if it were coded at its own size. Raises CodestreamError, LevelError."""
    if payload is None:
        return header
    if header.diff_display_width or header.diff_display_height:
        raise CodestreamError("resolution: coded samples are cut as well", clause="9.12.1.4")
    own = ratio(payload.resolution_idc)
    width = own.displayed_side(header.coded_width, payload.cut_columns)
    height = own.displayed_side(header.coded_height, payload.cut_rows)
    limit = level(header.level_idc)
    if max(width, height) > limit.max_side or width * height > limit.max_samples:
        raise LevelError(
            f"resolution: displayed picture of {width} x {height} samples: level {limit.name} allows sides of "
            f"{limit.max_side} and {limit.max_samples} samples [clause 9.12.1.5]"
        )
    return replace(header, coded_width_minus1=width - 1, coded_height_minus1=height - 1)


def shown_header(codestream: Codestream) -> PictureHeader:
    """The header of the displayed picture. Raises CodestreamError, LevelError."""
    return displayed_header(codestream.picture_header, resolution_of(codestream))
