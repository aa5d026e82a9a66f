# SPDX-License-Identifier: BSD-3-Clause-Clear
"""All metrics by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from refsw.ctc.metrics.fsim import FSIM
from refsw.ctc.metrics.gmsd import GMSD
from refsw.ctc.metrics.iwssim import IWSSIM
from refsw.ctc.metrics.jxl import BUTTERAUGLI, SSIMULACRA2
from refsw.ctc.metrics.learned import DISTS, LPIPS
from refsw.ctc.metrics.metric import Metric
from refsw.ctc.metrics.nlpd import NLPD
from refsw.ctc.metrics.planes import Pair
from refsw.ctc.metrics.psnr import PSNR_CB, PSNR_CR, PSNR_RGB, PSNR_Y
from refsw.ctc.metrics.psnr_hvs import PSNR_HVS, PSNR_HVS_M
from refsw.ctc.metrics.ssim import MSSSIM, MSSSIM_RGB, SSIM
from refsw.ctc.metrics.vif import VIF
from refsw.ctc.metrics.vmaf import VMAF
from refsw.errors import UsageError
from refsw.types import Image

METRICS: tuple[Metric, ...] = (
    MSSSIM, VMAF, FSIM, NLPD, IWSSIM, VIF, PSNR_HVS,
    PSNR_Y, PSNR_CB, PSNR_CR, PSNR_RGB, SSIM, MSSSIM_RGB, PSNR_HVS_M, GMSD,
    SSIMULACRA2, BUTTERAUGLI, LPIPS, DISTS,
)  # fmt: skip

# The order of JPEG AI's tables; the average of their BD-rates is its one number.
JPEG_AI_SEVEN: tuple[str, ...] = ("msssim", "vmaf", "fsim", "nlpd", "iwssim", "vif", "psnr_hvs")


def names() -> tuple[str, ...]:
    """Names of all metrics, installed or not."""
    return tuple(metric.name for metric in METRICS)


def available() -> tuple[str, ...]:
    """Names of the metrics that can run here."""
    return tuple(metric.name for metric in METRICS if metric.missing() is None)


def metric(name: str) -> Metric:
    """The metric of that name; UsageError, with the nearest name, where there is none."""
    for candidate in METRICS:
        if candidate.name == name:
            return candidate
    near = difflib.get_close_matches(name, names(), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names())}"
    raise UsageError(f"no metric {name!r}: {hint}")


def measure_all(wanted: Iterable[str], reference: Image, picture: Image) -> tuple[float, ...]:
    """Several metrics of one picture, in the order of their names; what they share is computed once."""
    pair = Pair(reference, picture)
    return tuple(metric(name).of(pair) for name in wanted)
