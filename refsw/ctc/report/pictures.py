# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Crops of a picture by several codecs at equal rate, where the difference between two of them is largest."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image as Pillow

from refsw.ctc.report.numbers import Comparison, Numbers
from refsw.ctc.results import ImageRecord, Point
from refsw.io import read_image
from refsw.types import Image

SIDE = 112  # samples of a crop: five of them stand in a row at twice their size
STEP = 16  # grid on which a crop is placed
CODECS = 4  # shown next to the original
SAME_RATE = 1.25  # rates further apart than this are marked


class Pictures(Protocol):
    """Where a run keeps its pictures; None for what it did not keep."""

    def original(self, image: ImageRecord) -> Path | None:
        """The file of a source picture."""

    def decoded(self, point: Point) -> Path | None:
        """The file of a decoded picture."""


@dataclass(frozen=True)
class Crop:
    """One crop. data: PNG as a data address; rate: bpp of the whole picture, None for the original."""

    title: str
    rate: float | None
    data: str
    unequal: bool = False


@dataclass(frozen=True)
class Exhibit:
    """A picture of which crops are shown. verdict: "Best" or "Worst"; rate: BD-rate in %."""

    verdict: str
    image: str
    codec: str
    metric: str
    rate: float
    x: int
    y: int
    crops: tuple[Crop, ...]


def exhibits(numbers: Numbers, pictures: Pictures, bpp: float) -> tuple[Exhibit, ...]:
    """The best and the worst picture of the first codec of refsw against the anchor, near a rate."""
    subject = next((c for c in numbers.comparisons if c.average is not None and _is_refsw(numbers, c.codec)), None)
    subject = subject or next((c for c in numbers.comparisons if c.images), None)
    if subject is None:
        return ()
    ranked = sorted((each.rate, image) for image, each in subject.images if each.rate is not None)
    if not ranked:
        return ()
    chosen = [("Best", *ranked[0])] + ([("Worst", *ranked[-1])] if len(ranked) > 1 else [])
    shown = (_exhibit(numbers, pictures, subject, verdict, image, rate, bpp) for verdict, rate, image in chosen)
    return tuple(one for one in shown if one is not None)


def matched(numbers: Numbers, image: str, codec: str, bpp: float) -> Point | None:
    """The point of a codec on a picture whose rate is nearest, by ratio."""
    points = [p for p in numbers.results.points if p.image == image and p.codec == codec]
    return min(points, key=lambda p: abs(np.log(p.bits_per_sample / bpp)), default=None)


def data_address(samples: np.ndarray) -> str:
    """uint8 [H, W, C] as a PNG inside an address."""
    buffer = io.BytesIO()
    Pillow.fromarray(samples if samples.shape[2] == 3 else samples[:, :, 0]).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def eight_bits(image: Image) -> np.ndarray:
    """Samples as a screen shows them: uint8 [H, W, C], deeper samples rounded down to their first eight bits."""
    return (image.samples >> (image.bit_depth - 8)).astype(np.uint8)


def _is_refsw(numbers: Numbers, name: str) -> bool:
    return any(codec.name == name and codec.kind == "refsw" for codec in numbers.results.codecs)


def _exhibit(
    numbers: Numbers, pictures: Pictures, subject: Comparison, verdict: str, image: str, rate: float, bpp: float
) -> Exhibit | None:
    record = next(i for i in numbers.results.images if i.name == image)
    source = pictures.original(record)
    mine = matched(numbers, image, subject.codec, bpp)
    if source is None or mine is None:
        return None
    reference = eight_bits(read_image(source))
    names = [subject.codec, numbers.results.anchor]
    names += [c.name for c in numbers.measured() if c.kind != "published" and c.name not in names]
    shown: list[tuple[Point, np.ndarray]] = []
    for name in names:
        point = matched(numbers, image, name, mine.bits_per_sample)
        path = pictures.decoded(point) if point else None
        if point and path and len(shown) < CODECS:
            decoded = eight_bits(read_image(path))
            if decoded.shape == reference.shape:
                shown.append((point, decoded))
    if not shown:
        return None
    other = shown[1][1] if len(shown) > 1 else reference
    x, y = _place(reference, shown[0][1], other)
    crops = [Crop("original", None, data_address(_cut(reference, x, y)))]
    for point, decoded in shown:
        near = 1 / SAME_RATE <= point.bits_per_sample / mine.bits_per_sample <= SAME_RATE
        crops.append(Crop(point.codec, point.bits_per_sample, data_address(_cut(decoded, x, y)), unequal=not near))
    return Exhibit(verdict, image, subject.codec, subject.scale.title, rate, x, y, tuple(crops))


def _place(reference: np.ndarray, first: np.ndarray, second: np.ndarray) -> tuple[int, int]:
    """Where the squared errors of two pictures differ most: left and top of the crop."""
    errors = [((one.astype(np.float64) - reference) ** 2).sum(axis=2) for one in (first, second)]
    summed = np.pad(np.abs(errors[0] - errors[1]).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    rows, columns = reference.shape[0] - SIDE, reference.shape[1] - SIDE
    ys, xs = np.arange(0, max(rows, 0) + 1, STEP), np.arange(0, max(columns, 0) + 1, STEP)
    high, wide = min(SIDE, reference.shape[0]), min(SIDE, reference.shape[1])
    top, left = np.ix_(ys, xs)
    total = summed[top + high, left + wide] - summed[top, left + wide] - summed[top + high, left] + summed[top, left]
    row, column = np.unravel_index(int(total.argmax()), total.shape)
    return int(xs[column]), int(ys[row])


def _cut(samples: np.ndarray, x: int, y: int) -> np.ndarray:
    return samples[y : y + SIDE, x : x + SIDE]
