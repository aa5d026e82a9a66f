# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Options of `refsw-enc` about regions of interest. Never imports torch before a picture is encoded."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from refsw.cli.common import number
from refsw.errors import UsageError
from refsw.io import read_image
from refsw.syntax.geometry import Region
from refsw.types import Image


def add_regions_of_interest(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    own = parser.add_mutually_exclusive_group()
    own.add_argument("--roi", type=Path, metavar="MASK.png", help="better where this picture is white, of equal size")
    own.add_argument("--roi-rect", type=_rectangle, action="append", metavar="X,Y,W,H",
                     help="better inside this rectangle; may be given several times")  # fmt: skip
    own.add_argument("--roi-auto", action="store_true", help="better where the picture is smooth")
    parser.add_argument("--roi-strength", type=number(float, -32, 32), metavar="S",
                        help="steps of 0.88 dB between outside and inside (default: 12)")  # fmt: skip


def quality_steps(arguments: argparse.Namespace, image: Image) -> NDArray[np.int8] | None:
    """The quality map that the options ask for, None without them. Raises UsageError, ImageError."""
    strength = 12.0 if arguments.roi_strength is None else arguments.roi_strength
    if arguments.roi is None and arguments.roi_rect is None and not arguments.roi_auto:
        if arguments.roi_strength is not None:
            raise UsageError("--roi-strength: needs --roi, --roi-rect or --roi-auto")
        return None
    from refsw.encode.quality_map import activity_weights, mask_weights, rectangle_weights, steps_of

    if arguments.roi_auto:
        return steps_of(activity_weights(image), strength)
    if arguments.roi_rect is not None:
        return steps_of(rectangle_weights(image.height, image.width, arguments.roi_rect), strength)
    mask = read_image(arguments.roi)
    if (mask.height, mask.width) != (image.height, image.width):
        raise UsageError(f"{arguments.roi}: a mask of {mask.width} x {mask.height} samples; the picture has "
                         f"{image.width} x {image.height}")  # fmt: skip
    return steps_of(mask_weights(mask.samples.mean(2) / (2**mask.bit_depth - 1)), strength)


def _rectangle(text: str) -> Region:
    try:
        left, top, width, height = map(int, text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: expected X,Y,W,H, four whole numbers of samples") from None
    return Region(top, left, top + height, left + width)
