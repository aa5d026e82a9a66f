# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Options of `refsw-dec` that decode less than everything, or what is left of it. Never imports torch."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from refsw.cli.common import number
from refsw.decode.select import Selection
from refsw.errors import UsageError
from refsw.io import atomic_write
from refsw.syntax.geometry import Region

if TYPE_CHECKING:
    from refsw.decode.picture import Decoded


def add_partial(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument("--region", type=_rectangle, metavar="X,Y,W,H",
                        help="decode this rectangle of the picture alone, in samples")  # fmt: skip
    parser.add_argument("--channels", type=number(int, 0, 1023), metavar="N",
                        help="decode symbols of the first N latent channels of each component alone")  # fmt: skip
    parser.add_argument("--luma", action="store_true", help="decode the first component alone, as a grey picture")
    parser.add_argument("--no-filters", action="store_true", help="leave post-filters aside; the report says which")
    parser.add_argument("--conceal", action="store_true",
                        help="show what is left of a damaged or incomplete file, and list the damage")  # fmt: skip
    parser.add_argument("--latents", type=Path, metavar="OUT.npz", help="write y_hat, z and symbols of each component")


def selection(arguments: argparse.Namespace) -> Selection:
    """What the options ask for. Raises UsageError where they contradict each other."""
    if arguments.region is not None and (arguments.latents is not None or arguments.dump is not None):
        raise UsageError("--region: tensors of a part are not written; leave out --dump and --latents")
    if arguments.channels is not None and arguments.dump is not None:
        raise UsageError("--channels: symbols that are not decoded have no digest; leave out --dump")
    if arguments.latents is not None and arguments.latents.suffix.lower() != ".npz":
        raise UsageError(f"{arguments.latents}: latents are written as .npz")
    return Selection(
        arguments.region, arguments.channels, arguments.luma, arguments.conceal, not arguments.no_filters
    )


def damage_lines(decoded: Decoded) -> Iterator[str]:
    """What was concealed, one line each."""
    if decoded.ended is not None:
        yield f"reading ended early: {decoded.ended}"
    yield from (f"concealed: {one}" for one in decoded.damage)


def write_latents(path: Path, decoded: Decoded) -> None:
    """component0.y_hat float32 [C_y, h, w], component0.z int8, component0.symbols int32, ... Raises OutputError."""
    tensors = {}
    for index, (symbols, latents) in enumerate(zip(decoded.symbols, decoded.latents, strict=True)):
        tensors |= {
            f"component{index}.y_hat": latents.y_hat,
            f"component{index}.z": symbols.z,
            f"component{index}.symbols": symbols.symbols,
        }
    with atomic_write(path) as file:
        np.savez(file, **tensors)


def _rectangle(text: str) -> Region:
    parts = text.split(",")
    try:
        left, top, width, height = (int(part) for part in parts)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; expected X,Y,W,H in samples") from None
    if min(left, top) < 0 or min(width, height) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; X, Y are at least 0, W, H at least 1")
    return Region(top, left, top + height, left + width)
