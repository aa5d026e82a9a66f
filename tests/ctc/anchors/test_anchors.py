# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Anchors encode with what they say, repeat, and their settings go the right way.

That jpeg, webp, avif and avif-default are those of the published curves was measured on all 24 Kodak pictures: mean
bpp, PSNR and MS-SSIM equal `shared/data/peers/rd_kodak.csv` to its six digits (jpeg420 q 5 and 40, webp_m6 q 56,
avif444_s6_psnr and avif444_s6 q 26; Pillow 13.0.0 and the libraries it ships).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from refsw.ctc.anchors import ANCHORS, Anchor, anchor, available, library_versions, names
from refsw.ctc.codec import Format
from refsw.ctc.metrics import metric
from refsw.errors import ImageError, UnsupportedError, UsageError
from refsw.types import Image
from tests.ctc.metrics.pairs import reference

HERE = [one for one in ANCHORS if one.settings.missing() is None]
CASES = [(one, channels, depth) for one in HERE for channels in (1, 3) for depth in one.settings.depths
         if depth in (8, 10, 12, 16)]  # fmt: skip


def like(image: Image) -> Format:
    return Format(image.channels, image.bit_depth)


@pytest.mark.parametrize(("one", "channels", "depth"), CASES, ids=lambda value: getattr(value, "name", str(value)))
def test_more_rate_looks_better_and_repeats(one: Anchor, channels: int, depth: int) -> None:
    image = reference(64, 80, channels, depth)
    sizes, psnrs = [], []
    for setting in one.qualities[1::4]:
        data = one.encode(image, setting).data
        decoded = one.decode(data, like(image)).image
        assert decoded.samples.shape == image.samples.shape and decoded.bit_depth == depth
        assert decoded.samples.dtype == image.samples.dtype
        sizes.append(len(data))
        psnrs.append(metric("psnr_rgb").measure(image, decoded))
    assert sizes == sorted(set(sizes))
    assert psnrs == sorted(set(psnrs))
    assert one.encode(image, one.qualities[1]).data == one.encode(image, one.qualities[1]).data
    assert one.expected(image, one.qualities[1]) is None


@pytest.mark.parametrize("one", HERE, ids=lambda one: one.name)
def test_highest_setting_is_nearly_lossless(one: Anchor) -> None:
    image = reference(64, 80, 3, one.settings.depths[0])
    smooth = Image((image.samples // 4 + image.samples.dtype.type(30)).astype(image.samples.dtype), image.bit_depth)
    decoded = one.decode(one.encode(smooth, one.ladder[-1]).data, like(smooth)).image
    assert metric("psnr_y").measure(smooth, decoded) > 37


@pytest.mark.parametrize("one", [one for one in HERE if not one.name.startswith("vvc")], ids=lambda one: one.name)
def test_small_and_odd_pictures(one: Anchor) -> None:
    for height, width in ((1, 1), (9, 7)):
        image = reference(height, width, 3, one.settings.depths[0])
        data = one.encode(image, one.qualities[5]).data
        assert one.decode(data, like(image)).image.samples.shape == (height, width, 3)


@pytest.mark.parametrize("one", ANCHORS, ids=lambda one: one.name)
def test_ladders_are_long_and_hold_the_dense_curve(one: Anchor) -> None:
    assert len(set(one.ladder)) == len(one.ladder) >= 60
    assert list(one.ladder) in (sorted(one.ladder), sorted(one.ladder, reverse=True))
    assert set(one.qualities) <= set(one.ladder) or one.name == "jpeg-xl"
    assert one.ladder[0] in (min(one.ladder), max(one.ladder))
    assert replace(one) == one and hash(replace(one)) == hash(one)


@pytest.mark.parametrize("one", HERE, ids=lambda one: one.name)
def test_record_says_everything(one: Anchor) -> None:
    record = one.record()
    assert (record.name, record.kind) == (one.name, "anchor")
    assert any(character.isdigit() for character in record.version) and "unknown" not in record.version
    assert record.settings.count("(") == record.settings.count(")")
    assert one.setting_text(one.ladder[0]).startswith(one.settings.setting_name)
    assert one.open().decode is not None


def test_names() -> None:
    assert len(set(names())) == len(names())
    assert {"jpeg", "webp", "avif", "jpeg-xl", "jpeg2000"} <= set(available())
    assert [anchor(name).name for name in names()] == list(names())
    with pytest.raises(UsageError, match="did you mean 'jpeg-xl'"):
        anchor("jpegxl")
    with pytest.raises(UsageError, match="there are jpeg, jpeg-444, "):
        anchor("gif")


def test_pictures_that_a_codec_does_not_take() -> None:
    with pytest.raises(ImageError, match="anchor jpeg codes pictures of 8 bits, not 16"):
        anchor("jpeg").encode(Image(np.zeros((4, 4, 3), np.uint16), 16), 50)
    with pytest.raises(ImageError, match="RGB and grey pictures without alpha"):
        anchor("jpeg").encode(Image(np.zeros((4, 4, 3), np.uint8), ycbcr=True), 50)


def test_absent_libraries_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    one = anchor("heic")
    monkeypatch.setattr(type(one.settings), "missing", lambda self: "needs something, which comes with: pip install it")
    for call in (one.record, one.open):
        with pytest.raises(UnsupportedError, match=r"^anchor heic: needs something, which comes with: pip install it$"):
            call()
    assert "heic" not in available()


def test_versions_are_recorded() -> None:
    versions = dict(library_versions())
    assert set(versions) >= {"Pillow", "libjpeg-turbo", "libwebp", "libavif", "libjxl", "openjpeg"}
    assert all(versions.values())
