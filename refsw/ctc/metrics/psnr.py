# SPDX-License-Identifier: BSD-3-Clause-Clear
"""PSNR of Y, Cb, Cr and of all R, G, B samples, in dB."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refsw.ctc.metrics.metric import BEST_DECIBELS, Metric
from refsw.ctc.metrics.planes import STEPS, Float, Pair

JPEG_AI = "JPEG AI common test conditions (WG1): PSNR of BT.709 planes at the working depth"


def decibels(mse: float, peak: float = 255) -> float:
    """PSNR in dB of a mean squared error; infinity for none."""
    return float("inf") if mse == 0 else float(10 * np.log10(peak * peak / mse))


def capped(mse: float, peak: float) -> float:
    """PSNR in dB, at most 100."""
    return min(decibels(mse, peak), BEST_DECIBELS)


def psnr_y(pair: Pair) -> float:
    """PSNR of Y."""
    return _plane(*pair.luma)


def psnr_cb(pair: Pair) -> float:
    """PSNR of Cb."""
    return _plane(*pair.chroma(1))


def psnr_cr(pair: Pair) -> float:
    """PSNR of Cr."""
    return _plane(*pair.chroma(2))


def psnr_rgb(pair: Pair) -> float:
    """PSNR over all samples as they are stored: one mean squared error over R, G and B."""
    difference = pair.reference.samples.astype(np.int64) - pair.picture.samples
    return capped(float(np.mean(difference * difference)), 2**pair.reference.bit_depth - 1)


def _plane(x: Float, y: Float) -> float:
    return capped(float(np.mean(np.square(x - y))), STEPS)


def _metric(name: str, title: str, channels: str, paper: str, value: Callable[[Pair], float]) -> Metric:
    return Metric(name, title, "1", "dB", True, False, BEST_DECIBELS, channels, paper, value)


PSNR_Y = _metric("psnr_y", "PSNR Y", "Y", JPEG_AI, psnr_y)
PSNR_CB = _metric("psnr_cb", "PSNR Cb", "Cb", JPEG_AI, psnr_cb)
PSNR_CR = _metric("psnr_cr", "PSNR Cr", "Cr", JPEG_AI, psnr_cr)
PSNR_RGB = _metric("psnr_rgb", "PSNR RGB", "R, G, B", "mean squared error over all samples as stored", psnr_rgb)
