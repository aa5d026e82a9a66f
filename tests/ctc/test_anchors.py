# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Anchors encode with what they say, and their quality scales go the right way.

That the settings are those of the published curves was measured on all 24 Kodak pictures: mean bpp, PSNR and
MS-SSIM equal `shared/data/peers/rd_kodak.csv` to its six digits (jpeg420 q 5 and 40, webp_m6 q 56,
avif444_s6_psnr and avif444_s6 q 26; Pillow 13.0.0 and the libraries it ships).
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import features

from refsw.ctc import anchors
from refsw.ctc.metrics import measure
from refsw.errors import ImageError, UsageError
from refsw.types import Image

PairOf = Callable[[int, int, int], tuple[NDArray[np.uint8], NDArray[np.uint8]]]
AVAILABLE = [a for a in anchors.ANCHORS if not a.name.startswith("avif") or features.check("avif")]


@pytest.mark.parametrize("anchor", AVAILABLE, ids=lambda a: a.name)
@pytest.mark.parametrize("channels", [1, 3])
def test_more_quality_costs_more_and_looks_better(picture_pair: PairOf, anchor: anchors.Anchor, channels: int) -> None:
    image = Image(picture_pair(96, 112, channels)[0])
    sizes, psnrs = [], []
    for quality in anchor.qualities[1::4]:
        data = anchor.encode(image, quality)
        decoded = anchor.decode(data, channels)
        assert decoded.samples.shape == image.samples.shape
        sizes.append(len(data))
        psnrs.append(measure(image, decoded).psnr)
    assert sizes == sorted(set(sizes))
    assert psnrs == sorted(set(psnrs))


@pytest.mark.parametrize("anchor", AVAILABLE, ids=lambda a: a.name)
def test_one_sample(anchor: anchors.Anchor) -> None:
    image = Image(np.full((1, 1, 3), 200, np.uint8))
    assert anchor.decode(anchor.encode(image, 40)).samples.shape == (1, 1, 3)


@pytest.mark.parametrize("anchor", AVAILABLE, ids=lambda a: a.name)
def test_same_bytes_twice(picture_pair: PairOf, anchor: anchors.Anchor) -> None:
    image = Image(picture_pair(64, 64, 3)[0])
    assert anchor.encode(image, 30) == anchor.encode(image, 30)


def test_jpeg_is_baseline_420(picture_pair: PairOf) -> None:
    data = anchors.anchor("jpeg").encode(Image(picture_pair(64, 64, 3)[0]), 50)
    with PillowImage.open(io.BytesIO(data)) as picture:
        assert picture.format == "JPEG"
        assert "progressive" not in picture.info
        sampling = [layer[1:3] for layer in picture.layer]  # type: ignore[attr-defined]
    assert sampling == [(2, 2), (1, 1), (1, 1)]


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_avif_is_444_and_the_tune_arrives(picture_pair: PairOf) -> None:
    image = Image(picture_pair(96, 96, 3)[0])
    data = anchors.anchor("avif").encode(image, 40)
    box = data.index(b"av1C") + 4
    assert data[box + 2] & 0x0C == 0  # chroma_subsampling_x, _y of the AV1 configuration record
    assert data != anchors.anchor("avif-default").encode(image, 40)


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(UsageError, match="jpeg, webp, avif, avif-default"):
        anchors.anchor("gif")


def test_deep_pictures_are_refused() -> None:
    with pytest.raises(ImageError, match="8-bit"):
        anchors.anchor("jpeg").encode(Image(np.zeros((4, 4, 3), np.uint16), 16), 50)


def test_versions_are_recorded() -> None:
    versions = dict(anchors.library_versions())
    assert set(versions) >= {"Pillow", "libjpeg-turbo", "libwebp", "libavif"}
    assert all(versions.values())
