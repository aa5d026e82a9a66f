# SPDX-License-Identifier: BSD-3-Clause-Clear
"""PSNR-HVS and PSNR-HVS-M: squared error of 8 x 8 DCT coefficients, weighted by what the eye sees, in dB.

HVS weights by contrast sensitivity; HVS-M takes off first what the block's own texture masks.
"""

from __future__ import annotations

import numpy as np

from refsw.ctc.metrics.metric import BEST_DECIBELS, Metric
from refsw.ctc.metrics.planes import STEPS, Float, Pair
from refsw.ctc.metrics.psnr import capped

EGIAZARIAN = "Egiazarian, Astola, Ponomarenko et al.: New full-reference quality metrics based on HVS, VPQM 2006"
PONOMARENKO = "Ponomarenko, Silvestri, Egiazarian et al.: On between-coefficient contrast masking, VPQM 2007"

# Both weights follow from the luminance table of JPEG (ITU-T T.81, Table K.1); the authors print six digits.
JPEG_LUMINANCE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)
SENSITIVITY = np.round(25.73509 / JPEG_LUMINANCE, 6)
MASKING = np.round((10 / JPEG_LUMINANCE) ** 2, 6)
MASKING_AC = np.where(np.arange(64).reshape(8, 8) == 0, 0.0, MASKING)  # the mean of a block masks nothing

_frequency, _sample = np.mgrid[0:8, 0:8]
DCT = np.where(_frequency == 0, np.sqrt(1 / 8), 0.5 * np.cos((2 * _sample + 1) * _frequency * np.pi / 16))


def psnr_hvs(pair: Pair) -> float:
    """PSNR-HVS of Y in dB, as in JPEG AI; 100 where equal. Sides are continued to multiples of 8 by repetition."""
    x, y = (_blocks(plane) for plane in pair.luma)
    return _decibels(np.abs(_transform(x - y)))


def psnr_hvs_m(pair: Pair) -> float:
    """PSNR-HVS-M of Y in dB; 100 where equal or where all differences are masked."""
    x, y = (_blocks(plane) for plane in pair.luma)
    spectra = _transform(x), _transform(y)
    mask = np.maximum(_mask(x, spectra[0]), _mask(y, spectra[1]))
    difference = np.abs(spectra[0] - spectra[1])
    threshold = mask[:, None, None] / MASKING
    threshold[:, 0, 0] = 0
    return _decibels(np.maximum(difference - threshold, 0))


def _decibels(difference: Float) -> float:
    return capped(float(np.mean(np.square(difference * SENSITIVITY))), STEPS)


def _blocks(plane: Float) -> Float:
    """[H, W] -> [N, 8, 8]."""
    full = np.pad(plane, [(0, -side % 8) for side in plane.shape], mode="edge")
    rows, columns = full.shape[0] // 8, full.shape[1] // 8
    return np.ascontiguousarray(full.reshape(rows, 8, columns, 8).swapaxes(1, 2)).reshape(-1, 8, 8)


def _transform(blocks: Float) -> Float:
    """Orthonormal DCT-II of [N, 8, 8]."""
    half = (blocks.reshape(-1, 8) @ DCT.T).reshape(-1, 8, 8)
    return np.asarray((half.swapaxes(1, 2).reshape(-1, 8) @ DCT.T).reshape(-1, 8, 8).swapaxes(1, 2))


def _mask(blocks: Float, spectra: Float) -> Float:
    """What a block masks: root of its weighted energy, less where its four quarters are flat beside an edge. [N]."""
    energy = np.einsum("nij,nij,ij->n", spectra, spectra, MASKING_AC)
    quarters = blocks.reshape(-1, 2, 4, 2, 4)
    inside = quarters.var(axis=(2, 4)).sum(axis=(1, 2)) * 16 / 15 * 16
    whole = blocks.var(axis=(1, 2)) * 64 / 63 * 64
    ratio = np.divide(inside, whole, out=np.zeros_like(whole), where=whole > 0)
    return np.asarray(np.sqrt(energy * ratio) / 32)


PSNR_HVS = Metric("psnr_hvs", "PSNR-HVS", "1", "dB", True, True, BEST_DECIBELS, "Y", EGIAZARIAN, psnr_hvs)
PSNR_HVS_M = Metric("psnr_hvs_m", "PSNR-HVS-M", "1", "dB", True, False, BEST_DECIBELS, "Y", PONOMARENKO, psnr_hvs_m)
