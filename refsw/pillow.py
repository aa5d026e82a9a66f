# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Pillow plug-in: after `import refsw.pillow`, `Image.open("x.jai")` and `.save("x.jai", quality=50)` work; .jaif too.

Opening reads headers alone, without weights and without torch; samples are decoded when they are first needed.
Options of `save`: quality (0..100) or bpp, config (a configuration's file or name).
"""

from __future__ import annotations

from dataclasses import replace
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageFile

from refsw import container, syntax
from refsw.decode.extras import metadata_of
from refsw.errors import CodestreamError, RefswError
from refsw.io import as_rgb
from refsw.syntax.boxes import file_format
from refsw.syntax.resolution import shown_header
from refsw.types import Image, Metadata

FORMAT, EXTENSION = "JAI", ".jai"
FILE_FORMAT, FILE_EXTENSION = "JAIF", ".jaif"
_SIGNATURE = b"\xff\x80\xff\x82"  # SOC, then the picture header's marker


class JaiImageFile(ImageFile.ImageFile):
    """A codestream as Pillow sees it."""

    format = FORMAT
    format_description = "refsw learned image codestream"

    def _open(self) -> None:
        try:
            file = container.opened(self._stream().read())
            codestream = syntax.read(file.codestream)
        except CodestreamError as error:
            raise SyntaxError(str(error)) from error  # Pillow's way of saying "not mine"
        except RefswError as error:
            raise OSError(str(error)) from error
        header = codestream.picture_header
        shown = shown_header(codestream)
        self._size = (shown.width, shown.height)
        grey, alpha = header.coded_chroma_format_idc == 0, codestream.alpha is not None
        self._mode = ("LA" if alpha else "L") if grey else ("RGBA" if alpha else "RGB")
        carried = file.in_picture(metadata_of(codestream))
        named = (("icc_profile", carried.icc), ("exif", carried.exif), ("xmp", carried.xmp))
        self.info.update((name, payload) for name, payload in named if payload is not None)

    def load(self) -> Any:
        """Decodes the samples, once. Raises OSError with the decoder's message."""
        if self._im is None:
            from refsw.decode.picture import decode_picture

            stream = self._stream()
            stream.seek(0)
            try:
                image = decode_picture(container.opened(stream.read()).codestream, keep=False).image
            except RefswError as error:
                raise OSError(str(error)) from error
            self.im = to_pillow(image).im
            if self._exclusive_fp:
                stream.close()
            self.fp = None
        return PillowImage.Image.load(self)

    def _stream(self) -> IO[bytes]:
        if self.fp is None:
            raise ValueError("the picture's file is closed")
        return self.fp


class JaifImageFile(JaiImageFile):
    """A codestream inside a file of boxes."""

    format = FILE_FORMAT
    format_description = "refsw learned image file"


def to_pillow(image: Image) -> PillowImage.Image:
    """An `Image` as Pillow holds it: L, LA, RGB or RGBA of 8 bits; deeper samples keep their upper 8 bits."""
    shown = as_rgb(image)
    parts: NDArray[Any] = shown.samples if shown.alpha is None else np.dstack([shown.samples, shown.alpha])
    small = np.ascontiguousarray(parts >> (shown.bit_depth - 8), np.uint8)
    return PillowImage.fromarray(small[:, :, 0] if small.shape[2] == 1 else small)


def _accept(prefix: bytes) -> bool:
    return prefix.startswith(_SIGNATURE)


def _accept_file(prefix: bytes) -> bool:
    """The brand stands behind size, type and the four characters `ftyp`."""
    return container.is_file(prefix) and prefix[8:12] == file_format().codes["brand"].encode()


def _carried(options: dict[str, Any]) -> Metadata:
    """Metadata that the caller of `save` names; as in Pillow's own formats, nothing else is taken along."""
    found = {name: value for name, value in options.items() if isinstance(value, bytes)}
    exif = found.get("exif")
    exif = None if exif is None else exif.removeprefix(b"Exif\0\0")
    return Metadata(icc=found.get("icc_profile"), exif=exif, xmp=found.get("xmp"))


def _save(picture: PillowImage.Image, file: IO[bytes], filename: str | bytes) -> None:
    file.write(_encoded(picture))


def _save_file(picture: PillowImage.Image, file: IO[bytes], filename: str | bytes) -> None:
    file.write(container.wrapped(_encoded(picture)))


def _encoded(picture: PillowImage.Image) -> bytes:
    from refsw.api import encode
    from refsw.io import to_image

    options: dict[str, Any] = picture.encoderinfo
    config = options.get("config", "cfg/base.yaml")
    try:
        image = replace(to_image(picture), metadata=_carried(options))
        return encode(image, config, quality=options.get("quality"), bpp=options.get("bpp"))
    except RefswError as error:
        raise OSError(str(error)) from error


PillowImage.register_open(FORMAT, JaiImageFile, _accept)
PillowImage.register_save(FORMAT, _save)
PillowImage.register_extension(FORMAT, EXTENSION)

PillowImage.register_open(FILE_FORMAT, JaifImageFile, _accept_file)
PillowImage.register_save(FILE_FORMAT, _save_file)
PillowImage.register_extension(FILE_FORMAT, FILE_EXTENSION)
