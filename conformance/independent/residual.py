# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.9.2, 9.9.6, 9.9.7) Which row of the residual table codes a sample, and how many low bits it has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conformance.independent.layers import Tensor, clip

CONTEXTS = 81  # 9.9.5: 0..80
UNCODED_STEP, UNCODED = 152, 76  # 9.9.2
WIDEST = 75
WHOLE_WIDTHS = 28
"""(9.9.6) Widths without low bits."""
PHASED_SCALES, PHASES, SHAPES, SCALES = 20, 3, 4, 28  # 9.9.7
UNPHASED_AT = PHASED_SCALES * SHAPES * PHASES
BITS_AT = UNPHASED_AT + (SCALES - PHASED_SCALES) * SHAPES
ROWS = BITS_AT + 8


@dataclass(frozen=True)
class Coding:
    """(9.9.6) Of the samples of a pass: scale and shape of the row, low bits, and which stand uncoded."""

    scale: Tensor
    shape: Tensor
    low_bits: Tensor
    uncoded: NDArray[np.bool_]

    def rows(self, phase: Tensor) -> Tensor:
        """(9.9.7) Row of each sample."""
        phased = (self.scale * SHAPES + self.shape) * PHASES + phase
        unphased = UNPHASED_AT + (self.scale - PHASED_SCALES) * SHAPES + self.shape
        row = np.where(self.scale < PHASED_SCALES, phased, unphased)
        return np.where(self.uncoded, self.bit_rows(np.array(8)), row)

    @staticmethod
    def bit_rows(counts: Tensor) -> Tensor:
        """(9.9.7) Rows of 1 to 8 equally likely bits."""
        return BITS_AT + counts - 1


def coding_of(context: Tensor, steps: Tensor, shapes: Tensor, bit_depth: int) -> Coding:
    """(9.9.2, 9.9.6) From contexts, and the steps and shapes of all contexts."""
    k = np.arange(CONTEXTS)
    widths = np.where(steps == UNCODED_STEP, UNCODED, clip(np.minimum(k, WIDEST) + steps, (0, WIDEST)))
    w = widths[context]
    uncoded = w == UNCODED
    low_bits = np.where(uncoded, bit_depth - 8, np.maximum(0, (w - WHOLE_WIDTHS) // 4 + 1))
    scale = np.where(w < WHOLE_WIDTHS, w, WHOLE_WIDTHS - 4 + (w - WHOLE_WIDTHS) % 4)
    return Coding(scale, shapes[context], low_bits, uncoded)


def split_of(low_bits: Tensor) -> tuple[Tensor, Tensor]:
    """(9.9.6) Low bits that come first, and the others."""
    lower = np.minimum(8, low_bits)
    return lower, low_bits - lower
