# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A codec of a few lines, pictures and conditions for tests of the engine of common test conditions.

The codec quantises and deflates. What it does wrong depends on the first sample of the picture, see the constants.
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from refsw.ctc.codec import Decoded, Encoded, Format
from refsw.ctc.conditions import BPP, QUALITY, Choice, Conditions, Picture, Target
from refsw.ctc.plan import Plan, plan_of
from refsw.ctc.results import CodecRecord
from refsw.errors import ImageError, InputError
from refsw.io import write_image
from refsw.types import Image, digest
from tests.support.tiny import picture

WRONG, REFUSED, FATAL, ONCE = 13, 14, 15, 16  # decodes wrongly; raises; ends its process; does so the first time
BROKEN = 17  # raises what no codec should


@dataclass(frozen=True)
class ToyCodec:
    """name: in results; folder: where it notes what it did, "" for nowhere."""

    name: str = "toy"
    folder: str = ""
    version: str = "1"

    @property
    def ladder(self) -> tuple[float, ...]:
        return tuple(float(n) for n in range(64))

    def record(self) -> CodecRecord:
        return CodecRecord(self.name, "anchor", self.version, "zlib")

    def setting_text(self, setting: float) -> str:
        return f"step {64 - setting:g}"

    def open(self) -> ToyCodec:
        return self

    def encode(self, image: Image, setting: float) -> Encoded:
        first = int(image.samples[0, 0, 0])
        if self.folder:
            mark = Path(self.folder, f"{digest(image.samples)[:16]}-{self.name}-encoded")
            seen = mark.exists()
            mark.touch()
            if first == ONCE and not seen:
                os._exit(7)
        if first == FATAL:
            os._exit(7)
        if first == REFUSED:
            raise ImageError("this picture is refused")
        if first == BROKEN:
            raise ZeroDivisionError
        step = 64 - int(setting)
        return Encoded(struct.pack("<HHBB", *image.samples.shape, step) + zlib.compress((image.samples // step).data))

    def expected(self, image: Image, setting: float) -> Image | None:
        samples = _quantised(image.samples // (64 - int(setting)), 64 - int(setting))
        if image.samples[0, 0, 0] == WRONG:
            samples[0, 0, 0] ^= 1
        return Image(samples)

    def decode(self, data: bytes, like: Format) -> Decoded:
        try:
            *shape, step = struct.unpack_from("<HHBB", data)
            levels = np.frombuffer(zlib.decompress(data[6:]), np.uint8).reshape(shape)
        except (struct.error, zlib.error, ValueError) as error:
            raise InputError(f"not a toy: {error}") from None
        return Decoded(Image(_quantised(levels, step)))


def _quantised(levels: np.ndarray, step: int) -> np.ndarray:
    return (levels.astype(np.int32) * step + step // 2).clip(0, 255).astype(np.uint8)


def write_pictures(folder: Path, *firsts: int) -> tuple[Picture, ...]:
    """p0.png, p1.png, ... 64 x 48, with these first samples."""
    folder.mkdir(exist_ok=True)
    found = []
    for index, first in enumerate(firsts):
        samples = picture(index, 48, 64).samples.copy()
        samples[0, 0, 0] = first
        write_image(folder / f"p{index}.png", Image(samples))
        found.append(Picture(f"p{index}", f"p{index}.png", digest(samples)))
    return tuple(found)


TARGETS = (Target(BPP, 2.0), Target(BPP, 4.0), Target(QUALITY, 40.0))


def conditions(
    pictures: tuple[Picture, ...],
    names: tuple[str, ...] = ("toy",),
    targets: tuple[Target, ...] = TARGETS,
    **changes: object,
) -> Conditions:
    """The same targets for every codec of these names."""
    values: dict[str, object] = {
        "name": "test", "pictures": pictures, "metrics": ("psnr_y", "psnr_rgb"), "anchor": names[0],
        "codecs": tuple(Choice(name, "toy", None, None, targets) for name in names),
        "bd_method": "pchip", "rates": None, "tolerance": 0.01, "attempts": 8, "repetitions": 1,
    }  # fmt: skip
    return Conditions(**{**values, **changes})  # type: ignore[arg-type]


def toy_plan(folder: Path, *firsts: int, codecs: tuple[ToyCodec, ...] = (ToyCodec(),), **changes: object) -> Plan:
    """A plan over pictures with these first samples, which are written into the folder."""
    pictures = write_pictures(folder, *firsts)
    names = tuple(codec.name for codec in codecs)
    return plan_of(conditions(pictures, names, **changes), folder, codecs)  # type: ignore[arg-type]
