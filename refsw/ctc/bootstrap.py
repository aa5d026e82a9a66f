# SPDX-License-Identifier: BSD-3-Clause-Clear
"""How far a mean over pictures would move with other pictures: the percentile bootstrap of SciPy, with a fixed seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

SEED = 1
RESAMPLES = 9999
FEWEST = 3


def interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float] | None:
    """The interval in which the mean of `values` lies with that confidence; None for fewer than three values.

    The same values in the same order give the same interval.
    """
    if len(values) < FEWEST:
        return None
    if len(set(values)) == 1:
        return values[0], values[0]
    found = stats.bootstrap(
        (np.asarray(values),),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return float(found.low), float(found.high)
