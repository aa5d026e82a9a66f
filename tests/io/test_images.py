# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import os
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image as PillowImage
from PIL import ImageCms, ImageOps

from refsw.errors import ImageError, InputError, LevelError, OutputError, RefswError, UnsupportedError, UsageError
from refsw.io import read_image, to_image, write_image
from refsw.io.orientation import upright_exif
from refsw.io.pngchunks import colour_volume
from refsw.types import Cicp, Image
from tests.support.formats import FULL_METADATA, KINDS, formatted

RGB = np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)
GREY = RGB[:, :, 0]
LOSSLESS = ("png", "ppm", "bmp", "tif", "tga", "qoi", "webp")


def png(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def saved(path: Path, picture: PillowImage.Image, **options: Any) -> Path:
    picture.save(path, **options)
    return path


def refused(path: Path, error: type[RefswError], part: str = "") -> None:
    with pytest.raises(error) as caught:
        read_image(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ") and part in text and "\n" not in text


@settings(max_examples=25)
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3]))),
    st.sampled_from(["png", "ppm", "pnm"]),
)
def test_written_is_read(tmp_path_factory: pytest.TempPathFactory, samples: Any, suffix: str) -> None:
    path = tmp_path_factory.mktemp("io") / f"a.{suffix}"
    write_image(path, Image(samples))
    assert np.array_equal(read_image(path).samples, samples)


@pytest.mark.parametrize("suffix", LOSSLESS)
def test_formats(tmp_path: Path, suffix: str) -> None:
    options = {"lossless": True} if suffix == "webp" else {}
    path = saved(tmp_path / f"a.{suffix}", PillowImage.fromarray(RGB), **options)
    assert np.array_equal(read_image(path).samples, RGB)


@pytest.mark.parametrize("suffix", ["jpg", "webp", "avif", "jp2", "gif"])
def test_other_formats_have_the_right_size(tmp_path: Path, suffix: str) -> None:
    assert read_image(saved(tmp_path / f"a.{suffix}", PillowImage.fromarray(RGB))).samples.shape == (20, 30, 3)


def test_modes_that_convert_exactly(tmp_path: Path) -> None:
    colour, grey = PillowImage.fromarray(RGB), PillowImage.fromarray(GREY)
    palette = colour.quantize(16)
    path = tmp_path / "a.png"
    for picture, expected in (
        (palette, np.asarray(palette.convert("RGB"))),
        (grey, GREY[:, :, None]),
        (grey.convert("1"), np.asarray(grey.convert("1"), np.uint8)[:, :, None] * 255),
        (colour.convert("RGBA"), RGB),
        (grey.convert("LA"), GREY[:, :, None]),
    ):
        assert np.array_equal(read_image(saved(path, picture)).samples, expected)


TURNED = {
    1: RGB, 2: RGB[:, ::-1], 3: RGB[::-1, ::-1], 4: RGB[::-1], 5: RGB.swapaxes(0, 1), 6: np.rot90(RGB, -1),
    7: RGB[::-1, ::-1].swapaxes(0, 1), 8: np.rot90(RGB), 0: RGB, 9: RGB,
}  # fmt: skip


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_orientation_is_applied(tmp_path: Path, orientation: int, suffix: str) -> None:
    """All eight, as Pillow's own exif_transpose turns them; what is not defined means 1."""
    exif = PillowImage.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / f"a{suffix}", PillowImage.fromarray(RGB), exif=exif)
    image = read_image(path)
    assert np.array_equal(image.samples, TURNED[orientation])
    with PillowImage.open(path) as opened:
        assert np.array_equal(image.samples, np.asarray(ImageOps.exif_transpose(opened)))
    if image.metadata.exif is not None:
        again = PillowImage.Exif()
        again.load(b"Exif\0\0" + image.metadata.exif)
        assert again.get(0x0112, 1) in (1, orientation if orientation in (0, 9) else 1)


