# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What the files themselves say of the settings: sampling, scans, depth, tune."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as PillowImage

from refsw.ctc import ffmpeg
from refsw.ctc.anchors import Anchor, anchor, mozjpeg, vvc
from refsw.ctc.codec import Format
from refsw.ctc.metrics import metric
from refsw.errors import ImageError, RefswError
from refsw.types import Image
from tests.ctc.metrics.pairs import reference

IMAGE = reference(96, 112)


def present(name: str) -> Anchor:
    one = anchor(name)
    reason = one.settings.missing()
    if reason:
        pytest.skip(reason)
    return one


def jpeg_header(data: bytes) -> tuple[list[tuple[int, int]], bool]:
    with PillowImage.open(io.BytesIO(data)) as picture:
        assert picture.format == "JPEG"
        return [tuple(layer[1:3]) for layer in picture.layer], "progressive" in picture.info  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "luma", "progressive"),
    [("jpeg", 2, False), ("jpeg-444", 1, False), ("jpeg-progressive", 2, True), ("mozjpeg", 2, True),
     ("mozjpeg-444", 1, True)],
)  # fmt: skip
def test_jpeg_sampling_and_scans(name: str, luma: int, progressive: bool) -> None:
    data = present(name).encode(IMAGE, 50).data
    assert jpeg_header(data) == ([(luma, luma), (1, 1), (1, 1)], progressive)


def test_mozjpeg_needs_fewer_bytes_for_the_same_luma() -> None:
    own, plain = present("mozjpeg"), anchor("jpeg-progressive")
    target = len(plain.encode(IMAGE, 60).data)
    quality = max(q for q in range(1, 96) if len(own.encode(IMAGE, q).data) <= target)
    ours, theirs = (
        metric("psnr_hvs").measure(IMAGE, one.decode(one.encode(IMAGE, q).data, Format(3, 8)).image)
        for one, q in ((own, quality), (plain, 60))
    )
    assert ours > theirs


def test_mozjpeg_of_another_libvips_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mozjpeg, "WHEEL", "no-such-package-here")
    assert "pip install" in str(anchor("mozjpeg").settings.missing())


@pytest.mark.parametrize(("name", "sampled"), [("avif", False), ("avif-default", False), ("avif-420", True)])
def test_avif_sampling(name: str, sampled: bool) -> None:
    data = present(name).encode(IMAGE, 40).data
    box = data.index(b"av1C") + 4
    assert bool(data[box + 2] & 0x0C) == sampled  # chroma_subsampling_x, _y of the AV1 configuration record


def test_avif_tunes_arrive() -> None:
    files = [present(name).encode(IMAGE, 40).data for name in ("avif", "avif-default", "avif-ssim")]
    assert files[0] != files[1] and files[0] != files[2]


def test_deep_avif_is_444_of_its_depth() -> None:
    for depth, flags in ((10, 0x40), (12, 0x60)):
        data = anchor("avif-deep").encode(reference(64, 64, 3, depth), 40).data
        assert data[data.index(b"av1C") + 6] & 0x6C == flags  # high_bitdepth, twelve_bit; no subsampling


@pytest.mark.parametrize(("name", "chroma"), [("heic", 1), ("heic-444", 3)])
@pytest.mark.parametrize("depth", [8, 10, 12])
def test_heic_sampling_and_depth(name: str, chroma: int, depth: int) -> None:
    data = present(name).encode(reference(64, 64, 3, depth), 40).data
    box = data.index(b"hvcC") + 4
    assert data[box + 16] & 3 == chroma  # chroma_format_idc of the HEVC configuration record
    assert data[box + 17] & 7 == data[box + 18] & 7 == depth - 8


def test_jpeg_xl_is_a_bare_lossy_codestream() -> None:
    data = anchor("jpeg-xl").encode(IMAGE, 4.0).data
    assert data[:2] == b"\xff\x0a"
    assert len(data) < IMAGE.samples.size / 4


def test_jpeg2000_is_an_irreversible_codestream_cut_at_its_psnr() -> None:
    one = anchor("jpeg2000")
    for depth in (8, 10):
        image = reference(96, 112, 3, depth)
        data = one.encode(image, 34.0).data
        place = data.index(b"\xff\x52") + 4  # COD: Scod, progression, layers, MCT, levels, block, style, transformation
        assert data[:2] == b"\xff\x4f" and data[place + 4] == 1 and data[place + 9] == 0
        decoded = one.decode(data, Format(3, depth)).image
        assert metric("psnr_rgb").measure(image, decoded) == pytest.approx(34, abs=0.6)


def test_vvc_colour_costs_little_and_time_is_the_programs() -> None:
    one = present("vvc-fast")
    row, column = np.mgrid[0:64, 0:96]
    smooth = np.stack([row + column, 2 * row + 20, 230 - column], axis=-1)
    for depth in (8, 10):
        image = Image((smooth << (depth - 8)).astype(np.uint8 if depth == 8 else np.uint16), depth)
        encoded = one.encode(image, 4)
        decoded = one.decode(encoded.data, Format(3, depth))
        assert metric("psnr_rgb").measure(image, decoded.image) > 47
        for part in (encoded, decoded):
            assert part.seconds is not None and part.peak_bytes is not None and part.peak_bytes > 2**20


def test_vvc_of_odd_sides_is_refused() -> None:
    for height, width in ((64, 65), (8, 64)):
        with pytest.raises(ImageError, match="sides must be even and at least 16"):
            anchor("vvc").encode(reference(height, width), 30)


def test_vvc_failures_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vvc, "_program", lambda: ffmpeg.Program("/bin/false", "ffmpeg version 0"))
    with pytest.raises(RefswError, match=r"^VVC: ffmpeg version 0 failed: exit code 1$"):
        anchor("vvc").encode(reference(32, 32), 30)
