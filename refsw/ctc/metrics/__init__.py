# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Full-reference picture metrics, all in one interface; definitions, ranges and checks are in docs/metrics.md.

    metric("msssim").measure(reference, picture)                  one
    measure_all(JPEG_AI_SEVEN, reference, picture)                several, sharing what they have in common
    Pair(reference, picture, Reference(reference))                several pictures, sharing the reference's part

Pictures are `refsw.types.Image`s of equal size, channels and bit depth, 8..16 bits. NumPy alone; no torch.
"""

from refsw.ctc.metrics.metric import Metric
from refsw.ctc.metrics.planes import Pair, Reference
from refsw.ctc.metrics.psnr import decibels
from refsw.ctc.metrics.registry import JPEG_AI_SEVEN, available, measure_all, metric, names
from refsw.ctc.metrics.ssim import msssim_scales
from refsw.ctc.metrics.summary import Metrics, measure, ms_ssim_decibels

__all__ = [
    "JPEG_AI_SEVEN", "Metric", "Metrics", "Pair", "Reference", "available", "decibels", "measure", "measure_all",
    "metric", "ms_ssim_decibels", "msssim_scales", "names",
]  # fmt: skip
