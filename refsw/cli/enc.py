# SPDX-License-Identifier: BSD-3-Clause-Clear
"""`refsw-enc IN -o OUT.jai`: encode a picture, or many."""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from refsw import __version__, container
from refsw.cli.average import average_quality
from refsw.cli.batch import Kind, add_batch, is_batch, plan, refuse_in_batch, run_batch
from refsw.cli.common import Parser, check_paths, guarded, is_container, naming, number, write_report
from refsw.cli.formats import add_formats, geometry, transform, with_wanted_metadata
from refsw.cli.interest import add_regions_of_interest, quality_steps
from refsw.cli.tools import add_plugins, tool_list, toolbox
from refsw.cli.workers import Done, Session, Task
from refsw.config import Config, load_config
from refsw.errors import UsageError
from refsw.io import check_picture_name, read_image, write_bytes, write_image
from refsw.types import digest

_DESCRIPTION = """Encodes a picture (docs/user/formats.md lists the formats).

  refsw-enc photo.png -o photo.jai                    configuration cfg/base.yaml, its quality
  refsw-enc photo.png -o photo.jaif                   the same inside a file of boxes, with its metadata
  refsw-enc photo.png -o photo.jai --bpp 0.5          0.5 bits per pixel, counted on the codestream
  refsw-enc photo.png -o photo.jai --psnr 36          the quality that gives 36 dB
  refsw-enc photo.png -o photo.jai --set coding.digest=false
  refsw-enc photo.png -o photo.jai --lossless         every sample comes back
  refsw-enc photos/ 'more/*.png' -o coded --jobs 2    many pictures; outputs that exist are skipped
  refsw-enc --list-tools                              coding tools, and how to turn them on and off"""

MOST_STEPS = 100000
"""Of a refinement that time alone ends."""
_KIND = Kind(
    "refsw-enc",
    (".png", ".ppm", ".pgm", ".pnm", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".avif", ".bmp", ".jp2", ".pgx",
     ".pam"),
    ".jai",
)


_TARGETS: tuple[Literal["bpp", "bytes", "psnr", "msssim"], ...] = ("bpp", "bytes", "psnr", "msssim")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return guarded("refsw-enc", _encode, argv)


def _parser() -> Parser:
    parser = Parser("refsw-enc", _DESCRIPTION)
    parser.add_argument("inputs", nargs="+", metavar="IN", help="pictures, folders of pictures, patterns")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT.jai", required=True,
                        help=".jai or .jaif; of many: a folder, or a name with {stem}, {name}, {folder}")  # fmt: skip
    add_batch(parser)
    add_formats(parser)
    parser.add_argument("-c", "--config", default="cfg/base.yaml", metavar="FILE",
                        help="configuration: a file or a shipped name (default: cfg/base.yaml)")  # fmt: skip
    rate = parser.add_mutually_exclusive_group()
    rate.add_argument("--quality", type=number(float, 0, 100), metavar="Q", help="0 (smallest) to 100 (best)")
    rate.add_argument("--bpp", type=number(float, 1e-4, 1000), metavar="B", help="target in bits per pixel")
    rate.add_argument("--average-bpp", type=number(float, 1e-4, 1000), metavar="B",
                      help="many files: one quality for all, at which all together have B bits per pixel")  # fmt: skip
    rate.add_argument("--bytes", type=number(int, 1, 1 << 40), metavar="N", help="target in bytes of the file")
    rate.add_argument("--psnr", type=number(float, 1, 99), metavar="DB", help="target in dB over all samples")
    rate.add_argument("--msssim", type=number(float, 0.01, 0.99999), metavar="X", help="target of MS-SSIM of luma")
    parser.add_argument("--lossless", action="store_true",
                        help="every sample comes back; --quality is that of the picture under the layer")  # fmt: skip
    parser.add_argument("--refine", type=number(int, 0, MOST_STEPS), metavar="N",
                        help="refine symbols in N steps: slower, smaller (refine.iterations)")  # fmt: skip
    parser.add_argument("--refine-seconds", type=number(float, 0.001, 1e6), metavar="S",
                        help="and end after S seconds (refine.seconds, 60); alone: as many steps as fit")  # fmt: skip
    add_regions_of_interest(parser)
    add_plugins(parser)
    parser.add_argument("--list-tools", action="store_true", help="list coding tools, and encode nothing")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides",
                        help="change one value of the configuration; recorded in the report")  # fmt: skip
    parser.add_argument("--rec", type=Path, metavar="REC.png", help="write what a decoder will show")
    parser.add_argument("--report", type=Path, metavar="R.json", help="write what was chosen, and what it cost")
    parser.add_machine()
    return parser


