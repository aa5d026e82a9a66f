# SPDX-License-Identifier: BSD-3-Clause-Clear
"""`refsw-enc IN -o OUT.jai`: encode a picture."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from refsw import __version__
from refsw.cli.common import Parser, check_paths, guarded, naming, number, write_report
from refsw.config import load_config
from refsw.io import check_picture_name, read_image, write_bytes, write_image
from refsw.types import digest

_DESCRIPTION = """Encodes a picture (any format that Pillow reads, 8-bit grey or RGB).

  refsw-enc photo.png -o photo.jai                    configuration cfg/base.yaml, its quality
  refsw-enc photo.png -o photo.jai --bpp 0.5          0.5 bits per pixel, counted on the file
  refsw-enc photo.png -o photo.jai --set coding.digest=false"""


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return guarded("refsw-enc", _encode, argv)


def _parser() -> Parser:
    parser = Parser("refsw-enc", _DESCRIPTION)
    parser.add_argument("input", type=Path, metavar="IN", help="picture")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT.jai", required=True, help="codestream")
    parser.add_argument("-c", "--config", default="cfg/base.yaml", metavar="FILE",
                        help="configuration: a file or a shipped name (default: cfg/base.yaml)")  # fmt: skip
    rate = parser.add_mutually_exclusive_group()
    rate.add_argument("--quality", type=number(float, 0, 100), metavar="Q", help="0 (smallest) to 100 (best)")
    rate.add_argument("--bpp", type=number(float, 1e-4, 1000), metavar="B", help="target in bits per pixel")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides",
                        help="change one value of the configuration; recorded in the report")  # fmt: skip
    parser.add_argument("--rec", type=Path, metavar="REC.png", help="write what a decoder will show")
    parser.add_argument("--report", type=Path, metavar="R.json", help="write what was chosen, and what it cost")
    parser.add_machine()
    return parser


def _encode(argv: Sequence[str]) -> None:
    begin = time.perf_counter()
    arguments = _parser().parse_args(argv)
    rec, report = arguments.rec, arguments.report
    if rec is not None:
        check_picture_name(rec)
    config = load_config(arguments.config, arguments.overrides)
    check_paths(arguments.input, (arguments.output, rec, report))
    image = read_image(arguments.input)
    from refsw.api import encode_picture  # torch, loaded once everything else is known to be right
    from refsw.numerics import numerics

    with numerics(arguments.threads, arguments.device) as record, naming(arguments.input):
        encoded = encode_picture(
            image, config, quality=arguments.quality, bpp=arguments.bpp, device=arguments.device,
            reconstruct=rec is not None or report is not None,
        )  # fmt: skip
    if rec is not None and encoded.reconstruction is not None:
        write_image(rec, encoded.reconstruction)
    write_bytes(arguments.output, encoded.data)
    if report is not None:
        content = {
            "program": f"refsw-enc {__version__}",
            "arguments": list(argv),
            "input": {
                "path": arguments.input,
                "width": image.width,
                "height": image.height,
                "channels": image.channels,
                "digest": digest(image.samples),
            },
            "output": {
                "path": arguments.output,
                "bytes": len(encoded.data),
                "bpp": 8 * len(encoded.data) / (image.width * image.height),
                "sha256": hashlib.sha256(encoded.data).hexdigest(),
                "reconstruction_digest": digest(shown.samples) if (shown := encoded.reconstruction) else None,
            },
            "quality": arguments.quality,
            "bpp": arguments.bpp,
            "config": config.to_dict(),
            "encoder": encoded.report,
            "numerics": record,
            "seconds": time.perf_counter() - begin,
        }
        write_report(report, content)


if __name__ == "__main__":
    sys.exit(main())
