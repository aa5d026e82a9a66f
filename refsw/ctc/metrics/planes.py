# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The planes that metrics compare, as JPEG AI's framework prepares them, in exact integer arithmetic.

    Image --working depth--> R, G, B --BT.709, full range--> Y, Cb, Cr     all float64 [H, W], 0..255 at every depth

JPEG AI's working depth is 10 bits: samples of fewer bits are first scaled to 10 and rounded, and Y, Cb, Cr are
rounded again. Deeper pictures keep their depth. The same picture at 8 and at 10 bits thus has equal planes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from refsw.errors import InputError
from refsw.types import Image

Float = NDArray[np.float64]
Integers = NDArray[np.int64]
T = TypeVar("T")

WORKING_DEPTH = 10
KEPT_SAMPLES = 1 << 21  # of a reference whose derivatives are kept: about 200 bytes each
STEPS = 255.0  # every plane is given in 8-bit steps: the constants of the papers are meant for them

# BT.709: luma weights and the ranges of B - Y and R - Y, in units of 1 / 10000.
UNIT = 10000
LUMA = (2126, 7152, 722)
BLUE_RANGE, RED_RANGE = 18556, 15748


class Reference:
    """A source picture, and what metrics derive from it alone, computed once for all that is compared with it.

    Of large pictures only the planes are kept, so that memory stays in bounds.
    """

    def __init__(self, image: Image) -> None:
        self.image = image
        self._kept: dict[object, Any] = {}
        self._small = image.width * image.height <= KEPT_SAMPLES

    @cached_property
    def luma(self) -> Float:
        """Y, float64 [H, W], 0..255."""
        return luma(self.image)

    @cached_property
    def rgb(self) -> Float:
        """R, G, B at the working depth, float64 [3, H, W], 0..255; three times Y if grey."""
        return rgb(self.image)

    def derived(self, derive: Callable[[Reference], T]) -> T:
        """What a function makes of this reference, which nobody writes to."""
        if not self._small:
            return derive(self)
        if derive not in self._kept:
            self._kept[derive] = derive(self)
        kept: T = self._kept[derive]
        return kept


@dataclass(frozen=True)
class Pair:
    """A picture and its reference, with the planes that metrics share, each computed once.

    prepared: of the same reference, where it is compared with several pictures. Raises InputError where sizes, channels
    or bit depths differ.
    """

    reference: Image
    picture: Image
    prepared: Reference | None = None

    def __post_init__(self) -> None:
        first, second = self.reference, self.picture
        if first.bit_depth != second.bit_depth:
            raise InputError(f"cannot compare pictures of {first.bit_depth} and {second.bit_depth} bits")
        if first.samples.shape != second.samples.shape:
            raise InputError(f"cannot compare pictures of shapes {first.samples.shape} and {second.samples.shape}")

    @cached_property
    def source(self) -> Reference:
        """The reference, prepared."""
        return self.prepared if self.prepared is not None else Reference(self.reference)

    @property
    def grey(self) -> bool:
        """Whether there is luma alone."""
        return self.reference.channels == 1

    @property
    def equal(self) -> bool:
        """Whether all samples are equal."""
        return bool(np.array_equal(self.reference.samples, self.picture.samples))

    @cached_property
    def luma(self) -> tuple[Float, Float]:
        """Y of reference and picture, float64 [H, W], 0..255."""
        return self.source.luma, luma(self.picture)

    @cached_property
    def rgb(self) -> tuple[Float, Float]:
        """R, G, B of reference and picture at the working depth, float64 [3, H, W], 0..255; three times Y if grey."""
        return self.source.rgb, rgb(self.picture)

    def chroma(self, index: int) -> tuple[Float, Float]:
        """Cb (1) or Cr (2) of reference and picture, float64 [H, W], 0..255; InputError for grey pictures."""
        if self.grey:
            raise InputError("a grey picture has no chroma: leave out the metrics of Cb and Cr")
        return chroma(self.reference, index), chroma(self.picture, index)


def working_peak(image: Image) -> int:
    """Largest sample value at the working depth."""
    return int(2 ** max(WORKING_DEPTH, image.bit_depth)) - 1


def working_samples(image: Image) -> Integers:
    """Samples at the working depth, rounded to nearest: int64 [H, W, C]. No value lies half-way."""
    samples, peak = image.samples.astype(np.int64), int(2**image.bit_depth) - 1
    if peak == working_peak(image):
        return samples
    return np.asarray((2 * samples * working_peak(image) + peak) // (2 * peak))


def luma(image: Image) -> Float:
    """Y = 0.2126 R + 0.7152 G + 0.0722 B at the working depth, rounded (half up), in 8-bit steps."""
    samples = working_samples(image)
    if image.channels == 1:
        return _steps(samples[:, :, 0], image)
    return _steps((_luma_sum(samples) + UNIT // 2) // UNIT, image)


def chroma(image: Image, index: int) -> Float:
    """Cb = (B - Y) / 1.8556 + peak / 2 (index 1), Cr = (R - Y) / 1.5748 + peak / 2 (index 2); Y not rounded."""
    samples = working_samples(image)
    colour, extent = (samples[:, :, 2], BLUE_RANGE) if index == 1 else (samples[:, :, 0], RED_RANGE)
    difference = UNIT * colour - _luma_sum(samples)
    return _steps((2 * difference + extent * (working_peak(image) + 1)) // (2 * extent), image)


def rgb(image: Image) -> Float:
    """R, G, B at the working depth in 8-bit steps, [3, H, W]; a grey picture has three equal planes."""
    planes = np.moveaxis(_steps(working_samples(image), image), 2, 0)
    return np.ascontiguousarray(np.broadcast_to(planes, (3, image.height, image.width)))


def _luma_sum(samples: Integers) -> Integers:
    return np.asarray(LUMA[0] * samples[:, :, 0] + LUMA[1] * samples[:, :, 1] + LUMA[2] * samples[:, :, 2])


def _steps(samples: NDArray[np.integer[Any]], image: Image) -> Float:
    return np.asarray(samples * (STEPS / working_peak(image)))
