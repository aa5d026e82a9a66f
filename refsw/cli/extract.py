# SPDX-License-Identifier: BSD-3-Clause-Clear
"""`refsw-extract IN.jai -o OUT.jai`: a codestream with less in it."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from refsw import container, syntax
from refsw.cli.common import Parser, check_paths, guarded, is_container, naming, number
from refsw.errors import RefswError
from refsw.io import read_bytes, write_bytes
from refsw.syntax import surgery
from refsw.syntax.headers import Codestream

_MAXIMUM_BYTES = 1 << 28
_PARTS: dict[str, Callable[[Codestream], Codestream]] = {
    "tools": surgery.without_tools,
    "metadata": surgery.without_metadata,
    "extensions": surgery.without_extensions,
    "user-data": surgery.without_user_data,
    "digests": surgery.without_digests,
    "lossless": surgery.without_lossless,
}
_DESCRIPTION = """Takes parts out of a codestream; sizes, counts and digests of what is left are put right.

  refsw-extract map.jai -o part.jai --drop-regions 0,2-5     regions become absent: refsw-dec --conceal
  refsw-extract photo.jai -o small.jai --channels 64         the first 64 latent channels of each component
  refsw-extract photo.jai -o bare.jai --drop metadata,extensions
  refsw-extract photo.jaif -o photo.jai                      out of its boxes; the other way round puts it in"""


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return guarded("refsw-extract", _extract, argv)


def _parser() -> Parser:
    parser = Parser("refsw-extract", _DESCRIPTION)
    parser.add_argument("input", type=Path, metavar="IN.jai", help="codestream, .jai or .jaif")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT.jai", required=True,
                        help="codestream, .jai or .jaif")  # fmt: skip
    parser.add_argument("--drop", type=_names, default=(), metavar="PART,...", help=f"of {', '.join(_PARTS)}")
    parser.add_argument("--drop-regions", type=_indices, default=frozenset(), metavar="LIST", help="such as 0,2-5")
    parser.add_argument("--channels", type=number(int, 0, 1023), metavar="N",
                        help="keep the first N latent channels of each component; needs the model")  # fmt: skip
    return parser


def _extract(argv: Sequence[str]) -> None:
    arguments = _parser().parse_args(argv)
    check_paths(arguments.input, (arguments.output,))
    data = read_bytes(arguments.input, maximum=_MAXIMUM_BYTES)
    with naming(arguments.input):
        codestream = syntax.read(container.whole(data))
        if arguments.channels is not None:
            from refsw.decode.picture import load_model
            from refsw.encode.channels import without_channels

            codestream = without_channels(codestream, load_model(codestream.picture_header), arguments.channels)
        codestream = surgery.without_regions(codestream, arguments.drop_regions)
        for name in arguments.drop:
            codestream = _PARTS[name](codestream)
        left = syntax.write(codestream)
        written = container.wrapped(left) if is_container(arguments.output) else left
    if violations := syntax.validate(left):
        raise RefswError(f"{arguments.input}: what is left is not valid: {violations[0].error()}")
    write_bytes(arguments.output, written)
    print(f"{arguments.input} -> {arguments.output}: {len(data)} -> {len(written)} bytes")


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    for name in names:
        if name not in _PARTS:
            raise argparse.ArgumentTypeError(f"{name!r} is not allowed; allowed: {', '.join(_PARTS)}")
    return names


def _indices(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", part)
        if match is None:
            raise argparse.ArgumentTypeError(f"{part!r} is not allowed; expected regions such as 0,2-5")
        first = int(match[1])
        found |= set(range(first, int(match[2] or first) + 1))
    return frozenset(found)


if __name__ == "__main__":
    sys.exit(main())