def test_orientation_turns_alpha_and_deep_samples(tmp_path: Path) -> None:
    exif = PillowImage.Exif()
    exif[0x0112] = 8
    mask = np.arange(RGB.shape[0] * RGB.shape[1], dtype=np.uint8).reshape(RGB.shape[:2])
    path = saved(tmp_path / "a.png", PillowImage.fromarray(np.dstack([RGB, mask])), exif=exif)
    alpha = read_image(path).alpha
    assert alpha is not None and np.array_equal(alpha, np.rot90(mask))


def test_what_is_not_supported(tmp_path: Path) -> None:
    colour = PillowImage.fromarray(RGB)
    refused(saved(tmp_path / "cmyk.jpg", colour.convert("CMYK")), UnsupportedError, "CMYK")
    refused(saved(tmp_path / "float.tif", PillowImage.fromarray(GREY.astype(np.float32))), UnsupportedError, "32-bit")
    refused(saved(tmp_path / "two.png", colour, save_all=True, append_images=[colour]), UnsupportedError, "2 frames")


def test_alpha_is_read(tmp_path: Path) -> None:
    image = read_image(saved(tmp_path / "alpha.png", PillowImage.fromarray(np.dstack([RGB, GREY]))))
    assert image.alpha is not None and np.array_equal(image.alpha, GREY) and np.array_equal(image.samples, RGB)
    keyed = read_image(saved(tmp_path / "key.png", PillowImage.fromarray(GREY), transparency=int(GREY[0, 0])))
    assert keyed.alpha is not None and keyed.channels == 1
    np.testing.assert_array_equal(keyed.alpha == 0, GREY == GREY[0, 0])


@pytest.mark.parametrize("suffix", ["png", "tif", "ppm", "pam", "pgx"])
@pytest.mark.parametrize("bit_depth", [8, 10, 12, 14, 16])
@pytest.mark.parametrize(("channels", "alpha"), [(1, False), (3, False), (1, True), (3, True)])
def test_every_depth_is_written_and_read(
    tmp_path: Path, suffix: str, bit_depth: int, channels: int, alpha: bool
) -> None:
    if (alpha and suffix in ("ppm", "pgx")) or (channels == 3 and suffix == "pgx"):
        return
    kind = np.uint8 if bit_depth == 8 else np.uint16
    own = np.random.default_rng(bit_depth).integers(0, 2**bit_depth, (9, 11, 4)).astype(kind)
    mask = np.ascontiguousarray(own[:, :, 3]) if alpha else None
    write_image(tmp_path / f"a.{suffix}", Image(np.ascontiguousarray(own[:, :, :channels]), bit_depth, alpha=mask))
    found = read_image(tmp_path / f"a.{suffix}")
    if suffix == "tif" and bit_depth not in (8, 16):  # TIFF does not tell; the upper bits are the samples
        assert found.bit_depth == 16
        np.testing.assert_array_equal(found.samples >> (16 - bit_depth), own[:, :, :channels])
        return
    assert found.bit_depth == bit_depth
    np.testing.assert_array_equal(found.samples, own[:, :, :channels])
    assert (found.alpha is None) == (mask is None)
    if mask is not None:
        np.testing.assert_array_equal(found.alpha, mask)


def test_metadata_comes_back_and_orientation_is_applied_once(tmp_path: Path) -> None:
    exif = PillowImage.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    path = saved(tmp_path / "a.png", PillowImage.fromarray(RGB), exif=exif, icc_profile=profile)
    image = read_image(path)
    assert np.array_equal(image.samples, np.rot90(RGB, -1)) and image.metadata.icc == profile
    metadata = replace(FULL_METADATA, exif=image.metadata.exif, icc=profile, user_data=(), cicp=Cicp(9, 16, 0, True))
    write_image(tmp_path / "b.png", replace(image, metadata=metadata))
    again = read_image(tmp_path / "b.png")
    assert np.array_equal(again.samples, image.samples) and again.metadata == metadata
    with PillowImage.open(tmp_path / "b.png") as opened:
        assert opened.getexif()[0x0112] == 1 and opened.getexif()[0x010F] == "maker"


