# SPDX-License-Identifier: BSD-3-Clause-Clear
"""JPEG 2000, JPEG XL and AVIF of more than 8 bits, by the libraries in the wheel of imagecodecs."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from refsw.ctc.anchors.anchor import Versions, call
from refsw.ctc.codec import Decoded, Encoded, Format
from refsw.types import Image


def _library(text: str) -> tuple[str, str]:
    """("openjpeg", "2.5.4") of "openjpeg 2.5.4"."""
    name, _, number = text.partition(" ")
    return name, number


def _samples(image: Image) -> Any:
    return np.ascontiguousarray(image.samples[:, :, 0] if image.channels == 1 else image.samples)


def _picture(samples: Any, like: Format) -> Decoded:
    planes = samples.reshape(*samples.shape[:2], -1)[:, :, : like.channels]
    whole: Any = np.ascontiguousarray(planes, np.uint8 if like.bit_depth == 8 else np.uint16)
    return Decoded(Image(whole, like.bit_depth))


@dataclass(frozen=True)
class Jpeg2000Settings:
    """JPEG 2000 by OpenJPEG: codestream without boxes, 9-7 wavelet, one layer cut at a PSNR, which is the setting.

    A cut at a PSNR is one of the same optimised truncation points as a cut at a rate, and fits every bit depth.
    """

    resolutions: int = 6
    threads: int = 1

    depths = tuple(range(8, 17))
    setting_name = "PSNR"

    def keywords(self) -> dict[str, Any]:
        """Arguments of imagecodecs.jpeg2k_encode; mct: Y Cb Cr by ICT."""
        return {
            "codecformat": "j2k",
            "reversible": False,
            "mct": True,
            "resolutions": self.resolutions,
            "numthreads": self.threads,
        }

    def missing(self) -> str | None:
        """None: imagecodecs is a dependency of refsw."""
        return None

    def versions(self) -> Versions:
        """Of OpenJPEG and imagecodecs."""
        import imagecodecs

        return _library(imagecodecs.jpeg2k_version()), ("imagecodecs", version("imagecodecs"))

    def arguments(self) -> str:
        """The call."""
        return call("imagecodecs.jpeg2k_encode", self.keywords())

    def encode(self, image: Image, setting: float) -> Encoded:
        """The whole codestream; PSNR in dB of the transformed samples, which the decoded picture nearly has.

        A small picture has fewer resolutions: its shorter side is halved no further than to one sample.
        """
        import imagecodecs

        keywords = self.keywords()
        keywords["resolutions"] = min(self.resolutions, min(image.height, image.width).bit_length())
        keywords |= {"level": setting, "bitspersample": image.bit_depth}
        data = imagecodecs.jpeg2k_encode(_samples(image), **keywords)
        return Encoded(bytes(data))

    def decode(self, data: bytes, like: Format) -> Decoded:
        """The samples."""
        import imagecodecs

        return _picture(imagecodecs.jpeg2k_decode(data, numthreads=self.threads), like)


@dataclass(frozen=True)
class JpegXlSettings:
    """JPEG XL by libjxl, lossy (XYB); its encoder aims at Butteraugli's distance, which is the setting.

    8 bits only: imagecodecs labels deeper samples as linear light, for which libjxl then spends its bits wrongly
    (1 dB lost at equal size on kodim05).
    """

    effort: int = 7
    threads: int = 1

    depths = (8,)
    setting_name = "distance"

    def keywords(self) -> dict[str, Any]:
        """Arguments of imagecodecs.jpegxl_encode."""
        return {"effort": self.effort, "lossless": False, "usecontainer": False, "numthreads": self.threads}

    def missing(self) -> str | None:
        """None: imagecodecs is a dependency of refsw."""
        return None

    def versions(self) -> Versions:
        """Of libjxl and imagecodecs."""
        import imagecodecs

        return _library(imagecodecs.jpegxl_version()), ("imagecodecs", version("imagecodecs"))

    def arguments(self) -> str:
        """The call."""
        return call("imagecodecs.jpegxl_encode", self.keywords())

    def encode(self, image: Image, setting: float) -> Encoded:
        """The whole file; distance 25 (worst) to 0.05."""
        import imagecodecs

        return Encoded(bytes(imagecodecs.jpegxl_encode(_samples(image), distance=setting, **self.keywords())))

    def decode(self, data: bytes, like: Format) -> Decoded:
        """The samples."""
        import imagecodecs

        return _picture(imagecodecs.jpegxl_decode(data, numthreads=self.threads), like)


@dataclass(frozen=True)
class DeepAvifSettings:
    """AVIF of 10 or 12 bits, 4:4:4, which Pillow does not write; the tune is the library's own."""

    speed: int = 6
    threads: int = 1

    depths = (10, 12)
    setting_name = "quality"

    def keywords(self) -> dict[str, Any]:
        """Arguments of imagecodecs.avif_encode."""
        return {"codec": "aom", "pixelformat": "444", "speed": self.speed, "numthreads": self.threads}

    def missing(self) -> str | None:
        """None: imagecodecs is a dependency of refsw."""
        return None

    def versions(self) -> Versions:
        """Of libavif and imagecodecs, whose wheel fixes libaom's."""
        import imagecodecs

        name, number = _library(imagecodecs.avif_version())
        return (f"{name} of imagecodecs", number), ("imagecodecs", version("imagecodecs"))

    def arguments(self) -> str:
        """The call."""
        return call("imagecodecs.avif_encode", self.keywords())

    def encode(self, image: Image, setting: float) -> Encoded:
        """The whole file; quality 0..99, because imagecodecs takes 100 as lossless. Grey is coded as equal channels."""
        import imagecodecs

        samples = np.repeat(image.samples, 3, axis=2) if image.channels == 1 else image.samples
        data = imagecodecs.avif_encode(
            np.ascontiguousarray(samples), level=int(setting), bitspersample=image.bit_depth, **self.keywords()
        )
        return Encoded(bytes(data))

    def decode(self, data: bytes, like: Format) -> Decoded:
        """The samples."""
        import imagecodecs

        return _picture(imagecodecs.avif_decode(data, numthreads=self.threads), like)
