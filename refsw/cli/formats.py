# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Options of `refsw-enc` about formats: geometry of raw planes, colour matrix, metadata. Never imports torch."""

from __future__ import annotations

import argparse
import warnings
from dataclasses import replace
from fractions import Fraction

from refsw.colour import BT709, Colours, custom_transform
from refsw.errors import UsageError
from refsw.io import PictureWarning
from refsw.io.raw import BIT_DEPTHS, CHROMA, Geometry
from refsw.spec import lowest_level
from refsw.types import Image, Metadata

_MATRICES = {"bt709": 1, "bt601": 6, "bt2020": 9}
_WEIGHTS = {"bt601": ("0.299", "0.114"), "bt2020": ("0.2627", "0.0593")}


def add_formats(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument("--size", type=_size, metavar="WxH", help="the input is raw planes of this size (.yuv)")
    parser.add_argument("--bit-depth", type=int, choices=BIT_DEPTHS, help="of raw planes (default: 8)")
    parser.add_argument("--chroma", choices=tuple(CHROMA), help="of raw planes (default: 4:2:0)")
    parser.add_argument("--range", choices=("full", "narrow"), help="of raw planes (default: narrow)")
    parser.add_argument("--matrix", choices=tuple(_MATRICES),
                        help="raw planes: what Y, Cb, Cr are; RGB: what is coded (default: of the model)")  # fmt: skip
    parser.add_argument("--metadata", choices=("keep", "fit", "drop"), default="keep",
                        help="fit: drop with a warning what is over a limit (default: keep, or refuse)")  # fmt: skip


def geometry(arguments: argparse.Namespace) -> Geometry | None:
    """Of raw planes, None without --size. Raises UsageError."""
    if arguments.size is None:
        for name in ("bit_depth", "chroma", "range"):
            if getattr(arguments, name) is not None:
                raise UsageError(f"--{name.replace('_', '-')}: needs --size")
        return None
    matrix = _MATRICES.get(arguments.matrix, 2)
    full = arguments.range == "full"
    return Geometry(*arguments.size, arguments.bit_depth or 8, arguments.chroma or "4:2:0", matrix, full)


def transform(arguments: argparse.Namespace, image: Image) -> Colours | None:
    """The colour transform that --matrix asks of an RGB picture; None: that of the model, or there is none."""
    if image.ycbcr or image.channels == 1 or arguments.matrix is None:
        return None
    if arguments.matrix == "bt709":
        return BT709
    red, blue = map(Fraction, _WEIGHTS[arguments.matrix])
    return custom_transform(red, blue, image.bit_depth)


def with_wanted_metadata(arguments: argparse.Namespace, image: Image, name: object) -> Image:
    """What --metadata says; a PictureWarning for each thing that is dropped because of the level."""
    if arguments.metadata == "drop":
        return replace(image, metadata=Metadata())
    if arguments.metadata == "keep":
        return image
    from refsw.encode.extras import fitted

    metadata, dropped = fitted(image.metadata, lowest_level(image.width, image.height))
    for line in dropped:
        warnings.warn(f"{name}: {line}", PictureWarning, 2)
    return replace(image, metadata=metadata)


def _size(text: str) -> tuple[int, int]:
    width, found, height = text.partition("x")
    if not (found and width.isdecimal() and height.isdecimal() and len(text) < 20):
        raise argparse.ArgumentTypeError(f"{text!r} is no size; expected WIDTHxHEIGHT")
    return int(width), int(height)