@settings(max_examples=100)
@given(st.binary(max_size=80))
def test_hostile_exif_and_chunks_do_no_harm(data: bytes) -> None:
    for head in (b"II*\0", b"MM\0*", b"\x89PNG\r\n\x1a\n", b""):
        assert len(upright_exif(head + data)) == len(head + data)
        colour_volume(head + data)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bit_depth", [8, 10, 16])
def test_raw_planes_come_back(tmp_path: Path, kind: str, bit_depth: int) -> None:
    image = formatted(1, 7, 9, bit_depth, kind)
    write_image(tmp_path / "a.yuv", image)
    again = read_image(tmp_path / "a.yuv")
    np.testing.assert_array_equal(again.samples, image.samples)
    assert (again.chroma_format_idc, again.ycbcr) == (image.chroma_format_idc, image.ycbcr)
    if image.chroma is not None and again.chroma is not None:
        np.testing.assert_array_equal(again.chroma.samples, image.chroma.samples)
    write_image(tmp_path / "a.png", image)  # becomes RGB
    assert read_image(tmp_path / "a.png").samples.shape[:2] == (7, 9)
    (tmp_path / "a.yuv").write_bytes(b"short")
    refused(tmp_path / "a.yuv", ImageError, "5 bytes")


def test_size_is_checked_before_samples(tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(png(60000, 60000, 8, 2, b""))
    (tmp_path / "long.png").write_bytes(png(300_000, 1, 8, 0, bytes(300_001)))
    refused(tmp_path / "bomb.png", LevelError)
    refused(tmp_path / "long.png", LevelError, "level")


@pytest.mark.parametrize("suffix", [*LOSSLESS, "jpg", "avif", "jp2", "gif", "ico"])
def test_truncated_pictures(tmp_path: Path, suffix: str) -> None:
    whole = saved(tmp_path / f"a.{suffix}", PillowImage.fromarray(RGB)).read_bytes()
    path = tmp_path / f"cut.{suffix}"
    for part in (2, 4, 8):
        path.write_bytes(whole[: len(whole) - len(whole) // part])
        refused(path, InputError)


def test_damaged_pictures_never_escape_as_other_errors(tmp_path: Path) -> None:
    chance = np.random.default_rng(2)
    picture = PillowImage.fromarray(RGB)
    sources = [saved(tmp_path / f"a.{suffix}", picture).read_bytes() for suffix in ("png", "jpg", "tif")]
    path = tmp_path / "damaged"
    for index in range(150):
        data = bytearray(sources[index % len(sources)])
        for place in chance.integers(0, len(data), 4):
            data[place] = chance.integers(256)
        path.write_bytes(bytes(data))
        try:
            read_image(path)
        except RefswError as error:
            assert error.exit_code in (3, 6) and "\n" not in str(error)


def test_what_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text").write_bytes(b"hello")
    (tmp_path / "a.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "empty", ImageError, "empty")
    refused(tmp_path / "text", ImageError, "not a picture")
    refused(tmp_path / "a.eps", ImageError, "not a picture")
    refused(tmp_path / "absent", ImageError, "No such file")
    refused(tmp_path, InputError, "directory")
    refused(tmp_path / "pipe", InputError, "regular file")


def test_outputs(tmp_path: Path) -> None:
    image = Image(RGB)
    for name, error in (("a.jpg", UsageError), ("a", UsageError), ("a.pgm", UsageError), ("no/a.png", OutputError)):
        with pytest.raises(error):
            write_image(tmp_path / name, image)
    assert list(tmp_path.iterdir()) == []
    write_image(tmp_path / "A.PNG", image)
    assert np.array_equal(read_image(tmp_path / "A.PNG").samples, RGB)


def test_to_image_names_what_it_refuses() -> None:
    with pytest.raises(UnsupportedError, match="mine: pictures of mode HSV"):
        to_image(PillowImage.fromarray(RGB).convert("HSV"), "mine")
