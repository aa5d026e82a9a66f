# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import os
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image as PillowImage
from PIL import ImageCms

from refsw.errors import ImageError, InputError, LevelError, OutputError, RefswError, UnsupportedError, UsageError
from refsw.io import PictureWarning, read_image, to_image, write_image
from refsw.types import Image

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


@settings(max_examples=25, deadline=None)
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


def test_orientation_is_applied(tmp_path: Path) -> None:
    exif = PillowImage.Exif()
    exif[0x0112] = 6
    path = saved(tmp_path / "a.png", PillowImage.fromarray(RGB), exif=exif)
    assert np.array_equal(read_image(path).samples, np.rot90(RGB, -1))


def test_what_is_not_supported_yet(tmp_path: Path) -> None:
    colour, grey = PillowImage.fromarray(RGB), PillowImage.fromarray(GREY)
    alpha = PillowImage.fromarray(np.dstack([RGB, GREY]))
    wide = PillowImage.fromarray(GREY.astype(np.uint16) * 257)
    refused(saved(tmp_path / "alpha.png", alpha), UnsupportedError, "transparency")
    refused(saved(tmp_path / "palette.png", colour.quantize(16), transparency=3), UnsupportedError, "transparency")
    refused(saved(tmp_path / "key.png", grey, transparency=int(GREY[0, 0])), UnsupportedError, "transparency")
    refused(saved(tmp_path / "cmyk.jpg", colour.convert("CMYK")), UnsupportedError, "CMYK")
    refused(saved(tmp_path / "wide.png", wide), UnsupportedError, "16-bit")
    refused(saved(tmp_path / "wide.tif", wide), UnsupportedError, "16-bit")
    refused(saved(tmp_path / "float.tif", PillowImage.fromarray(GREY.astype(np.float32))), UnsupportedError, "32-bit")
    refused(saved(tmp_path / "two.png", colour, save_all=True, append_images=[colour]), UnsupportedError, "2 frames")


def test_deep_colour_is_not_rounded_silently(tmp_path: Path) -> None:
    """Pillow itself opens these as 8-bit RGB."""
    (tmp_path / "a.png").write_bytes(png(3, 2, 16, 2, (b"\0" + bytes(18)) * 2))
    (tmp_path / "a.ppm").write_bytes(b"P6 # comment 1 2 3\n30 20\n1023\n" + bytes(30 * 20 * 6))
    (tmp_path / "a.pgm").write_bytes(b"P5\n30 20 65535 " + bytes(30 * 20 * 2))
    for path in tmp_path.iterdir():
        refused(path, UnsupportedError, "-bit samples")
    assert read_image(saved(tmp_path / "b.ppm", PillowImage.fromarray(RGB))).bit_depth == 8


def test_colour_profile_gives_a_warning(tmp_path: Path) -> None:
    profiles = {name: ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes() for name in ("sRGB", "LAB")}
    picture = PillowImage.fromarray(RGB)
    with pytest.warns(PictureWarning, match="profile"):
        read_image(saved(tmp_path / "a.png", picture, icc_profile=profiles["LAB"]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_image(saved(tmp_path / "b.png", picture, icc_profile=profiles["sRGB"]))


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
    with pytest.raises(UnsupportedError):
        write_image(tmp_path / "a.png", Image(RGB.astype(np.uint16), 10))
    assert list(tmp_path.iterdir()) == []
    write_image(tmp_path / "A.PNG", image)
    assert np.array_equal(read_image(tmp_path / "A.PNG").samples, RGB)


def test_to_image_names_what_it_refuses() -> None:
    with pytest.raises(UnsupportedError, match="mine: pictures of mode HSV"):
        to_image(PillowImage.fromarray(RGB).convert("HSV"), "mine")
