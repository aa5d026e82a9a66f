# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.9, 9.11, 9.12) Coding tools: payloads of the tool header, and post-filters on the planes of a domain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from conformance.independent.bits import BitReader
from conformance.independent.enlarge import Resolution, read_resolution
from conformance.independent.headers import GREY, PictureHeader
from conformance.independent.layers import Tensor, clip
from conformance.independent.scaling import Scaling, read_scaling
from conformance.independent.switched import Switched

SWITCHED_ENHANCEMENT, LINEAR_ENHANCEMENT, RESOLUTION, VARIANCE_SCALING = 1, 2, 3, 4
REACH = 3  # 9.11.2
RINGS = (
    ((0, -1), (0, 1)),
    ((-1, 0), (1, 0)),
    ((-1, -1), (-1, 1), (1, -1), (1, 1)),
    ((0, -2), (0, 2)),
    ((-2, 0), (2, 0)),
    ((-1, -2), (-1, 2), (1, -2), (1, 2)),
    ((-2, -1), (-2, 1), (2, -1), (2, 1)),
    ((-2, -2), (-2, 2), (2, -2), (2, 2)),
    ((0, -3), (0, 3)),
    ((-3, 0), (3, 0)),
)


class Filter(Protocol):
    """A post-filter with its parameters."""

    def filter(self, planes: Tensor, bit_depth: int, spec: Path) -> Tensor:
        """Planes of one domain, [P, H, W], to the same; spec: folder of the specification's data."""


@dataclass(frozen=True)
class Linear:
    """(9.11.2) Coefficients: 10 of luma, or none; 10 of Cb and 10 of Cr, or none."""

    luma: tuple[int, ...]
    chroma: tuple[int, ...]

    def filter(self, planes: Tensor, bit_depth: int, spec: Path) -> Tensor:
        """Planes of one domain, [P, H, W], to the same."""
        out, most = planes.copy(), 16 * ((1 << bit_depth) - 1)
        y = differences(planes[0], RINGS if self.luma else RINGS[:5])
        if self.luma:
            out[0] = enhanced(planes[0], list(zip(self.luma, y, strict=True)), most)
        if self.chroma and len(planes) == 3:
            for plane in (1, 2):
                own = differences(planes[plane], RINGS[:5])
                coefficients = self.chroma[10 * plane - 10 : 10 * plane]
                out[plane] = enhanced(planes[plane], list(zip(coefficients, own + y[:5], strict=True)), most)
        return out


def differences(plane: Tensor, rings: tuple[tuple[tuple[int, int], ...], ...]) -> list[Tensor]:
    """For each ring the sum of the neighbours minus the sample; beyond the plane its edge is repeated."""
    height, width = plane.shape
    seen = np.pad(plane, REACH, mode="edge")
    return [
        sum((seen[REACH + i : REACH + i + height, REACH + j : REACH + j + width] - plane for i, j in ring), 0 * plane)
        for ring in rings
    ]


def enhanced(plane: Tensor, terms: list[tuple[int, Tensor]], most: int) -> Tensor:
    """(9.11.2) The plane with its weighted differences."""
    total = sum((coefficient * term for coefficient, term in terms), 0 * plane)
    return clip(plane + ((total + 64) >> 7), (0, most))


def read_linear(bits: BitReader, header: PictureHeader) -> Linear:
    """(9.11.2) The payload of a tool block with tool_id 2."""
    colour = int(header.source_chroma_format_idc != GREY)
    luma = bits.u(1)
    chroma = bits.within("chroma_enhancement_flag", "9.11.2.2", bits.u(1), 1 - luma, colour)
    own = [bits.within("luma_coefficient", "9.11.2.3", bits.se(), -128, 127) for _ in range(10 * luma)]
    more = [bits.within("chroma_coefficient", "9.11.2.4", bits.se(), -128, 127) for _ in range(20 * chroma)]
    bits.finish()
    return Linear(tuple(own), tuple(more))


def read_switched(bits: BitReader, header: PictureHeader) -> Switched:
    """(9.11.3) The payload of a tool block with tool_id 1."""
    colour = int(header.source_chroma_format_idc != GREY)
    bits.within("switched_bank_idc", "9.11.3.1", bits.u(6), 0, 0)
    luma = bits.u(1)
    chroma = bits.within("chroma_switched_flag", "9.11.3.3", bits.u(1), 1 - luma, colour)
    strengths = [tuple(bits.u(5) for _ in range(3)) if flag else () for flag in (luma, chroma, chroma)]
    bits.finish()
    first, last = header.components[0].quality_index, header.components[-1].quality_index
    return Switched(tuple(strengths), (first, last, last))


TOOLS: Mapping[int, Callable[[BitReader, PictureHeader], Filter | Resolution | Scaling]] = {
    SWITCHED_ENHANCEMENT: read_switched,
    LINEAR_ENHANCEMENT: read_linear,
    RESOLUTION: read_resolution,
    VARIANCE_SCALING: read_scaling,
}
"""Tools that the specification has; resolution change in the experimental profile alone."""
