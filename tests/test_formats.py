# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The grid of formats: what goes in comes out with the same size, format, range and metadata."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from refsw.decode.picture import decode_picture
from refsw.encode.picture import encode_picture
from refsw.syntax.headers import BIT_DEPTHS
from refsw.types import Image
from tests.support.formats import KINDS, formatted
from tests.support.tiny import Started


def psnr(first: Image, second: Image) -> float:
    top = 2**first.bit_depth - 1
    error = float(((first.samples.astype(float) - second.samples) ** 2).mean()) / top**2
    return 10 * np.log10(1 / max(error, 1e-12))


def check(started: Started, image: Image) -> None:
    encoded = encode_picture(image, started.config, quality=60, model=started.model)
    shown = decode_picture(encoded.data, model=started.model, keep=False).image
    assert shown.samples.shape == image.samples.shape and shown.samples.dtype == image.samples.dtype
    assert (shown.bit_depth, shown.ycbcr, shown.chroma_format_idc) == (
        image.bit_depth, image.ycbcr, image.chroma_format_idc,
    )  # fmt: skip
    assert int(shown.samples.max()) < 2**image.bit_depth
    assert shown.metadata == image.metadata
    assert (shown.alpha is None) == (image.alpha is None)
    if image.alpha is not None and shown.alpha is not None:
        assert np.abs(shown.alpha.astype(int) - image.alpha).max() <= 2
    assert psnr(image, shown) > 20
    assert (shown.chroma is None) == (image.chroma is None)
    if image.chroma is not None and shown.chroma is not None:
        assert shown.chroma.samples.shape == image.chroma.samples.shape
        assert int(shown.chroma.samples.max()) < 2**image.bit_depth
    assert encoded.reconstruction is not None
    assert np.array_equal(encoded.reconstruction.samples, shown.samples)


SIDES = st.one_of(st.integers(1, 130), st.sampled_from([255, 256, 257]))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(BIT_DEPTHS), st.sampled_from(KINDS), st.booleans(), SIDES, SIDES, st.integers(0, 99))
@example(8, "4:2:0", True, 1, 1, 0)
@example(16, "4:2:0", True, 65, 63, 0)
@example(10, "4:2:2", False, 2, 4096, 0)
def test_formats_come_back(
    started: Started, bit_depth: int, kind: str, alpha: bool, height: int, width: int, seed: int
) -> None:
    check(started, formatted(seed, height, width, bit_depth, kind, alpha))


@pytest.mark.slow
@pytest.mark.parametrize("bit_depth", BIT_DEPTHS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_residue(started: Started, bit_depth: int, kind: str) -> None:
    """Each residue modulo 64 in both directions, alpha on and off, and the longest side."""
    for residue, alpha in itertools.product(range(64), (False, True)):
        height, width = 1 + residue, 1 + (residue * 37 + 11) % 64
        check(started, formatted(residue, height, width, bit_depth, kind, alpha))
        check(started, formatted(residue, 64 + width, 64 + height, bit_depth, kind, alpha))
    for residue in range(0, 64, 7):
        check(started, formatted(residue, 4096 - residue, 1 + residue, bit_depth, kind))
