# SPDX-License-Identifier: BSD-3-Clause-Clear
"""VIF in the pixel domain (VIFp) of luma, as in JPEG AI.

reference = natural scene with local variance v; picture = g * reference + noise of variance w
VIF = information that the eye gets of the picture / information that it gets of the reference, over four scales
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from refsw.ctc.metrics.metric import Metric
from refsw.ctc.metrics.planes import Float, Pair, Reference
from refsw.ctc.metrics.windows import Local, covariance, filter_valid, gaussian, local, zeros_to

PAPER = "Sheikh, Bovik: Image information and visual quality, IEEE Trans. Image Processing 15(2), 2006; pixel domain"
WINDOWS = tuple(gaussian(taps, taps / 5) for taps in (17, 9, 5, 3))  # finest scale first
EYE_NOISE = 2.0  # variance of the eye's own noise, squared 8-bit steps
TINY = 1e-10
JPEG_AI_SIDE = 64  # smaller pictures are continued with zeros to this side


def vif(pair: Pair) -> float:
    """VIFp of Y: 1 where equal, 0 where all is lost, above 1 where contrast was raised.

    A reference without information (flat) has 1 where the pictures are equal, otherwise 0.
    """
    kept = offered = 0.0
    scales = zip(pair.source.derived(_luma_scales), _scales(pair.luma[1]), WINDOWS, strict=True)
    for x, y, window in scales:
        gain, noise = _channel(x.variance, y.variance, covariance(x, y, window))
        signal = np.maximum(x.variance - TINY, 0)
        kept += float(np.sum(np.log10(1 + gain * gain * signal / (noise + EYE_NOISE))))
        offered += float(np.sum(np.log10(1 + signal / EYE_NOISE)))
    if offered < TINY or pair.equal:  # of equal pictures that are nearly flat the constants would leave 0.99999
        return float(pair.equal)
    return kept / offered


def _luma_scales(reference: Reference) -> tuple[Local, ...]:
    return tuple(_scales(reference.luma))


def _scales(plane: Float) -> Iterator[Local]:
    plane = zeros_to(plane, JPEG_AI_SIDE)
    for scale, window in enumerate(WINDOWS):
        plane = filter_valid(plane, window)[::2, ::2] if scale else plane
        yield local(plane, window)


def _channel(variance_x: Float, variance_y: Float, shared: Float) -> tuple[Float, Float]:
    """Gain and noise variance of the channel from reference to picture; no negative gain."""
    gain = shared / (variance_x + TINY)
    gain[variance_y < TINY] = 0
    noise = variance_y - gain * shared
    noise[variance_y < TINY] = 0
    negative = gain < 0
    noise[negative] = variance_y[negative]
    return np.maximum(gain, 0), np.maximum(noise, TINY)


VIF = Metric("vif", "VIF", "1", "", True, True, 1.0, "Y", PAPER, vif)
