# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A codec of twenty lines for tests of the tools: uniform quantiser and zlib, in the shape of refsw.api.

Pictures whose first sample is 13 decode wrongly in one sample; those whose first sample is 14 are estimated at
double their size; those whose first sample is 15 end the process.
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from refsw.types import Image

WRONG, MISJUDGED, FATAL = 13, 14, 15


@dataclass(frozen=True)
class Report:
    estimated_bits: float = 0.0
    quality_index: tuple[int, ...] = ()
    seconds: float = 0.25
    stages: tuple[tuple[str, float], ...] = (("everything", 0.25),)


@dataclass(frozen=True)
class Encoded:
    data: bytes
    reconstruction: Image
    report: Report


@dataclass(frozen=True)
class Decoded:
    image: Image
    report: Report


def encode_picture(image: Image, config: Any, *, quality: float | None = None, model: None = None) -> Encoded:
    step = max(1, round(64 * 2 ** (-(quality or 0) / 20)))
    levels = image.samples // step
    first = int(image.samples[0, 0, 0])
    if first == FATAL:
        os._exit(7)
    head = struct.pack("<HHBBB", *image.samples.shape, step, first)
    data = head + zlib.compress(levels.tobytes())
    estimate = 8.0 * len(data) * (2 if first == MISJUDGED else 1)
    return Encoded(data, _reconstruct(levels, step), Report(estimate, (round(20 * (quality or 0)),)))


def decode_picture(data: bytes, *, model: None = None) -> Decoded:
    *shape, step, first = struct.unpack_from("<HHBBB", data)
    levels = np.frombuffer(zlib.decompress(data[7:]), np.uint8).reshape(shape)
    image = _reconstruct(levels, step)
    if first == WRONG:
        image.samples[-1, -1, -1] ^= 1
    return Decoded(image, Report())


def _reconstruct(levels: np.ndarray[Any, Any], step: int) -> Image:
    samples = (levels.astype(np.int32) * step + step // 2).clip(0, 255)
    return Image(samples.astype(np.uint8))
