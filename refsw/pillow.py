# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Pillow plug-in: after `import refsw.pillow`, `Image.open("x.jai")` and `.save("x.jai", quality=50)` work.

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

from refsw import syntax
from refsw.errors import CodestreamError, RefswError
from refsw.io import as_rgb
from refsw.types import Image, Metadata

FORMAT, EXTENSION = "JAI", ".jai"
_INFO = {1: "icc_profile", 2: "exif", 3: "xmp"}
_SIGNATURE = b"\xff\x80\xff\x82"  # SOC, then the picture header's marker


class JaiImageFile(ImageFile.ImageFile):
    """A codestream as Pillow sees it."""

    format = FORMAT
    format_description = "refsw learned image codestream"

    def _open(self) -> None:
        try:
            codestream = syntax.read(self._stream().read())
        except CodestreamError as error:
            raise SyntaxError(str(error)) from error  # Pillow's way of saying "not mine"
        except RefswError as error:
            raise OSError(str(error)) from error
        header = codestream.picture_header
        self._size = (header.width, header.height)
        grey, alpha = header.coded_chroma_format_idc == 0, codestream.alpha is not None
        self._mode = ("LA" if alpha else "L") if grey else ("RGBA" if alpha else "RGB")
        rendering = codestream.rendering_information
        for block in () if rendering is None else rendering.blocks:
            if block.metadata_type in _INFO:
                self.info[_INFO[block.metadata_type]] = block.metadata_payload

    def load(self) -> Any:
        """Decodes the samples, once. Raises OSError with the decoder's message."""
        if self._im is None:
            from refsw.decode.picture import decode_picture

            stream = self._stream()
            stream.seek(0)
            try:
                image = decode_picture(stream.read()).image
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


def to_pillow(image: Image) -> PillowImage.Image:
    """An `Image` as Pillow holds it: L, LA, RGB or RGBA of 8 bits; deeper samples keep their upper 8 bits."""
    shown = as_rgb(image)
    parts: NDArray[Any] = shown.samples if shown.alpha is None else np.dstack([shown.samples, shown.alpha])
    small = np.ascontiguousarray(parts >> (shown.bit_depth - 8), np.uint8)
    return PillowImage.fromarray(small[:, :, 0] if small.shape[2] == 1 else small)


def _accept(prefix: bytes) -> bool:
    return prefix.startswith(_SIGNATURE)


def _carried(options: dict[str, Any]) -> Metadata:
    """Metadata that the caller of `save` names; as in Pillow's own formats, nothing else is taken along."""
    found = {name: value for name, value in options.items() if isinstance(value, bytes)}
    exif = found.get("exif")
    exif = None if exif is None else exif.removeprefix(b"Exif\0\0")
    return Metadata(icc=found.get("icc_profile"), exif=exif, xmp=found.get("xmp"))


def _save(picture: PillowImage.Image, file: IO[bytes], filename: str | bytes) -> None:
    from refsw.api import encode
    from refsw.io import to_image

    options: dict[str, Any] = picture.encoderinfo
    config = options.get("config", "cfg/base.yaml")
    try:
        image = replace(to_image(picture), metadata=_carried(options))
        data = encode(image, config, quality=options.get("quality"), bpp=options.get("bpp"))
    except RefswError as error:
        raise OSError(str(error)) from error
    file.write(data)


PillowImage.register_open(FORMAT, JaiImageFile, _accept)
PillowImage.register_save(FORMAT, _save)
PillowImage.register_extension(FORMAT, EXTENSION)
