# SPDX-License-Identifier: BSD-3-Clause-Clear
"""`refsw-dec IN.jai -o OUT.png`: decode a codestream (.jai, or .jaif), or many."""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from refsw import __version__, container, syntax
from refsw.cli.batch import Kind, add_batch, is_batch, refuse_in_batch, run_batch
from refsw.cli.common import Parser, check_paths, guarded, naming, number, write_report
from refsw.cli.dump import check_dump, write_dump
from refsw.cli.partial import add_partial, damage_lines, selection, write_latents
from refsw.cli.tools import add_plugins, toolbox
from refsw.cli.workers import Done, Session, Task
from refsw.decode.lossless import applies
from refsw.decode.realism import BYTES_PER_SAMPLE, check_realism
from refsw.decode.select import WHOLE, Selection, displayed
from refsw.decode.tools import active, told
from refsw.decode.verify import verify_planes
from refsw.errors import UsageError
from refsw.io import PictureWarning, check_picture_name, read_bytes, write_image
from refsw.memory import check_memory
from refsw.syntax.budget import decoder_memory_bytes, lossless_memory_bytes
from refsw.syntax.resolution import shown_header
from refsw.tools.toolbox import Toolbox
from refsw.types import digest

# The whole codestream is held in memory; the level of its header then bounds everything else.
_MAXIMUM_BYTES = 1 << 28

_DESCRIPTION = """Decodes a codestream to PNG or Netpbm.

  refsw-dec photo.jai -o photo.png
  refsw-dec photo.jai -o photo.png --dump stages      every stage as .npy, with digests
  refsw-dec map.jai -o part.png --region 4096,2048,1024,1024
  refsw-dec photo.jai -o photo.png --realism 0.6      with likely detail where the file has none
  refsw-dec damaged.jai -o photo.png --conceal        what can be shown is shown, and damage is listed
  refsw-dec coded/ -o shown --jobs 2                  many codestreams; outputs that exist are skipped"""

_KIND = Kind("refsw-dec", (".jai", ".jaif"), ".png")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return guarded("refsw-dec", _decode, argv)


def _parser() -> Parser:
    parser = Parser("refsw-dec", _DESCRIPTION)
    parser.add_argument("inputs", nargs="+", metavar="IN.jai", help="codestreams (.jai, .jaif), folders, patterns")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT", required=True,
                        help="picture, .png or .ppm; of many: a folder, or {stem}, {name}, {folder}")  # fmt: skip
    add_batch(parser)
    parser.add_argument("--operating-point", choices=("sop", "bop", "hop"),
                        help="synthesis transform (default: the first that the codestream lists)")  # fmt: skip
    parser.add_argument("--exact", nargs="?", const="auto", choices=("auto", "float64", "oracle"),
                        help="decode to the same samples on every machine; the value names the arithmetic")  # fmt: skip
    parser.add_argument("--verify", action="store_true",
                        help="with --exact: compare the picture with the checksums in the codestream")  # fmt: skip
    parser.add_argument("--lossy", action="store_true",
                        help="leave the lossless layer aside, and show the picture under it")  # fmt: skip
    parser.add_argument("--realism", type=number(float, 0, 1), default=0.0, metavar="0..1",
                        help="draw likely detail: 0 is nearest to the source, 1 looks most natural")  # fmt: skip
    add_partial(parser)
    add_plugins(parser)
    parser.add_argument("--dump", type=Path, metavar="DIR", help="write every stage into this folder")
    parser.add_argument("--report", type=Path, metavar="R.json", help="write what was done, and its time")
    parser.add_machine()
    return parser


