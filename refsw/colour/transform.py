# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.5) Colour transform between pictures and planes, on integers.

A plane sample has 4 fractional bits: with the rounding of a plane to whole steps a decoder would lose 2 % of the
rate at high quality.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from refsw.colour.custom import CustomTransform
from refsw.errors import UnsupportedError
from refsw.spec import document
from refsw.types import Image, Planes


@dataclass(frozen=True)
class ColourTransform:
    """forward, inverse: int64 [3, 3] with `precision_bits` fractional bits."""

    forward: NDArray[np.int64]
    inverse: NDArray[np.int64]
    precision_bits: int
    plane_fraction_bits: int


@cache
def colour_transform(colour_transform_idc: int) -> ColourTransform:
    """The transform of spec/tables/colour.yaml with this id. Raises UnsupportedError."""
    table = document("tables/colour.yaml")
    for entry in table["transforms"]:
        if entry["id"] == colour_transform_idc:
            forward, inverse = (np.array(entry[k], np.int64) for k in ("forward", "inverse"))
            return ColourTransform(forward, inverse, table["precision_bits"], table["plane_fraction_bits"])
    raise UnsupportedError(f"colour_transform_idc {colour_transform_idc}: this decoder has no such transform")


NO_TRANSFORM, BT709, CUSTOM, EVEN = 0, 1, 2, 3
FIXED_TRANSFORMS = (BT709, EVEN)
"""Those of spec/tables/colour.yaml."""

Colours = int | CustomTransform
"""One of FIXED_TRANSFORMS, or a transform that a picture header carries."""


def plane_range(bit_depth: int) -> int:
    """Largest plane sample: 2**plane_fraction_bits * (2**bit_depth - 1)."""
    return int((2**bit_depth - 1) << colour_transform(BT709).plane_fraction_bits)


def plane_type(bit_depth: int) -> type[np.uint16] | type[np.int32]:
    """The smaller type that holds plane samples in range: 2 bytes up to 12 bits."""
    return np.uint16 if bit_depth <= 12 else np.int32


def planes_from_image(image: Image, colours: Colours) -> Planes:
    """(informative) RGB -> Y, Cb, Cr by a transform; grey and Y, Cb, Cr as they are.

    The chroma of a subsampled picture is not looked at: `upsample` makes its planes.
    """
    fraction = colour_transform(BT709).plane_fraction_bits
    samples = image.samples.astype(np.int64).transpose(2, 0, 1)
    top = plane_range(image.bit_depth)
    if image.channels == 1 or image.ycbcr:
        return Planes(np.ascontiguousarray(samples << fraction, np.int32), image.bit_depth)
    if isinstance(colours, CustomTransform):
        planes = colours.forward(samples, image.bit_depth, fraction)
    else:
        transform = colour_transform(colours)
        down = transform.precision_bits - fraction
        planes = (np.einsum("pc,chw->phw", transform.forward, samples) + (1 << (down - 1))) >> down
        planes[1:] += top >> 1
    return Planes(np.ascontiguousarray(planes.clip(0, top), np.int32), image.bit_depth)


def image_from_planes(planes: Planes, colour_transform_idc: int, custom: CustomTransform | None = None) -> Image:
    """(9.5.2, 9.5.3) Y -> grey; Y, Cb, Cr -> R, G, B, or as they are; rounded to nearest (halves up) and clipped.

    Raises UnsupportedError.
    """
    samples = planes.samples.astype(np.int64)
    fraction = colour_transform(BT709).plane_fraction_bits
    if colour_transform_idc == NO_TRANSFORM:  # the planes are the channels, as always in 4:0:0
        rounded = (samples + (1 << (fraction - 1))) >> fraction
    elif colour_transform_idc == CUSTOM and custom is not None:
        rounded = custom.inverse(samples, planes.bit_depth, fraction)
    else:
        transform = colour_transform(colour_transform_idc)
        samples[1:] -= plane_range(planes.bit_depth) >> 1
        samples = np.einsum("cp,phw->chw", transform.inverse, samples)
        down = transform.precision_bits + fraction
        rounded = (samples + (1 << (down - 1))) >> down
    clipped = rounded.clip(0, 2**planes.bit_depth - 1).transpose(1, 2, 0)
    kind = np.uint8 if planes.bit_depth == 8 else np.uint16
    ycbcr = colour_transform_idc == NO_TRANSFORM and len(samples) == 3
    return Image(np.ascontiguousarray(clipped, kind), planes.bit_depth, ycbcr)
