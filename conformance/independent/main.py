# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Command line: decodes codestreams to raw planes and result files. Exit codes 0, 2, 3, 4, 6 as in README.md."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.independent.errors import DecodingError
from conformance.independent.headers import GREY, NO_TRANSFORM
from conformance.independent.library import Library
from conformance.independent.picture import POINTS, Decoded, decode_picture
from conformance.independent.planes import stored

VERSION = "1"
PROGRAM = "conformance.independent"
ROOT = Path(__file__).resolve().parents[2]
FORMATS = ("4:0:0", "4:2:0", "4:2:2", "4:4:4")


@dataclass(frozen=True)
class Job:
    """One codestream, and where to write what."""

    stream: Path
    output: Path
    result: Path | None
    operating_point: str | None
    dump: Path | None


Decoder = Callable[[bytes, str | None, bool], Decoded]
"""Takes a codestream, an operating point or None, and whether stages are kept."""


def parser(
    program: str = PROGRAM, description: str = "Decodes a codestream picture-exactly, in NumPy alone, to raw planes."
) -> argparse.ArgumentParser:
    """Arguments of the command."""
    made = argparse.ArgumentParser(prog=f"python -m {program}", description=description)
    made.add_argument("stream", metavar="STREAM", nargs="?", type=Path, help="codestream")
    made.add_argument("--output", type=Path, help="raw planes, one after the other, little-endian")
    made.add_argument("--result", type=Path, help="geometry of the planes, JSON")
    made.add_argument("--operating-point", choices=POINTS.values(), help="synthesis transform, of those listed")
    made.add_argument("--dump", metavar="DIR", type=Path, help="write every stage into this folder")
    made.add_argument("--models", type=Path, default=ROOT / "refsw" / "models", help="folder of model packages")
    made.add_argument("--spec", type=Path, default=specification(), help="folder of the specification's data")
    made.add_argument("--serve", action="store_true", help="jobs as JSON lines on standard input, {exit} lines back")
    made.add_argument("--version", action="version", version=f"{program} {VERSION}")
    return made


def specification() -> Path:
    """Where the data of the specification lie: beside this package, or as they are installed with the reference."""
    beside = ROOT / "spec"
    return beside if beside.is_dir() else ROOT / "refsw" / "_data" / "spec"


def result(decoded: Decoded, program: str) -> dict[str, Any]:
    """What the runner needs to read the raw planes."""
    header = decoded.header
    names = ["Y"] if header.source_chroma_format_idc == GREY else ["Y", "Cb", "Cr"]
    return {
        "status": "decoded",
        "width": header.display_width,
        "height": header.display_height,
        "bit_depth": header.bit_depth,
        "chroma_format": FORMATS[header.source_chroma_format_idc],
        "components": names if header.colour_transform_idc == NO_TRANSFORM else ["R", "G", "B"],
        "alpha": decoded.alpha is not None,
        "decoder": {"name": program, "version": VERSION},
    }


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file that appears whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def run(job: Job, program: str, decode: Decoder) -> int:
    """Decodes one codestream; returns the exit code."""
    try:
        data = job.stream.read_bytes()
    except OSError as error:
        print(f"{job.stream}: {error.strerror}", file=sys.stderr)
        return 3
    try:
        decoded = decode(data, job.operating_point, job.dump is not None)
    except DecodingError as error:
        print(f"{job.stream}: {error}", file=sys.stderr)
        return error.exit_code
    shown = [*decoded.planes, *([] if decoded.alpha is None else [decoded.alpha])]
    kind = "<u1" if decoded.header.bit_depth == 8 else "<u2"
    raw = b"".join(stored(plane, decoded.header.bit_depth).astype(kind).tobytes() for plane in shown)
    try:
        write_whole(job.output, raw)
        if decoded.stages and job.dump:
            decoded.stages.save(job.dump)
        if job.result:
            write_whole(job.result, (json.dumps(result(decoded, program), indent=1) + "\n").encode())
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 4
    return 0


def serve(program: str, decode: Decoder) -> int:
    """One job for each line of standard input; answers on standard output, until the input ends."""
    for line in sys.stdin:
        asked = json.loads(line)
        places = [Path(asked[name]) if asked[name] else None for name in ("result", "stages")]
        job = Job(Path(asked["stream"]), Path(asked["output"]), places[0], asked["operating_point"], places[1])
        print(json.dumps({"exit": run(job, program, decode)}), flush=True)
    return 0


def execute(made: argparse.ArgumentParser, given: argparse.Namespace, program: str, decode: Decoder) -> int:
    """Does what the arguments say; returns the exit code."""
    if given.serve:
        return serve(program, decode)
    if given.stream is None or given.output is None:
        made.error("STREAM and --output are needed")
    job = Job(given.stream, given.output, given.result, given.operating_point, given.dump)
    return run(job, program, decode)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    made = parser()
    made.add_argument("--base", action="store_true", help="leave lossless layers aside")
    given = made.parse_args(arguments)
    library = Library(given.models, given.spec)

    def decode(data: bytes, wanted: str | None, keep: bool) -> Decoded:
        return decode_picture(data, library, wanted, keep, given.base)

    return execute(made, given, PROGRAM, decode)
