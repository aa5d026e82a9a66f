# SPDX-License-Identifier: BSD-3-Clause-Clear
"""IW-SSIM of luma, as in JPEG AI: SSIM of five pyramid bands, each sample weighted by the information it carries.

x, y --Laplacian pyramid--> bands 1..4 and what remains --structure maps, weighted means--> product of powers
weight: information shared by the eye's views of reference and picture, Gaussian scale mixture over a sample's
3 x 3 neighbours and its parent in the next coarser band
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from refsw.ctc.metrics.metric import Metric
from refsw.ctc.metrics.planes import STEPS, Float, Pair, Reference
from refsw.ctc.metrics.ssim import K1, K2, SCALE_EXPONENTS, WINDOW
from refsw.ctc.metrics.windows import Local, covariance, filter_mirrored, local, zeros_to

PAPER = "Wang, Li: Information content weighting for perceptual image quality assessment, IEEE TIP 20(5), 2011"
SMOOTHING = np.array([1, 4, 6, 4, 1]) / 16 * np.sqrt(2)  # the gain of 2 per reduction is part of the definition
NEIGHBOURS = np.ones(3) / 3
EYE_NOISE = 0.4  # variance, squared 8-bit steps
TINY = 1e-15
JPEG_AI_SIDE = 256  # smaller pictures are continued with zeros to this side
STRIP = 32  # rows
MARGIN = WINDOW.size // 2 - 1  # of the weights' map around that of structure


def iwssim(pair: Pair) -> float:
    """IW-SSIM of Y, 0..1: 1 where equal. Not symmetric: neighbours and parents are the reference's."""
    x, y = pair.source.derived(_luma_bands), _pyramid(zeros_to(pair.luma[1], JPEG_AI_SIDE))
    result = 1.0
    for band, plane, exponent in zip(x, y, SCALE_EXPONENTS, strict=True):
        similarity = _similarity(band.windowed, local(plane, WINDOW), with_luminance=band.mixture is None)
        if band.mixture is not None:
            weight = _information(band.near, local(plane, NEIGHBOURS), band.mixture)[MARGIN:-MARGIN, MARGIN:-MARGIN]
            total = float(np.sum(weight))
            mean = float(np.sum(similarity * weight)) / total if total > 0 else float(np.mean(similarity))
        else:
            mean = float(np.mean(similarity))
        result *= abs(mean) ** exponent
    return result


@dataclass(frozen=True)
class _Mixture:
    """Gaussian scale mixture of a band. energy: local multiplier [H - 2, W - 2]; eigenvalues: of the covariance."""

    energy: Float
    eigenvalues: Float


@dataclass(frozen=True)
class _Band:
    """A band of the reference under the window of SSIM and among its neighbours; no mixture of what remains."""

    windowed: Local
    near: Local
    mixture: _Mixture | None


def _luma_bands(reference: Reference) -> tuple[_Band, ...]:
    planes = _pyramid(zeros_to(reference.luma, JPEG_AI_SIDE))
    last, bands = len(planes) - 1, []
    for scale, plane in enumerate(planes):
        parent = planes[scale + 1] if scale + 1 < last else None  # what remains is no band, and nobody's parent
        mixture = _mixture(plane, parent) if scale < last else None
        bands.append(_Band(local(plane, WINDOW), local(plane, NEIGHBOURS), mixture))
    return tuple(bands)


def _pyramid(plane: Float) -> list[Float]:
    """Four bands, finest first, and what remains."""
    bands = []
    for _ in range(len(SCALE_EXPONENTS) - 1):
        coarse = filter_mirrored(plane, SMOOTHING)[::2, ::2]
        spread = np.zeros_like(plane)
        spread[::2, ::2] = coarse
        bands.append(plane - filter_mirrored(spread, SMOOTHING))
        plane = coarse
    return [*bands, plane]


def _similarity(x: Local, y: Local, with_luminance: bool) -> Float:
    """Structure map, [H - 10, W - 10], times luminance where asked."""
    c1, c2 = (K1 * STEPS) ** 2, (K2 * STEPS) ** 2
    structure = (2 * covariance(x, y, WINDOW) + c2) / (x.variance + y.variance + c2)
    if not with_luminance:
        return np.asarray(structure)
    return np.asarray(structure * (2 * x.mean * y.mean + c1) / (x.mean * x.mean + y.mean * y.mean + c1))


def _information(x: Local, y: Local, mixture: _Mixture) -> Float:
    """Bits of each sample that has all its neighbours: [H - 2, W - 2]."""
    shared = covariance(x, y, NEIGHBOURS)
    gain = shared / (x.variance + TINY)
    gain[x.variance < TINY] = 0
    noise = y.variance - gain * shared
    gain[y.variance < TINY] = 0
    noise[y.variance < TINY] = 0
    signal = (noise + (1 + gain * gain) * EYE_NOISE) * mixture.energy
    floor = 1 + noise / EYE_NOISE
    product = np.ones_like(noise)
    for value in mixture.eigenvalues:
        product *= floor + signal * (value / EYE_NOISE**2)
    information = np.log2(product)
    information[information < TINY] = 0
    return np.asarray(information)


def _mixture(x: Float, parent: Float | None) -> _Mixture:
    """The mixture of a band [H, W].

    In strips, so that the ten copies of a large band never stand in memory at once.
    """
    height, width = x.shape[0] - 2, x.shape[1] - 2
    above = None if parent is None else _enlarged(parent)
    size = 9 if above is None else 10
    strips = [(top, min(STRIP, height - top)) for top in range(0, height, STRIP)]
    spread = np.zeros((size, size))
    for top, rows in strips:
        vectors = _neighbours(x, above, top, rows)
        spread += vectors @ vectors.T
    eigenvalues, basis = np.linalg.eigh(spread / (height * width))
    used = eigenvalues > max(eigenvalues[-1] * TINY, TINY)  # a flat band has none
    whiten = (basis[:, used] / np.sqrt(eigenvalues[used])).T
    energy = np.empty((height, width))
    for top, rows in strips:
        whitened = whiten @ _neighbours(x, above, top, rows)
        energy[top : top + rows] = np.einsum("ij,ij->j", whitened, whitened).reshape(rows, width) / size
    return _Mixture(energy, eigenvalues[used])


def _neighbours(x: Float, above: Float | None, top: int, rows: int) -> Float:
    """Vectors of 3 x 3 neighbours, and the parent, of all samples of some rows: [9 or 10, rows * (W - 2)]."""
    width = x.shape[1] - 2
    views = [x[top + row : top + row + rows, column : column + width] for row in range(3) for column in range(3)]
    if above is not None:
        views.append(above[top + 1 : top + 1 + rows, 1 : 1 + width])
    return np.stack(views).reshape(len(views), -1)


def _enlarged(plane: Float) -> Float:
    """Twice the samples, straight lines at a quarter before and after each: [H, W] -> [2 H, 2 W]."""
    for _ in range(2):  # down the rows, then, transposed, down the columns
        extended = np.pad(plane, [(1, 1), (0, 0)], mode="reflect", reflect_type="odd")
        doubled = np.empty((2 * plane.shape[0], plane.shape[1]))
        doubled[0::2] = 0.75 * plane + 0.25 * extended[:-2]
        doubled[1::2] = 0.75 * plane + 0.25 * extended[2:]
        plane = doubled.T
    return plane


IWSSIM = Metric("iwssim", "IW-SSIM", "1", "", True, True, 1.0, "Y", PAPER, iwssim)
