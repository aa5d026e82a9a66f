# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(D.6) Gains that depend on the quality, as integers: a power of two with a mantissa of 16 bits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from refsw.constants import GAIN_FRACTION_BITS, GAIN_MANTISSA_BITS, QUALITY_ANCHOR_BITS
from refsw.errors import ModelError
from refsw.exact.layer import Range, check_range
from refsw.spec import document

MANTISSA_INDEX_BITS = 12
LOG_LIMIT = 30 << GAIN_FRACTION_BITS
"""Magnitude of a log gain: with it, the product of a gain and an int32 stays below 2^63 before its shift."""


@cache
def mantissas() -> NDArray[np.int64]:
    """Table D-2: int64 [4096], entry k is 2^(15 + k / 4096), rounded."""
    values = np.array(document("tables/exp2.yaml")["mantissas"], np.int64)
    values.setflags(write=False)
    return values


@dataclass(frozen=True, eq=False)
class GainTable:
    """(D.6) Gain of each channel over the quality axis.

    log_gain: int32 [anchors, C], base-2 logarithm of the gain, Q16; output_range: (lo, hi), clamp of the product.
    """

    log_gain: NDArray[np.int32]
    output_range: Range

    def __post_init__(self) -> None:
        values = np.array(self.log_gain, order="C")
        if values.dtype != np.int32 or values.ndim != 2 or len(values) < 2 or not values.shape[1]:
            raise ModelError(f"log_gain of type {values.dtype} {list(values.shape)}: expected int32 [anchors, C]")
        if np.abs(values.astype(np.int64)).max() > LOG_LIMIT:
            raise ModelError(f"log_gain beyond {LOG_LIMIT}")
        values.setflags(write=False)
        object.__setattr__(self, "log_gain", values)
        check_range("output_range", self.output_range)

    def at(self, quality_index: int, more: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(D.6.1) Mantissa, 32768..65535, and right shift, which may be negative, of each channel: int64 [C] each.

        more: is added to the log gain of every channel (9.8.6).
        """
        low = min(quality_index >> QUALITY_ANCHOR_BITS, len(self.log_gain) - 2)
        share = quality_index - (low << QUALITY_ANCHOR_BITS)
        rows = self.log_gain[low : low + 2].astype(np.int64)
        total = rows[0] * ((1 << QUALITY_ANCHOR_BITS) - share) + rows[1] * share
        log_gain = (total + (1 << (QUALITY_ANCHOR_BITS - 1))) >> QUALITY_ANCHOR_BITS
        if more:
            log_gain = (log_gain + more).clip(-LOG_LIMIT, LOG_LIMIT)
        exponent = log_gain >> GAIN_FRACTION_BITS
        index = (log_gain & ((1 << GAIN_FRACTION_BITS) - 1)) >> (GAIN_FRACTION_BITS - MANTISSA_INDEX_BITS)
        return mantissas()[index], GAIN_MANTISSA_BITS - exponent
