# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The five numbers that the demonstration and the Kodak table print: RGB and luma, PSNR and MS-SSIM."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from refsw.ctc.metrics.planes import STEPS, Pair
from refsw.ctc.metrics.psnr import decibels
from refsw.ctc.metrics.ssim import ms_ssim_plane, msssim_rgb
from refsw.types import Image


@dataclass(frozen=True)
class Metrics:
    """PSNR and MS-SSIM of one decoded picture.

    psnr: dB over all samples of all channels (RGB PSNR of a colour picture); psnr_y: dB of luma;
    msssim: mean over channels, 0..1; msssim_y: of luma; mse: mean squared error behind psnr, in squared 8-bit steps.
    Equal pictures have a PSNR of infinity.
    """

    psnr: float
    psnr_y: float
    msssim: float
    msssim_y: float
    mse: float


def measure(reference: Image, decoded: Image) -> Metrics:
    """All metrics of a decoded picture against its reference; InputError where shapes or depths differ."""
    pair = Pair(reference, decoded)
    peak = 2**reference.bit_depth - 1
    difference = reference.samples.astype(np.int64) - decoded.samples
    mse = float(np.mean(difference * difference)) * (255 / peak) ** 2
    return Metrics(
        psnr=decibels(mse),
        psnr_y=decibels(float(np.mean(np.square(pair.luma[0] - pair.luma[1])))),
        msssim=msssim_rgb(pair),
        msssim_y=ms_ssim_plane(*pair.luma, STEPS),
        mse=mse,
    )


def ms_ssim_decibels(value: float) -> float:
    """-10 log10(1 - MS-SSIM): the scale on which MS-SSIM is drawn and BD-rates are taken."""
    return float("inf") if value >= 1 else float(-10 * np.log10(1 - value))