def _decode(argv: Sequence[str]) -> None:
    arguments = _parser().parse_args(argv)
    work = _Work(arguments, tuple(argv), selection(arguments))
    if arguments.verify and (arguments.exact is None or work.selection != WHOLE or arguments.operating_point):
        raise UsageError("--verify: needs --exact, the whole picture, and the codestream's own operating point")
    if arguments.realism and arguments.exact is not None:
        raise UsageError("--realism: is not for --exact, whose samples are the same on every machine and in every use")
    if arguments.verify and arguments.lossy:
        raise UsageError("--verify: the checksums are those of the picture with its lossless layer; leave out --lossy")
    if is_batch(arguments.inputs, arguments.output):
        refuse_in_batch(arguments, ("dump", "latents"))
        if "{" in str(arguments.output):
            check_picture_name(arguments.output)
        run_batch(arguments, work, _KIND, argv)
        return
    task = Task(Path(arguments.inputs[0]), arguments.output)
    check_picture_name(task.target)
    check_paths(task.source, (task.target, arguments.report, arguments.latents))
    if arguments.dump is not None:
        check_dump(arguments.dump)
    done = work.open()(task)
    if arguments.report is not None:
        write_report(arguments.report, done.report)


@dataclass(frozen=True)
class _Work:
    """Everything that the command line says."""

    arguments: argparse.Namespace
    argv: tuple[str, ...]
    selection: Selection

    def open(self) -> Session:
        """Codestreams of one model after the other share it."""
        return _Decoding(self)


class _Decoding:
    def __init__(self, work: _Work) -> None:
        self.work = work
        self.model: Any = None
        self.named: tuple[int, bytes] | None = None
        self.toolbox: Toolbox | None = None

    def __call__(self, task: Task) -> Done:
        begin = time.perf_counter()
        arguments, chosen = self.work.arguments, self.work.selection
        data = read_bytes(task.source, maximum=_MAXIMUM_BYTES)
        with naming(task.source):
            file = container.opened(data, conceal=chosen.conceal)
            found = syntax.salvage(file.codestream).codestream if chosen.conceal else syntax.read(file.codestream)
            header = found.picture_header  # most of what is wrong is found here, before torch is loaded
            shown = shown_header(found)
            displayed(shown, chosen)
            self.toolbox = self.toolbox or toolbox(arguments)
            complete = active(told(found, self.toolbox), chosen.filters, chosen.luma).complete
            layer = applies(found, chosen) and complete and not arguments.lossy
            check_realism(arguments.realism, arguments.exact, layer)
            needed = decoder_memory_bytes(found) + (lossless_memory_bytes(header) if layer else 0)
            if arguments.realism:
                needed += BYTES_PER_SAMPLE * header.coded_width * header.coded_height
            check_memory(needed, shown.width, shown.height)

            from refsw.decode.picture import decode_picture, load_model
            from refsw.numerics import numerics

            with numerics(arguments.threads, arguments.device) as record:
                if self.named != (header.model_id, header.model_digest):
                    self.model, self.named = load_model(header), (header.model_id, header.model_digest)
                decoded = decode_picture(
                    file.codestream, operating_point=arguments.operating_point, device=arguments.device,
                    selection=chosen,
                    keep=arguments.dump is not None or arguments.latents is not None,
                    exact=arguments.exact, model=self.model, lossy=arguments.lossy,
                    realism=arguments.realism, toolbox=self.toolbox,
                )  # fmt: skip
            if arguments.verify:
                verify_planes(decoded.codestream, decoded.image)
        for line in damage_lines(decoded):
            warnings.warn(f"{task.source}: {line}", PictureWarning, stacklevel=2)
        if arguments.latents is not None:
            write_latents(arguments.latents, decoded)
        if arguments.dump is not None:
            write_dump(arguments.dump, decoded)
        image = replace(decoded.image, metadata=file.in_picture(decoded.image.metadata))
        write_image(task.target, image)
        report = {
            "program": f"refsw-dec {__version__}",
            "arguments": list(self.work.argv),
            "input": {"path": task.source, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()},
            "output": {
                "path": task.target,
                "width": image.width,
                "height": image.height,
                "channels": image.channels,
                "digest": digest(image.samples),
            },
            "decoder": decoded.report,
            "exact": arguments.exact,
            "realism": arguments.realism,
            "lossless": decoded.lossless,
            "tools": decoded.tools,
            "verified": arguments.verify,
            "damage": decoded.damage,
            "numerics": record,
            "seconds": time.perf_counter() - begin,
        }
        return Done(f"{task.source} -> {task.target}: {image.width} x {image.height}", report)


if __name__ == "__main__":
    sys.exit(main())
