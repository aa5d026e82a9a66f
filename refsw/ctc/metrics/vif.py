# SPDX-License-Identifier: BSD-3-Clause-Clear
"""VIF in the pixel domain (VIFp) of luma, as in JPEG AI.

reference = natural scene with local variance v; picture = g * reference + noise of variance w
VIF = information that the eye gets of the picture / information that it gets of the reference, over four scales
"""

from __future__ import annotations

import numpy as np

from refsw.ctc.metrics.metric import Metric
from refsw.ctc.metrics.planes import Float, Pair
from refsw.ctc.metrics.windows import filter_valid, gaussian, moments, zeros_to

PAPER = "Sheikh, Bovik: Image information and visual quality, IEEE Trans. Image Processing 15(2), 2006; pixel domain"
WINDOWS = tuple(gaussian(taps, taps / 5) for taps in (17, 9, 5, 3))  # finest scale first
EYE_NOISE = 2.0  # variance of the eye's own noise, squared 8-bit steps
TINY = 1e-10
JPEG_AI_SIDE = 64  # smaller pictures are continued with zeros to this side


def vif(pair: Pair) -> float:
    """VIFp of Y: 1 where equal, 0 where all is lost, above 1 where contrast was raised.

    A reference without information (flat) has 1 where the pictures are equal, otherwise 0.
    """
    x, y = (zeros_to(plane, JPEG_AI_SIDE) for plane in pair.luma)
    kept = offered = 0.0
    for scale, window in enumerate(WINDOWS):
        if scale:
            x, y = filter_valid(x, window)[::2, ::2], filter_valid(y, window)[::2, ::2]
        _, _, variance_x, variance_y, covariance = moments(x, y, window)
        gain, noise = _channel(variance_x, variance_y, covariance)
        signal = np.maximum(variance_x - TINY, 0)
        kept += float(np.sum(np.log10(1 + gain * gain * signal / (noise + EYE_NOISE))))
        offered += float(np.sum(np.log10(1 + signal / EYE_NOISE)))
    if offered < TINY or pair.equal:  # of equal pictures that are nearly flat the constants would leave 0.99999
        return float(pair.equal)
    return kept / offered


def _channel(variance_x: Float, variance_y: Float, covariance: Float) -> tuple[Float, Float]:
    """Gain and noise variance of the channel from reference to picture; no negative gain."""
    gain = covariance / (variance_x + TINY)
    gain[variance_y < TINY] = 0
    noise = variance_y - gain * covariance
    noise[variance_y < TINY] = 0
    negative = gain < 0
    noise[negative] = variance_y[negative]
    return np.maximum(gain, 0), np.maximum(noise, TINY)


VIF = Metric("vif", "VIF", "1", "", True, True, 1.0, "Y", PAPER, vif)
