# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) What a decision about a post-filter sees: parts of the decoded planes, spread over the picture.

Only pictures of more than eight million samples are seen in part: with a third of a Kodak picture decisions took half
of the time and cost 0.1 % of the rate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.decode.filters import Filter, run_filters
from refsw.decode.windows import Box, domains, luma_box, split
from refsw.encode.analyse import ReadPlanes
from refsw.encode.distortion import Measure
from refsw.encode.payloads import payload_bits
from refsw.syntax.geometry import Region
from refsw.syntax.headers import PictureHeader
from refsw.tools.quadratic import Quadratic
from refsw.tools.tool import Place, Plane, PostFilter, Sight

ROWS, COLUMNS = 2, 16
"""Latent samples: largest sides of a part where not all parts are seen."""
SIDE = 32
"""Latent samples: largest side of a part where all are."""
SAMPLES = 4_000_000
"""Luma samples that are seen, or a few more; all where the picture has not many more."""
GOLDEN_RATIO = 0.6180339887498949
"""Its multiples modulo 1 are spread evenly: each column of parts begins at another row."""


@dataclass(frozen=True)
class Sample:
    """parts: (domain, part), luma samples; share: of the picture's samples that lies in them."""

    parts: tuple[tuple[Box, Box], ...]
    share: float


def sampled(header: PictureHeader) -> Sample:
    """The parts of a picture that decisions see."""
    total = header.coded_height * header.coded_width
    wanted = min(1.0, SAMPLES / total)
    if wanted > 1 / 2:
        chosen = [(domain, part) for domain in domains(header) for part in split(domain, SIDE)]
    else:
        chosen = [
            (domain, part) for number, domain in enumerate(domains(header)) for row, column, part in _parts(domain)
            if (row * wanted + (number + column) * GOLDEN_RATIO) % 1 < wanted
        ]  # fmt: skip
    parts = tuple((coded(header, luma_box(domain)), coded(header, luma_box(part))) for domain, part in chosen)
    return Sample(parts, sum(own.height * own.width for _, own in parts) / total)


@dataclass(frozen=True)
class SampledContext:
    """See FilterContext. filters: those that were taken before this one."""

    header: PictureHeader
    branch: str | None
    measure: Measure
    tool: PostFilter
    planes: NDArray[np.integer[Any]]
    read: ReadPlanes
    filters: tuple[Filter, ...]
    sample: Sample

    @property
    def weight(self) -> NDArray[np.float64]:
        """See FilterContext: what is seen stands for the whole picture."""
        return self.measure.weight / self.sample.share

    def sights(self, margin: int) -> Iterator[Sight]:
        """See FilterContext."""
        for bounds, own in self.sample.parts:
            place = Place(self.header, own.top, own.left, _region(bounds))
            yield Sight(self._around(own, bounds, margin), self.read(_region(own)).samples, margin, place)

    def worth(self, sight: Sight, corrections: Sequence[NDArray[Any]]) -> Quadratic:
        """See FilterContext."""
        return self.measure.worth(sight.source, sight.decoded, corrections).times(1 / self.sample.share)

    def bits(self, payload: Any) -> int:
        """See FilterContext."""
        return payload_bits(self.tool, payload, self.header)

    def _around(self, own: Box, bounds: Box, margin: int) -> Plane:
        """int32 [P, h + 2 margin, w + 2 margin]: a part, filtered, and what is around it; see Sight."""
        seen = own.grown(margin, bounds)
        wide = seen.grown(sum(one.reach for one in self.filters), bounds)
        place = Place(self.header, wide.top, wide.left, _region(bounds))
        part = run_filters(self.filters, self.planes[:, *wide.slices].astype(np.int32), place)
        missing = (
            (0, 0), (margin - (own.top - seen.top), margin - (seen.bottom - own.bottom)),
            (margin - (own.left - seen.left), margin - (seen.right - own.right)),
        )  # fmt: skip
        return np.pad(part[:, *seen.inside(wide).slices], missing, mode="edge")


def coded(header: PictureHeader, box: Box) -> Box:
    """What of a rectangle of luma samples is coded."""
    return box.cut(Box(0, 0, header.coded_height, header.coded_width))


def _parts(domain: Box) -> Iterator[tuple[int, int, Box]]:
    """Row, column and part."""
    for row, top in enumerate(range(domain.top, domain.bottom, ROWS)):
        for column, left in enumerate(range(domain.left, domain.right, COLUMNS)):
            bottom, right = min(top + ROWS, domain.bottom), min(left + COLUMNS, domain.right)
            yield row, column, Box(top, left, bottom, right)


def _region(box: Box) -> Region:
    return Region(box.top, box.left, box.bottom, box.right)
