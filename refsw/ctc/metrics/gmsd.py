# SPDX-License-Identifier: BSD-3-Clause-Clear
"""GMSD: how unevenly the gradients of luma are kept. 0 is best."""

from __future__ import annotations

import numpy as np

from refsw.ctc.metrics.metric import Metric
from refsw.ctc.metrics.planes import Float, Pair
from refsw.ctc.metrics.windows import block_means, filter_zeros

PAPER = "Xue, Zhang, Mou, Bovik: Gradient magnitude similarity deviation, IEEE Trans. Image Processing 23(2), 2014"
STABILITY = 170.0  # T of the paper, squared 8-bit steps
PREWITT = np.array([[1, 0, -1], [1, 0, -1], [1, 0, -1]]) / 3


def gmsd(pair: Pair) -> float:
    """Standard deviation of the gradient magnitude similarity of Y at half resolution: 0 where equal.

    An odd side is given a row or column of zeros; so are, as in the paper, the surroundings of the picture.
    """
    first, second = (_gradient(plane) for plane in pair.luma)
    similarity = (2 * first * second + STABILITY) / (first * first + second * second + STABILITY)
    return float(np.std(similarity))


def _gradient(plane: Float) -> Float:
    even = np.pad(plane, [(0, side % 2) for side in plane.shape])
    half = block_means(even, 2)
    return np.asarray(np.hypot(filter_zeros(half, PREWITT), filter_zeros(half, PREWITT.T)))


GMSD = Metric("gmsd", "GMSD", "1", "", False, False, 0.0, "Y", PAPER, gmsd)
