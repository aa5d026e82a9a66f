# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Picture files to `Image` and back: 8-bit RGB and grey, never silently something else.

    stored as                                     becomes
    grey, RGB, 1 to 8 bits                        the same samples, on the 8-bit scale
    palette, bitmap                               RGB, grey
    Exif orientation                              applied
    alpha                                         dropped where fully opaque, else UnsupportedError
    more than 8 bits, CMYK, Lab, HSV, animation   UnsupportedError
    colour profile other than sRGB                samples as stored, with a PictureWarning
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageOps, UnidentifiedImageError

from refsw.errors import ImageError, LevelError, OutputError, RefswError, UnsupportedError, UsageError
from refsw.io.depth import stored_bits
from refsw.io.files import atomic_write, open_regular, reason
from refsw.spec import lowest_level
from refsw.types import Image

# Formats whose Pillow readers decode in the library itself; EPS, for one, would start another program.
_FORMATS = (
    "PNG", "PPM", "JPEG", "WEBP", "TIFF", "BMP", "DIB", "GIF", "AVIF", "JPEG2000", "TGA", "PCX", "SGI", "ICO",
    "ICNS", "QOI", "DDS", "XBM", "PSD",
)  # fmt: skip
_GREY_MODES = ("1", "L")
_COLOUR_MODES = ("RGB", "RGBX", "P", "YCbCr")
_ALPHA_MODES = ("LA", "La", "PA", "RGBA", "RGBa")
_SUFFIXES = {".png": "PNG", ".ppm": "PPM", ".pnm": "PPM", ".pgm": "PPM"}


class PictureWarning(UserWarning):
    """Something of a picture file is not coded, and the samples do not show it."""


def read_image(path: str | Path) -> Image:
    """Reads a picture file; the size is checked against the highest level before a sample is decoded.

    Raises ImageError (unreadable, damaged, no picture), LevelError (too large), UnsupportedError (see the table above).
    """
    try:
        with open_regular(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own, on sizes and odd tags
            picture = _open(file, path)
            width, height = picture.size
            lowest_level(width, height)
            _check_supported(picture, file, path)
            image = to_image(ImageOps.exif_transpose(picture), path)
            profile = picture.info.get("icc_profile")
    except RefswError as error:
        if not str(error).startswith(f"{path}: "):
            error.args = (f"{path}: {error}",)
        raise
    except MemoryError:
        raise LevelError(f"{path}: too large for the memory of this machine") from None
    except OSError as error:
        raise ImageError(f"{path}: cannot be read: {reason(error)}") from None
    except Exception as error:  # Pillow's readers raise nearly anything on a damaged file, struct.error to KeyError
        raise ImageError(f"{path}: damaged picture: {reason(error)}") from None
    if isinstance(profile, bytes) and not _is_srgb(profile):
        warnings.warn(f"{path}: the colour profile is not coded; samples are taken as stored", PictureWarning, 2)
    return image


def to_image(picture: PillowImage.Image, name: object = "picture") -> Image:
    """Samples of a Pillow picture as an `Image`; name: what an error calls it. Raises UnsupportedError."""
    if picture.mode in _ALPHA_MODES or "transparency" in picture.info:
        picture = _without_alpha(picture, name)
    if picture.mode in _GREY_MODES:
        return Image(np.asarray(picture.convert("L"))[:, :, None].copy())
    if picture.mode in _COLOUR_MODES:
        return Image(np.asarray(picture.convert("RGB")).copy())
    raise UnsupportedError(f"{name}: pictures of mode {picture.mode} are not supported; allowed: grey and RGB, 8 bits")


def check_picture_name(path: str | Path) -> str:
    """"PNG" or "PPM" after the suffix of an output picture. Raises UsageError."""
    suffix = Path(path).suffix.lower()
    if suffix not in _SUFFIXES:
        raise UsageError(f"{path}: pictures are written as {', '.join(_SUFFIXES)}; {suffix or 'no suffix'} is none")
    return _SUFFIXES[suffix]


def write_image(path: str | Path, image: Image) -> None:
    """Writes PNG or Netpbm (grey samples as P5, RGB as P6) whole or not at all, after the suffix of `path`.

    Raises UsageError (suffix), OutputError, UnsupportedError (more than 8 bits).
    """
    kind = check_picture_name(path)
    if image.bit_depth != 8:
        raise UnsupportedError(f"{path}: pictures of {image.bit_depth} bits cannot be written yet; allowed: 8")
    if Path(path).suffix.lower() == ".pgm" and image.channels != 1:
        raise UsageError(f"{path}: a colour picture does not fit .pgm; allowed: .png, .ppm")
    samples = image.samples[:, :, 0] if image.channels == 1 else image.samples
    with atomic_write(path) as file:
        try:
            PillowImage.fromarray(samples).save(file, kind)
        except ValueError as error:
            raise OutputError(f"{path}: cannot be written: {reason(error)}") from None


def _open(file: BinaryIO, path: str | Path) -> PillowImage.Image:
    try:
        return PillowImage.open(file, formats=_FORMATS)
    except UnidentifiedImageError:
        what = "not a picture that can be read" if file.seek(0, 2) else "an empty file"
        raise ImageError(f"{path}: {what}; known: {', '.join(_FORMATS[:5])} and {len(_FORMATS) - 5} more") from None
    except PillowImage.DecompressionBombError:
        most = 2 * (PillowImage.MAX_IMAGE_PIXELS or 0)
        raise LevelError(f"{path}: too large; a picture file may hold {most} samples here") from None


def _check_supported(picture: PillowImage.Image, file: BinaryIO, path: str | Path) -> None:
    frames = getattr(picture, "n_frames", 1)
    if frames > 1 and picture.format != "MPO":  # MPO: a photograph, then previews or the other eye
        raise UnsupportedError(f"{path}: has {frames} frames; only single pictures are supported")
    bits = stored_bits(picture, file)
    if bits > 8:
        raise UnsupportedError(f"{path}: {bits}-bit samples are not supported yet; allowed: up to 8 bits")


def _without_alpha(picture: PillowImage.Image, name: object) -> PillowImage.Image:
    """Drops an alpha channel that says nothing: every sample opaque."""
    opaque = 255
    if picture.convert("RGBA").getchannel("A").getextrema() != (opaque, opaque):
        raise UnsupportedError(f"{name}: transparency is not supported yet; flatten the picture first")
    if picture.mode in ("LA", "La", "L", "1"):
        return picture.convert("RGBA").getchannel("R")
    return picture.convert("RGBA").convert("RGB")


def _is_srgb(profile: bytes) -> bool:
    return b"sRGB" in profile or "sRGB".encode("utf-16-be") in profile
