# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What holds for every metric that is computed here, whatever the picture."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from refsw.ctc.metrics import measure_all, metric, names
from refsw.ctc.metrics.planes import working_samples
from refsw.types import Image
from tests.ctc.metrics.pairs import damaged, reference

OWN = tuple(name for name in names() if metric(name).backend is None)
GREY = tuple(name for name in OWN if name not in ("psnr_cb", "psnr_cr"))
SYMMETRIC = tuple(name for name in OWN if name not in ("iwssim", "vif"))


@pytest.mark.parametrize("bit_depth", [8, 10, 16])
def test_equal_pictures_have_the_best_value(bit_depth: int) -> None:
    image = reference(60, 52, 3, bit_depth)
    assert measure_all(OWN, image, image) == pytest.approx([metric(name).best for name in OWN], abs=2e-9)


@pytest.mark.parametrize("bit_depth", [8, 10])
def test_worse_pictures_have_worse_values(bit_depth: int) -> None:
    image = reference(208, 192, 3, bit_depth)
    values = [measure_all(OWN, image, damaged(image, step)) for step in (4, 10, 25, 60)]
    for name, column in zip(OWN, zip(*values, strict=True), strict=True):
        assert list(column) == sorted(column, reverse=metric(name).higher_is_better), name
        assert len(set(column)) == len(column), name


def test_depth_of_the_samples_does_not_matter() -> None:
    eight = [reference(65, 70), damaged(reference(65, 70))]
    expected = measure_all(OWN, *eight)
    ten = [Image(working_samples(image).astype(np.uint16), 10) for image in eight]
    sixteen = [Image(image.samples.astype(np.uint16) * 257, 16) for image in eight]
    stored = {"psnr_rgb", "msssim_rgb"}  # of the samples as they are, so rounding to 10 bits shows
    for name, first, second, third in zip(
        OWN, expected, measure_all(OWN, *ten), measure_all(OWN, *sixteen), strict=True
    ):
        assert second == (pytest.approx(first, rel=1e-3) if name in stored else first), name
        assert third == pytest.approx(first, rel=1e-8 if name in stored else 1e-2), name


def test_which_metrics_are_symmetric() -> None:
    image = reference(65, 58)
    other = damaged(image)
    assert measure_all(SYMMETRIC, image, other) == pytest.approx(measure_all(SYMMETRIC, other, image), abs=2e-9)
    assert measure_all(("vif", "iwssim"), image, other) != measure_all(("vif", "iwssim"), other, image)


def test_grey_is_measured_as_equal_channels() -> None:
    grey = reference(58, 61, 1)
    pairs = [[grey, damaged(grey)]]
    pairs.append([Image(np.repeat(image.samples, 3, axis=2)) for image in pairs[0]])
    assert measure_all(GREY, *pairs[0]) == pytest.approx(measure_all(GREY, *pairs[1]), abs=2e-9)


@settings(max_examples=25)
@given(
    st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]), st.sampled_from(["noise", "flat", "bars"]),
    st.sampled_from(["noise", "flat", "same"]), st.integers(0, 2**32 - 1),
)  # fmt: skip
@example(1, 1, 1, "noise", "same", 23)
def test_any_picture_has_finite_values(
    height: int, width: int, channels: int, first: str, second: str, seed: int
) -> None:
    noise = np.random.default_rng(seed)

    def picture(kind: str) -> Image:
        samples = noise.integers(0, 256, (height, width, channels), dtype=np.uint8)
        if kind == "flat":
            samples[:] = samples[0, 0]
        if kind == "bars":
            samples[:] = 255 * (np.arange(width) // 3 % 2)[None, :, None]
        return Image(samples)

    image = picture(first)
    other = image if second == "same" else picture(second)
    wanted = OWN if channels == 3 else GREY
    for name, value in zip(wanted, measure_all(wanted, image, other), strict=True):
        assert math.isfinite(value), name
        if second == "same":
            assert value == pytest.approx(metric(name).best, abs=2e-9), name
        elif metric(name).unit == "":
            assert value >= (-1 if name == "ssim" else 0), name
            assert value <= 1 + 2e-9 or name in ("vif", "nlpd"), name
