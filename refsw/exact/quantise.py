# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Float convolutions and calibrated ranges to an integer network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refsw.exact.network import IntegerNetwork, Range


@dataclass(frozen=True, eq=False)
class FloatLayer:
    """A float convolution with what follows it.

    weight: float [O, I, k, k]; bias: float [O]; shuffle: depth to space after it; relu: max(0, x) after it.
    """

    weight: NDArray[np.floating]
    bias: NDArray[np.floating]
    shuffle: bool
    relu: bool


def quantise(
    layers: Sequence[FloatLayer],
    *,
    name: str,
    input_range: Range = (-31, 31),
    activation_max: Sequence[float],
    output_scale: float,
    output_range: Range,
    wbits: int = 8,
    abits: int = 8,
) -> IntegerNetwork:
    """Integer network whose output is about `output_scale` times that of the float layers."""
    raise NotImplementedError
