# SPDX-License-Identifier: BSD-3-Clause-Clear
"""FSIMc, as in JPEG AI: gradients and phase congruency of luma, weighted by the latter, and chroma of YIQ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from refsw.ctc.metrics.metric import Metric
from refsw.ctc.metrics.phase import phase_congruency
from refsw.ctc.metrics.planes import Float, Pair, Reference
from refsw.ctc.metrics.windows import block_means, filter_zeros

PAPER = "Zhang, Zhang, Mou, Zhang: FSIM, IEEE Trans. Image Processing 20(8), 2011; FSIMc"
YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
SCHARR = np.array([[3, 0, -3], [10, 0, -10], [3, 0, -3]]) / 16
T_PHASE, T_GRADIENT, T_CHROMA = 0.85, 160.0, 200.0  # T1, T2, T3 = T4 of the paper
CHROMA_EXPONENT = 0.03
SIDE = 256  # pictures are averaged down until their shorter side is about this


def fsim(pair: Pair) -> float:
    """FSIMc of R, G, B: 1 where equal; FSIM of a grey picture. Symmetric.

    Where neither picture has any phase congruency, all samples weigh the same.
    """
    first, second = pair.source.derived(_reference_features), _features(pair.rgb[1])
    similarity = _alike(first.phase, second.phase, T_PHASE) * _alike(first.gradient, second.gradient, T_GRADIENT)
    if not pair.grey:
        chroma = _alike(first.yiq[1], second.yiq[1], T_CHROMA) * _alike(first.yiq[2], second.yiq[2], T_CHROMA)
        similarity *= np.abs(chroma) ** CHROMA_EXPONENT
    weight = np.maximum(first.phase, second.phase)
    total = float(np.sum(weight))
    return float(np.sum(similarity * weight)) / total if total > 0 else float(np.mean(similarity))


@dataclass(frozen=True)
class _Features:
    """yiq: [3, H, W]; phase congruency and gradient of its first plane."""

    yiq: Float
    phase: Float
    gradient: Float


def _reference_features(reference: Reference) -> _Features:
    return _features(reference.rgb)


def _features(planes: Float) -> _Features:
    yiq = _yiq(planes)
    return _Features(yiq, phase_congruency(yiq[0]), _gradient(yiq[0]))


def _yiq(planes: Float) -> Float:
    """[3, H, W] R, G, B -> Y, I, Q averaged over blocks."""
    factor = max(1, round(min(planes.shape[1:]) / SIDE))
    reduced = np.stack([block_means(plane, factor) for plane in planes])
    return np.asarray(np.einsum("ij,jhw->ihw", YIQ, reduced))


def _alike(x: Float, y: Float, stability: float) -> Float:
    return np.asarray((2 * x * y + stability) / (x * x + y * y + stability))


def _gradient(plane: Float) -> Float:
    return np.asarray(np.hypot(filter_zeros(plane, SCHARR), filter_zeros(plane, SCHARR.T)))


FSIM = Metric("fsim", "FSIM", "1", "", True, True, 1.0, "R, G, B", PAPER, fsim)