def _encode(argv: Sequence[str]) -> None:
    if "--list-tools" in argv:
        print(tool_list(argv))
        return
    arguments = _parser().parse_args(argv)
    geometry(arguments)  # so that wrong options are named before anything is read
    work = _Work(arguments, tuple(argv), load_config(arguments.config, _overrides(arguments)), arguments.quality)
    if arguments.lossless and any(getattr(arguments, name) is not None for name in (*_TARGETS, "average_bpp")):
        raise UsageError("--lossless: has no target; --quality is that of the picture under the layer")
    if is_batch(arguments.inputs, arguments.output):
        refuse_in_batch(arguments, ("rec", "roi", "roi_rect"))
        if arguments.average_bpp is not None:
            tasks = plan(arguments.inputs, arguments.output, _KIND)
            quality = average_quality(tasks, work, arguments.average_bpp, arguments.jobs)
            print(f"quality {quality:g} for an average of {arguments.average_bpp:g} bpp", flush=True)
            work = replace(work, quality=quality)
        run_batch(arguments, work, _KIND, argv)
        return
    if arguments.average_bpp is not None:
        raise UsageError("--average-bpp: is for many files; --bpp is the target of one")
    task = Task(Path(arguments.inputs[0]), arguments.output)
    if arguments.rec is not None:
        check_picture_name(arguments.rec)
    check_paths(task.source, (task.target, arguments.rec, arguments.report))
    done = work.open()(task)
    if arguments.report is not None:
        write_report(arguments.report, done.report)


def _overrides(arguments: argparse.Namespace) -> list[str]:
    """What --set and the options that stand for it change."""
    steps = MOST_STEPS if arguments.refine is None and arguments.refine_seconds is not None else arguments.refine
    named = {"refine.iterations": steps, "refine.seconds": arguments.refine_seconds}
    return [*arguments.overrides, *(f"{key}={value}" for key, value in named.items() if value is not None)]


def _target(arguments: argparse.Namespace) -> Any:
    """The target of the command line, None where there is none."""
    from refsw.encode.rate import Target

    return next((Target(k, getattr(arguments, k)) for k in _TARGETS if getattr(arguments, k) is not None), None)


@dataclass(frozen=True)
class _Work:
    """Everything that the command line says; quality: 0..100, None where the configuration or a target decides."""

    arguments: argparse.Namespace
    argv: tuple[str, ...]
    config: Config
    quality: float | None

    def open(self) -> Session:
        """Pictures are encoded with one model, loaded once the first picture has been read."""
        return _Encoding(self)


class _Encoding:
    def __init__(self, work: _Work) -> None:
        self.work = work
        self.model: Any = None
        self.toolbox = toolbox(work.arguments)

    def __call__(self, task: Task) -> Done:
        begin = time.perf_counter()
        arguments, config = self.work.arguments, self.work.config
        image = with_wanted_metadata(arguments, read_image(task.source, geometry(arguments)), task.source)
        from refsw.api import encode_picture  # torch, loaded once everything else is known to be right
        from refsw.encode.picture import load_model
        from refsw.numerics import numerics

        target = _target(arguments)
        with numerics(arguments.threads, arguments.device) as record, naming(task.source):
            self.model = self.model or load_model(config)
            encoded = encode_picture(
                image, config, quality=self.work.quality, target=target, device=arguments.device,
                model=self.model,
                reconstruct=arguments.rec is not None or arguments.report is not None,
                colours=transform(arguments, image), lossless=arguments.lossless,
                steps=quality_steps(arguments, image), toolbox=self.toolbox,
            )  # fmt: skip
        shown = encoded.reconstruction
        if arguments.rec is not None and shown is not None:
            write_image(arguments.rec, shown)
        data = container.wrapped(encoded.data) if is_container(task.target) else encoded.data
        write_bytes(task.target, data)
        bpp = 8 * len(data) / (image.width * image.height)
        seconds = time.perf_counter() - begin
        report = {
            "program": f"refsw-enc {__version__}",
            "arguments": list(self.work.argv),
            "input": {
                "path": task.source,
                "width": image.width,
                "height": image.height,
                "channels": image.channels,
                "digest": digest(image.samples),
            },
            "output": {
                "path": task.target,
                "bytes": len(data),
                "bpp": bpp,
                "sha256": hashlib.sha256(data).hexdigest(),
                "reconstruction_digest": digest(shown.samples) if shown else None,
            },
            "quality": self.work.quality,
            "target": target,
            "config": config.to_dict(),
            "encoder": encoded.report,
            "numerics": record,
            "seconds": seconds,
        }
        return Done(f"{task.source} -> {task.target}: {len(data)} bytes, {bpp:.3f} bpp", report)


if __name__ == "__main__":
    sys.exit(main())
