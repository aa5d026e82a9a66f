# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Pillow plug-in: after `import refsw.pillow`, `Image.open("x.jai")` and `.save("x.jai", quality=50)` work.

Opening reads headers alone, without weights and without torch; samples are decoded when they are first needed.
Options of `save`: quality (0..100) or bpp, config (a configuration's file or name).
"""

from __future__ import annotations

from typing import IO, Any

from PIL import Image as PillowImage
from PIL import ImageFile

from refsw import syntax
from refsw.errors import CodestreamError, RefswError
from refsw.types import Image

FORMAT, EXTENSION = "JAI", ".jai"
_SIGNATURE = b"\xff\x80\xff\x82"  # SOC, then the picture header's marker


class JaiImageFile(ImageFile.ImageFile):
    """A codestream as Pillow sees it."""

    format = FORMAT
    format_description = "refsw learned image codestream"

    def _open(self) -> None:
        try:
            header = syntax.read(self._stream().read()).picture_header
        except CodestreamError as error:
            raise SyntaxError(str(error)) from error  # Pillow's way of saying "not mine"
        except RefswError as error:
            raise OSError(str(error)) from error
        self._size = (header.width, header.height)
        self._mode = "L" if header.coded_chroma_format_idc == 0 else "RGB"

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
    """An 8-bit `Image` as a Pillow picture of mode L or RGB."""
    return PillowImage.fromarray(image.samples[:, :, 0] if image.channels == 1 else image.samples)


def _accept(prefix: bytes) -> bool:
    return prefix.startswith(_SIGNATURE)


def _save(picture: PillowImage.Image, file: IO[bytes], filename: str | bytes) -> None:
    from refsw.api import encode
    from refsw.io import to_image

    options: dict[str, Any] = picture.encoderinfo
    config = options.get("config", "cfg/base.yaml")
    try:
        data = encode(to_image(picture), config, quality=options.get("quality"), bpp=options.get("bpp"))
    except RefswError as error:
        raise OSError(str(error)) from error
    file.write(data)


PillowImage.register_open(FORMAT, JaiImageFile, _accept)
PillowImage.register_save(FORMAT, _save)
PillowImage.register_extension(FORMAT, EXTENSION)
