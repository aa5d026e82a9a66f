# SPDX-License-Identifier: BSD-3-Clause-Clear
"""NLPD: distance of two luma planes after a model of the early eye, as in JPEG AI. 0 is best.

plane --Laplacian pyramid, six bands--> each sample / (sigma + weighted neighbours) --root mean square--> mean of bands
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from refsw.ctc.metrics.metric import Metric
from refsw.ctc.metrics.planes import STEPS, Float, Pair, Reference
from refsw.ctc.metrics.windows import filter_mirrored, zeros_to

PAPER = "Laparra, Ballé, Berardino, Simoncelli: Perceptual image quality assessment using NLPD, Electronic Imaging 2016"
SMOOTHING = np.array([0.05, 0.25, 0.4, 0.25, 0.05])
# Fitted by the authors, per band: sigma, and the weights of the neighbours above, left, right and below.
NORMALISATION = (
    (0.0248, (0.1011, 0.1493, 0.1460, 0.1015)),
    (0.0185, (0.0757, 0.1986, 0.1846, 0.0837)),
    (0.0179, (0.0477, 0.2138, 0.2243, 0.0467)),
    (0.0191, (0.0, 0.2503, 0.2616, 0.0)),
    (0.0220, (0.0, 0.2598, 0.2552, 0.0)),
    (0.2782, (0.0, 0.2215, 0.0717, 0.0)),
)
JPEG_AI_SIDE = 128  # smaller pictures are continued with zeros to this side


def nlpd(pair: Pair) -> float:
    """NLPD of Y over 0..1: 0 where equal; symmetric."""
    bands = zip(pair.source.derived(_luma_bands), _bands(pair.luma[1]), strict=True)
    return float(np.mean([float(np.sqrt(np.mean(np.square(x - y)))) for x, y in bands]))


def _luma_bands(reference: Reference) -> tuple[Float, ...]:
    return tuple(_bands(reference.luma))


def _bands(plane: Float) -> Iterator[Float]:
    """Six normalised bands of a plane over 0..255, finest first."""
    plane = zeros_to(plane, JPEG_AI_SIDE) / STEPS
    for sigma, weights in NORMALISATION:
        coarse = _reduce(plane)
        yield _normalise(plane - _expand(coarse, plane), sigma, weights)
        plane = coarse


def _reduce(plane: Float) -> Float:
    """Smoothed, every second sample: [H, W] -> [ceil(H / 2), ceil(W / 2)]."""
    return filter_mirrored(plane, SMOOTHING)[::2, ::2]


def _expand(coarse: Float, fine: Float) -> Float:
    """Doubled by straight lines, corners on corners, smoothed, cut to the size of `fine`."""
    doubled = _double(_double(coarse).T).T
    return filter_mirrored(doubled, SMOOTHING)[: fine.shape[0], : fine.shape[1]]


def _double(plane: Float) -> Float:
    """Straight lines down the rows, first and last kept: [n, W] -> [2 n, W]."""
    rows = plane.shape[0]
    place = np.arange(2 * rows) * ((rows - 1) / (2 * rows - 1))
    before = np.minimum(place.astype(np.int64), max(rows - 2, 0))
    share = (place - before)[:, None]
    return np.asarray(plane[before] * (1 - share) + plane[np.minimum(before + 1, rows - 1)] * share)


def _normalise(band: Float, sigma: float, weights: tuple[float, float, float, float]) -> Float:
    magnitude = np.pad(np.abs(band), 1, mode="reflect")
    above, left, right, below = weights
    local = sigma + left * magnitude[1:-1, :-2] + right * magnitude[1:-1, 2:]
    if above or below:
        local += above * magnitude[:-2, 1:-1] + below * magnitude[2:, 1:-1]
    return np.asarray(band / local)


NLPD = Metric("nlpd", "NLPD", "1", "", False, True, 0.0, "Y", PAPER, nlpd)
