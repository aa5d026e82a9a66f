# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.9) Variance scaling, from the text: the step of each sample, from the band of its scale index."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from conformance.independent.bits import BitReader
from conformance.independent.headers import PictureHeader
from conformance.independent.layers import Tensor, clip

LIMITS = (7, 11, 16)  # spec/tables/variance_scaling.yaml
BANDS = 4
BAND_LIMIT, STEP_LIMIT = 8, 16  # 8.9.1.1, 8.9.2


@dataclass(frozen=True)
class Scaling:
    """(8.9.1) band_step: four for each component."""

    band_step: tuple[int, ...]

    def steps(self, component: int, index: Tensor, mapped: Tensor | None) -> Tensor:
        """(8.9.2) t, [C_y, h, w]. index: s + q, [C_y, h, w]; mapped: steps of the quality map, [h, w]."""
        band = np.zeros_like(index)
        for limit in LIMITS:
            band += index >= 128 * limit
        b: Tensor = np.array(self.band_step, np.int64)[BANDS * component + band]
        return clip(b if mapped is None else b + mapped, (-STEP_LIMIT, STEP_LIMIT))


def read_scaling(bits: BitReader, header: PictureHeader) -> Scaling:
    """(8.9.1) The payload of a tool block with tool_id 4."""
    own = [
        bits.within("band_step", "8.9.1.1", bits.se(), -BAND_LIMIT, BAND_LIMIT)
        for _ in range(BANDS * len(header.components))
    ]
    bits.finish()
    return Scaling(tuple(own))
