# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Picture files to `Image` and back, never silently something else.

    stored as                                     becomes
    grey, RGB, 1 to 8 bits                        the same samples, on the 8-bit scale
    16-bit PNG and TIFF, PNM, PAM, PGX            the same samples, 8 to 16 bits
    palette, bitmap                               RGB, grey
    alpha                                         alpha; left out where fully opaque
    Exif orientation                              applied, and 1 in the Exif that is carried
    colour profile, Exif, XMP, CICP, light levels metadata
    CMYK, Lab, HSV, animation, deeper AVIF        UnsupportedError
"""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image as PillowImage
from PIL import UnidentifiedImageError

from refsw.errors import ImageError, LevelError, OutputError, RefswError, UnsupportedError, UsageError
from refsw.io import netpbm, raw
from refsw.io.depth import stored_bits
from refsw.io.display import as_rgb
from refsw.io.files import STANDARD, atomic_write, open_regular, reason, write_bytes
from refsw.io.orientation import oriented, upright_exif, upright_xmp
from refsw.io.pngchunks import colour_volume, with_metadata
from refsw.spec import lowest_level
from refsw.types import Image, Metadata

# Formats whose Pillow readers decode in the library itself; EPS, for one, would start another program.
_FORMATS = (
    "PNG", "PPM", "JPEG", "WEBP", "TIFF", "BMP", "DIB", "GIF", "AVIF", "JPEG2000", "TGA", "PCX", "SGI", "ICO",
    "ICNS", "QOI", "DDS", "XBM", "PSD",
)  # fmt: skip
_GREY_MODES = ("1", "L")
_COLOUR_MODES = ("RGB", "RGBX", "P", "YCbCr")
_ALPHA_MODES = ("LA", "La", "PA", "RGBA", "RGBa")
_SUFFIXES = {
    ".png": "PNG", ".ppm": "PPM", ".pnm": "PPM", ".pgm": "PPM", ".pam": "PAM", ".pgx": "PGX", ".tif": "TIFF",
    ".tiff": "TIFF", ".yuv": "YUV",
}  # fmt: skip
_ORIENTATION = 0x0112
_LARGEST_FILE = 1 << 32
_PNG_HEAD = 1 << 20
_OPAQUE = 255


class PictureWarning(UserWarning):
    """Something of a picture file is not coded, and the samples do not show it."""


def read_image(path: str | Path, geometry: raw.Geometry | None = None) -> Image:
    """Reads a picture file; the size is checked against the highest level before a sample is decoded.

    geometry: of a raw file (.yuv); without it the sidecar is read. Raises ImageError (unreadable, damaged, no picture),
    LevelError (too large), UnsupportedError (see the table above), UsageError (raw without geometry).
    """
    try:
        with open_regular(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own, on sizes and odd tags
            if geometry is not None or Path(path).suffix.lower() == ".yuv":
                return raw.image_from_raw(file.read(_LARGEST_FILE), geometry or raw.read_sidecar(path))
            if netpbm.is_ours(file.read(8192)):
                file.seek(0)
                return netpbm.read(file.read(_LARGEST_FILE))
            file.seek(0)
            return _read(file, path)
    except RefswError as error:
        if not str(error).startswith(f"{path}"):
            error.args = (f"{path}: {error}",)
        raise
    except MemoryError:
        raise LevelError(f"{path}: too large for the memory of this machine") from None
    except OSError as error:
        raise ImageError(f"{path}: cannot be read: {reason(error)}") from None
    except Exception as error:  # Pillow's readers raise nearly anything on a damaged file, struct.error to KeyError
        raise ImageError(f"{path}: damaged picture: {reason(error)}") from None


def _read(file: BinaryIO, path: str | Path) -> Image:
    try:
        picture = _open(file, path)
    except ImageError:
        file.seek(0)
        data = file.read(_LARGEST_FILE)
        if data[:4] not in (b"II*\0", b"MM\0*"):
            raise
        from refsw.io import deep

        return deep.read_tiff(data)  # 16-bit grey with alpha, for one, is nothing to Pillow
    lowest_level(*picture.size)
    bits = _check_supported(picture, file, path)
    if bits > 8:
        from refsw.io import deep

        file.seek(0)
        data = file.read(_LARGEST_FILE)
        image = deep.read_png(data) if picture.format == "PNG" else deep.read_tiff(data)
    else:
        image = to_image(picture, path)
    return _upright(image, picture)


def _upright(image: Image, picture: PillowImage.Image) -> Image:
    """Applies the orientation of the file, and adds its metadata."""
    try:
        orientation = int(picture.getexif().get(_ORIENTATION, 1))
    except Exception:  # Pillow's parser raises nearly anything on damaged Exif; the samples are sound
        orientation = 1
    metadata = metadata_of(picture)
    samples, alpha = oriented(image.samples, orientation), image.alpha
    if alpha is not None:
        alpha = oriented(alpha, orientation)
    return Image(samples, image.bit_depth, alpha=alpha, metadata=metadata)


def metadata_of(picture: PillowImage.Image) -> Metadata:
    """What Pillow and the chunks of PNG tell, with orientation 1, since samples are turned."""
    info = picture.info
    icc, exif, xmp = info.get("icc_profile"), info.get("exif"), info.get("xmp", info.get("XML:com.adobe.xmp"))
    if isinstance(xmp, str):
        xmp = xmp.encode()
    if isinstance(exif, bytes):
        exif = upright_exif(exif.removeprefix(b"Exif\0\0"))
    head = b""
    stream = getattr(picture, "fp", None) or getattr(picture, "_fp", None)
    if picture.format == "PNG" and stream is not None and not stream.closed:
        place = stream.tell()
        stream.seek(0)
        head = stream.read(_PNG_HEAD)
        stream.seek(place)
    cicp, display, light = colour_volume(head)
    return Metadata(
        icc=icc if isinstance(icc, bytes) and icc else None, exif=exif if isinstance(exif, bytes) and exif else None,
        xmp=upright_xmp(xmp) if isinstance(xmp, bytes) and xmp else None, cicp=cicp, mastering_display=display,
        content_light=light,
    )  # fmt: skip


def to_image(picture: PillowImage.Image, name: object = "picture") -> Image:
    """Samples of a Pillow picture as an `Image`, with alpha; name: what an error calls it. Raises UnsupportedError."""
    alpha = None
    if picture.mode in _ALPHA_MODES or "transparency" in picture.info:
        grey = picture.mode in ("LA", "La", "L", "1")
        whole = picture.convert("RGBA")
        alpha = np.asarray(whole.getchannel("A")).copy()
        picture = whole.getchannel("R") if grey else whole.convert("RGB")
        if int(alpha.min()) == _OPAQUE:
            alpha = None
    if picture.mode in _GREY_MODES:
        return Image(np.asarray(picture.convert("L"))[:, :, None].copy(), alpha=alpha)
    if picture.mode in _COLOUR_MODES:
        return Image(np.asarray(picture.convert("RGB")).copy(), alpha=alpha)
    raise UnsupportedError(f"{name}: pictures of mode {picture.mode} are not supported; allowed: grey and RGB, 8 bits")


def check_picture_name(path: str | Path) -> str:
    """"PNG" or "PPM" after the suffix of an output picture. Raises UsageError."""
    suffix = ".png" if str(path) == STANDARD else Path(path).suffix.lower()
    if suffix not in _SUFFIXES:
        raise UsageError(f"{path}: pictures are written as {', '.join(_SUFFIXES)}; {suffix or 'no suffix'} is none")
    return _SUFFIXES[suffix]


def write_image(path: str | Path, image: Image) -> None:
    """Writes PNG, TIFF, Netpbm (P5, P6), PAM, PGX or raw planes whole or not at all, after the suffix of `path`.

    Y, Cb, Cr becomes RGB except in .yuv, which gets a sidecar beside it. What a format cannot hold gives a
    PictureWarning: alpha outside PNG, TIFF and PAM. Raises UsageError (suffix), OutputError, UnsupportedError.
    """
    kind = check_picture_name(path)
    if kind == "YUV":
        write_bytes(raw.sidecar(path), raw.sidecar_bytes(image))
        write_bytes(path, raw.raw_from_image(image))
        return
    shown = as_rgb(image)
    if Path(path).suffix.lower() in (".pgm", ".pgx") and shown.channels != 1:
        raise UsageError(f"{path}: a colour picture does not fit {Path(path).suffix}; allowed: .png, .ppm, .tif, .pam")
    if shown.alpha is not None and kind not in ("PNG", "TIFF", "PAM"):
        warnings.warn(f"{path}: alpha is left out; .png, .tif and .pam hold it", PictureWarning, 2)
    with atomic_write(path) as file:
        try:
            file.write(_file_bytes(kind, shown))
        except ValueError as error:
            raise OutputError(f"{path}: cannot be written: {reason(error)}") from None


def _file_bytes(kind: str, image: Image) -> bytes:
    if kind == "PPM":
        return netpbm.pnm(image)
    if kind in ("PAM", "PGX"):
        return netpbm.pam(image) if kind == "PAM" else netpbm.pgx(image)
    from refsw.io import deep

    if kind == "TIFF":
        return deep.tiff(image)
    if image.bit_depth == 8:
        parts = image.samples if image.alpha is None else np.dstack([image.samples, image.alpha])
        file = BytesIO()
        PillowImage.fromarray(parts[:, :, 0] if parts.shape[2] == 1 else parts).save(file, "PNG")
        data = file.getvalue()
    else:
        data = deep.png(image)
    return with_metadata(data, image.metadata, image.bit_depth, image.channels + (image.alpha is not None))


def _open(file: BinaryIO, path: str | Path) -> PillowImage.Image:
    try:
        return PillowImage.open(file, formats=_FORMATS)
    except UnidentifiedImageError:
        what = "not a picture that can be read" if file.seek(0, 2) else "an empty file"
        raise ImageError(f"{path}: {what}; known: {', '.join(_FORMATS[:5])} and {len(_FORMATS) - 5} more") from None
    except PillowImage.DecompressionBombError:
        most = 2 * (PillowImage.MAX_IMAGE_PIXELS or 0)
        raise LevelError(f"{path}: too large; a picture file may hold {most} samples here") from None


def _check_supported(picture: PillowImage.Image, file: BinaryIO, path: str | Path) -> int:
    """Bits per sample as stored. Raises UnsupportedError."""
    frames = getattr(picture, "n_frames", 1)
    if frames > 1 and picture.format != "MPO":  # MPO: a photograph, then previews or the other eye
        raise UnsupportedError(f"{path}: has {frames} frames; only single pictures are supported")
    bits = stored_bits(picture, file)
    if bits > 8 and (bits != 16 or picture.format not in ("PNG", "TIFF")):
        raise UnsupportedError(f"{path}: {bits}-bit samples of {picture.format} are not supported; allowed: 8")
    return bits
