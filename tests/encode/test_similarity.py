# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from refsw.encode.distortion import Similarity, SquaredError
from refsw.encode.picture import encode_picture
from refsw.encode.similarity import scales, similarity_worth
from refsw.tools.toolbox import OWN
from refsw.train.perceptual import ms_ssim
from tests.support.tiny import Started, picture

COLOURS = np.array([[1.0, 0.0, 1.57], [1.0, -0.19, -0.47], [1.0, 1.86, 0.0]])
Picture = NDArray[np.float32]


def scene(seed: int, height: int = 192, width: int = 200) -> tuple[Picture, Picture, list[Picture]]:
    """Source, decoded, and three and two and one corrections of its planes."""
    rng = np.random.default_rng(seed)

    def smooth(count: int, cut: float) -> Picture:
        white = np.fft.rfft2(rng.normal(size=(count, height, width)))
        radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
        shaped = np.fft.irfft2(white / (cut + radius) ** 1.5, (height, width))
        return np.asarray(shaped / shaped.std((1, 2), keepdims=True), np.float32)

    source = 0.5 + smooth(3, 0.01) * np.array([0.13, 0.02, 0.02], np.float32)[:, None, None]
    error = smooth(3, 0.3) * np.array([0.02, 0.006, 0.006], np.float32)[:, None, None]
    corrections = [0.4 * error[:1] + 0.004 * smooth(1, 0.3), 0.003 * smooth(2, 0.2), 0.3 * error[2:]]
    corrections[0] = np.concatenate([corrections[0], 0.004 * smooth(2, 0.1)])
    return np.asarray(source, np.float32), np.asarray(source - error, np.float32), corrections


def logarithm(source: Picture, decoded: Picture) -> float:
    shown = [
        torch.tensor(np.einsum("cp,phw->chw", COLOURS, own)[:, None], dtype=torch.float64) for own in (decoded, source)
    ]
    return float(ms_ssim(*shown).log().mean())


def changed(decoded: Picture, corrections: list[Picture], c: NDArray[np.float64]) -> Picture:
    out, begin = decoded.astype(np.float64), 0
    for plane, own in enumerate(corrections):
        out[plane] += np.tensordot(c[begin : begin + len(own)], own, 1)
        begin += len(own)
    return np.asarray(out)


@pytest.mark.parametrize("seed", range(4))
def test_slope_is_that_of_ms_ssim(seed: int) -> None:
    source, decoded, corrections = scene(seed)
    own = similarity_worth(source, decoded, corrections, COLOURS)
    for index in range(6):
        c = 0.02 * np.eye(6)[index]
        up, down = (logarithm(source, changed(decoded, corrections, way * c)) for way in (1, -1))
        measured = (up - down) / 0.04
        assert 2 * own.vector[index] == pytest.approx(measured, rel=0.03, abs=2e-5)


@pytest.mark.parametrize("seed", range(4))
def test_its_best_correction_gains_what_it_says(seed: int) -> None:
    source, decoded, corrections = scene(seed)
    own = similarity_worth(source, decoded, corrections, COLOURS)
    best = np.linalg.solve(own.matrix, own.vector)
    before = logarithm(source, decoded)
    gained = logarithm(source, changed(decoded, corrections, best)) - before
    assert gained > 0 and gained == pytest.approx(own.gain(best), rel=0.2)
    for factor in (0.7, 1.4):
        assert logarithm(source, changed(decoded, corrections, factor * best)) - before < gained


def test_a_part_too_small_for_a_window_counts_squared_error() -> None:
    assert [scales(*size) for size in ((10, 500), (11, 500), (44, 90), (176, 176), (512, 512))] == [0, 1, 3, 5, 5]
    weight = np.array([2.0, 1, 1])
    by = Similarity(weight, COLOURS, 1.0, 4080)
    rng = np.random.default_rng(3)
    source, decoded = rng.integers(0, 4081, (2, 3, 10, 20)).astype(np.int32)
    corrections = [rng.integers(-9, 10, (n, 10, 20)) for n in (2, 0, 1)]
    small, squared = by.worth(source, decoded, corrections), SquaredError(weight).worth(source, decoded, corrections)
    assert np.array_equal(small.matrix, squared.matrix) and np.array_equal(small.vector, squared.vector)


def test_squared_error_is_worth_by_how_much_it_falls() -> None:
    weight = np.array([2.0, 1, 0.5])
    rng = np.random.default_rng(4)
    source, decoded = rng.integers(0, 4081, (2, 3, 30, 20)).astype(np.int32)
    corrections = [rng.integers(-99, 100, (n, 30, 20)) for n in (2, 0, 3)]
    c = rng.normal(size=5)
    own = SquaredError(weight).worth(source, decoded, corrections)
    after = changed(decoded.astype(np.float32), [x.astype(np.float32) for x in corrections], c)

    def total(shown: NDArray[np.floating]) -> float:
        return float(np.square(source - shown).sum((1, 2)) @ weight)

    assert own.gain(c) == pytest.approx(total(decoded.astype(float)) - total(after), rel=1e-6)


def test_filters_follow_the_configuration(started: Started) -> None:
    image = picture(7, 192, 208)
    filters = tuple((tool.name, tool.branches[-1]) for tool in OWN[:2])
    similarity, squared = {}, {}
    for kind in ("mse", "ms_ssim"):
        coding = replace(started.config.coding, distortion=kind)
        config = replace(started.config, coding=coding, tools=filters)
        shown = encode_picture(image, config, quality=90, model=started.model).reconstruction
        assert shown is not None
        both = [torch.tensor(own.samples / 255).permute(2, 0, 1)[None] for own in (shown, image)]
        similarity[kind] = float(ms_ssim(*both))
        squared[kind] = float((both[0] - both[1]).square().mean())
    assert similarity["ms_ssim"] > similarity["mse"] and squared["ms_ssim"] > squared["mse"]
