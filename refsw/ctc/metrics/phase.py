# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Phase congruency (Kovesi 1999, with the parameters of FSIM): where the Fourier components of a picture agree.

plane --FFT--> x 16 log-Gabor filters (4 orientations x 4 scales) --inverse--> even + i odd responses
per orientation: energy along the mean phase, less what noise alone would give;  sum / sum of amplitudes
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from refsw.ctc.metrics.planes import Float

ORIENTATIONS, SCALES = 4, 4
SHORTEST_WAVE, WAVE_RATIO = 6, 2  # samples; of successive scales
RADIAL_SPREAD = 0.55  # standard deviation of a log-Gabor filter over its centre frequency
ANGULAR_SPREAD = math.pi / ORIENTATIONS / 1.2
LOW_PASS_CUTOFF, LOW_PASS_ORDER = 0.45, 15  # Butterworth: keeps the corners of the spectrum out
NOISE_DEVIATIONS = 2.0
NOISE_RESCALE = 1.7  # the estimate is that much too high for this measure
TINY = 1e-4


def phase_congruency(plane: Float) -> Float:
    """Phase congruency of every sample: float64 [H, W], 0..1."""
    spectrum = np.fft.fft2(plane)
    energy, amplitude = np.zeros(plane.shape), np.zeros(plane.shape)
    filters, powers = _filters(*plane.shape)
    for bank, power in zip(filters, powers, strict=True):
        responses = np.fft.ifft2(spectrum * bank)
        amplitudes = np.abs(responses)
        along = responses.sum(axis=0)
        along /= np.abs(along) + TINY
        turned = responses * along.conj()
        local = np.sum(turned.real - np.abs(turned.imag), axis=0)
        # Noise: the finest scale answers to little else; the median of its energy tells the rest, for Gaussian noise.
        mean_energy = float(np.median(np.square(amplitudes[0]))) / math.log(2)
        rayleigh = math.sqrt(mean_energy * power)
        threshold = rayleigh * (math.sqrt(math.pi / 2) + NOISE_DEVIATIONS * math.sqrt(2 - math.pi / 2))
        energy += np.maximum(local - threshold / NOISE_RESCALE, 0)
        amplitude += amplitudes.sum(axis=0)
    return np.divide(energy, amplitude, out=np.zeros(plane.shape), where=amplitude > 0)


@lru_cache(maxsize=1)
def _filters(height: int, width: int) -> tuple[Float, tuple[float, ...]]:
    """Transfer functions [orientation, scale, H, W], zero frequency first, and each orientation's noise factor.

    The factor turns the mean noise energy of the finest scale into the variance of the sum over all scales.
    """
    radius = np.hypot(_frequencies(height)[:, None], _frequencies(width))
    low_pass = 1 / (1 + (radius / LOW_PASS_CUTOFF) ** (2 * LOW_PASS_ORDER))
    radius[0, 0] = 1  # its logarithm is taken; the filters are 0 there
    angle = np.arctan2(-_angles(height)[:, None], _angles(width))
    filters = np.empty((ORIENTATIONS, SCALES, height, width))
    for orientation in range(ORIENTATIONS):
        turn = angle - orientation * math.pi / ORIENTATIONS
        distance = np.abs(np.arctan2(np.sin(turn), np.cos(turn)))
        spread = np.exp(-(distance**2) / (2 * ANGULAR_SPREAD**2))
        for scale in range(SCALES):
            centre = 1 / (SHORTEST_WAVE * WAVE_RATIO**scale)
            log_gabor = np.exp(-(np.log(radius / centre) ** 2) / (2 * math.log(RADIAL_SPREAD) ** 2)) * low_pass
            log_gabor[0, 0] = 0
            filters[orientation, scale] = log_gabor * spread
    return filters, tuple(_noise_factor(bank) for bank in filters)


def _noise_factor(bank: Float) -> float:
    """Power of the sum of the even filters over the power of the finest one, [scale, H, W] -> number (Parseval)."""
    mirrored = np.roll(bank.sum(axis=0)[::-1, ::-1], (1, 1), axis=(0, 1))
    even = (bank.sum(axis=0) + mirrored) / 2
    finest = float(np.sum(np.square(bank[0])))
    return float(np.sum(np.square(even))) / finest if finest else 0.0


def _frequencies(length: int) -> Float:
    """-0.5..0.5, zero first; an odd length reaches both ends, as in the authors' program."""
    if length == 1:
        return np.zeros(1)
    return np.fft.ifftshift(np.linspace(-0.5, 0.5, length, endpoint=length % 2 == 1))


def _angles(length: int) -> Float:
    return np.fft.ifftshift((np.arange(length) - length // 2) / length)
