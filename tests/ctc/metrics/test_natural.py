# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Natural statistics: exponents are found again, equal sets are at distance 0, smooth and noisy pictures are far."""

from __future__ import annotations

import numpy as np
import pytest

from refsw.ctc.metrics.natural import PATCH, _lopsided, _symmetric, features, frechet, statistics, unnaturalness
from refsw.ctc.metrics.windows import filter_mirrored, gaussian
from refsw.errors import InputError
from tests.support.tiny import samples


def pictures(blur: float = 0.0, noise: float = 0.0) -> list[np.ndarray]:
    random, found = np.random.default_rng(0), []
    for seed in range(6):
        plane = samples(seed, 3 * PATCH, 4 * PATCH, 1)[..., 0].astype(float)
        plane = plane + np.random.default_rng(seed).normal(0, 6, plane.shape)  # texture
        plane = filter_mirrored(plane, gaussian(9, blur)) if blur else plane
        found.append((plane + random.normal(0, noise, plane.shape)).clip(0, 255))
    return found


def test_exponents_of_known_distributions() -> None:
    random = np.random.default_rng(1)
    exponent, variance = _symmetric(random.normal(0, 3, (1, 300, 300)))
    assert exponent[0] == pytest.approx(2, abs=0.05) and variance[0] == pytest.approx(9, rel=0.02)
    exponent, _ = _symmetric(random.laplace(0, 3, (1, 300, 300)))
    assert exponent[0] == pytest.approx(1, abs=0.05)
    one = np.abs(random.normal(0, 1, (1, 300, 300))) * np.where(random.random((1, 300, 300)) < 2 / 3, 2, -1)
    exponent, mean, below, above = _lopsided(one)
    assert exponent[0] == pytest.approx(2, abs=0.1) and mean[0] == pytest.approx(one.mean(), rel=0.05)
    assert (below[0], above[0]) == (pytest.approx(1, rel=0.05), pytest.approx(4, rel=0.05))


def test_distances() -> None:
    natural = np.concatenate([features(p) for p in pictures()])
    assert natural.shape == (72, 36) and np.isfinite(natural).all()
    own, unit = statistics(natural), natural.std(0)
    assert own.patches == 72
    assert unnaturalness(own, own) == 0 and frechet(own, own, unit) == pytest.approx(0, abs=1e-6)
    for worse, worst in (({"blur": 0.7}, {"blur": 1.5}), ({"noise": 6.0}, {"noise": 20.0})):
        near, far = (statistics(np.concatenate([features(p) for p in pictures(**k)])) for k in (worse, worst))
        assert 0 < frechet(near, own, unit) < frechet(far, own, unit)
        assert frechet(near, own, unit) == pytest.approx(frechet(own, near, unit))
        assert unnaturalness(far, own) > 0


def test_flat_sharp_and_small_pictures() -> None:
    assert np.isfinite(features(np.zeros((PATCH, PATCH)))).all()
    half = np.concatenate([np.zeros((PATCH, PATCH)), pictures()[0][:PATCH, :PATCH]])
    assert len(features(half)) == 2 and len(features(half, sharp=True)) == 1
    with pytest.raises(InputError, match="64 x 64"):
        features(np.zeros((63, 200)))
