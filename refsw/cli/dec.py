# SPDX-License-Identifier: BSD-3-Clause-Clear
"""`refsw-dec IN.jai -o OUT.png`: decode a codestream."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from refsw import __version__, syntax
from refsw.cli.common import Parser, check_paths, guarded, naming, write_report
from refsw.cli.dump import check_dump, write_dump
from refsw.cli.partial import add_partial, damage_lines, selection, write_latents
from refsw.decode.select import WHOLE, displayed
from refsw.decode.verify import verify_planes
from refsw.errors import UsageError
from refsw.io import check_picture_name, read_bytes, write_image
from refsw.memory import check_memory
from refsw.syntax.budget import memory_bytes
from refsw.types import digest

# The whole codestream is held in memory; the level of its header then bounds everything else.
_MAXIMUM_BYTES = 1 << 28

_DESCRIPTION = """Decodes a codestream to PNG or Netpbm.

  refsw-dec photo.jai -o photo.png
  refsw-dec photo.jai -o photo.png --dump stages      every stage as .npy, with digests
  refsw-dec map.jai -o part.png --region 4096,2048,1024,1024
  refsw-dec damaged.jai -o photo.png --conceal        what can be shown is shown, and damage is listed"""


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return guarded("refsw-dec", _decode, argv)


def _parser() -> Parser:
    parser = Parser("refsw-dec", _DESCRIPTION)
    parser.add_argument("input", type=Path, metavar="IN.jai", help="codestream")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT", required=True, help="picture, .png or .ppm")
    parser.add_argument("--operating-point", choices=("sop", "bop", "hop"),
                        help="synthesis transform (default: the first that the codestream lists)")  # fmt: skip
    parser.add_argument("--exact", nargs="?", const="auto", choices=("auto", "float64", "oracle"),
                        help="decode to the same samples on every machine; the value names the arithmetic")  # fmt: skip
    parser.add_argument("--verify", action="store_true",
                        help="with --exact: compare the picture with the checksums in the codestream")  # fmt: skip
    add_partial(parser)
    parser.add_argument("--dump", type=Path, metavar="DIR", help="write every stage into this folder")
    parser.add_argument("--report", type=Path, metavar="R.json", help="write what was done, and its time")
    parser.add_machine()
    return parser


def _decode(argv: Sequence[str]) -> None:
    begin = time.perf_counter()
    arguments = _parser().parse_args(argv)
    check_picture_name(arguments.output)
    check_paths(arguments.input, (arguments.output, arguments.report, arguments.latents))
    chosen = selection(arguments)
    if arguments.verify and (arguments.exact is None or chosen != WHOLE or arguments.operating_point):
        raise UsageError("--verify: needs --exact, the whole picture, and the codestream's own operating point")
    data = read_bytes(arguments.input, maximum=_MAXIMUM_BYTES)
    if arguments.dump is not None:
        check_dump(arguments.dump)
    with naming(arguments.input):
        found = syntax.salvage(data).codestream if chosen.conceal else syntax.read(data)
        header = found.picture_header  # most of what is wrong is found here, before torch is loaded
        displayed(header, chosen)
        check_memory(memory_bytes(header), header.coded_width, header.coded_height)

        from refsw.decode.picture import decode_picture
        from refsw.numerics import numerics

        with numerics(arguments.threads, arguments.device) as record:
            decoded = decode_picture(
                data, operating_point=arguments.operating_point, device=arguments.device, selection=chosen,
                keep=arguments.dump is not None or arguments.latents is not None,
                exact=arguments.exact,
            )  # fmt: skip
        if arguments.verify:
            verify_planes(decoded.codestream, decoded.image)
    for line in damage_lines(decoded):
        print(f"refsw-dec: warning: {arguments.input}: {line}", file=sys.stderr)
    if arguments.latents is not None:
        write_latents(arguments.latents, decoded)
    if arguments.dump is not None:
        write_dump(arguments.dump, decoded)
    write_image(arguments.output, decoded.image)
    if arguments.report is not None:
        content = {
            "program": f"refsw-dec {__version__}",
            "arguments": list(argv),
            "input": {"path": arguments.input, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()},
            "output": {
                "path": arguments.output,
                "width": decoded.image.width,
                "height": decoded.image.height,
                "channels": decoded.image.channels,
                "digest": digest(decoded.image.samples),
            },
            "decoder": decoded.report,
            "exact": arguments.exact,
            "verified": arguments.verify,
            "damage": decoded.damage,
            "numerics": record,
            "seconds": time.perf_counter() - begin,
        }
        write_report(arguments.report, content)


if __name__ == "__main__":
    sys.exit(main())
