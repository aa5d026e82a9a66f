# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Command line: decodes one codestream to raw planes and a result file. Exit codes 0, 2, 3, 4, 5, 6 as in README.md."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from conformance.independent.errors import DecodingError
from conformance.independent.headers import GREY, NO_TRANSFORM
from conformance.independent.picture import POINTS, Decoded, decode_picture, stored

VERSION = "1"
ROOT = Path(__file__).resolve().parents[2]
FORMATS = ("4:0:0", "4:2:0", "4:2:2", "4:4:4")


def parser(
    program: str = "conformance.independent",
    description: str = "Decodes a codestream picture-exactly, in NumPy alone, to raw planes.",
) -> argparse.ArgumentParser:
    """Arguments of the command."""
    made = argparse.ArgumentParser(prog=f"python -m {program}", description=description)
    made.add_argument("stream", metavar="STREAM", type=Path, help="codestream")
    made.add_argument("--output", type=Path, required=True, help="raw planes, one after the other, little-endian")
    made.add_argument("--result", type=Path, help="geometry of the planes, JSON")
    made.add_argument("--operating-point", choices=POINTS.values(), help="synthesis transform, of those listed")
    made.add_argument("--dump", metavar="DIR", type=Path, help="write every stage into this folder")
    made.add_argument("--models", type=Path, default=ROOT / "refsw" / "models", help="folder of model packages")
    made.add_argument("--spec", type=Path, default=specification(), help="folder of the specification's data")
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    given = parser().parse_args(arguments)

    def decode(data: bytes) -> Decoded:
        return decode_picture(data, given.models, given.spec, given.operating_point, given.dump is not None)

    return run(given, "conformance.independent", decode)


def run(given: argparse.Namespace, program: str, decode: Callable[[bytes], Decoded]) -> int:
    """Reads, decodes and writes what the arguments say; returns the exit code."""
    try:
        data = given.stream.read_bytes()
    except OSError as error:
        print(f"{given.stream}: {error.strerror}", file=sys.stderr)
        return 3
    try:
        decoded = decode(data)
    except DecodingError as error:
        print(f"{given.stream}: {error}", file=sys.stderr)
        return error.exit_code
    shown = [*decoded.planes, *([] if decoded.alpha is None else [decoded.alpha])]
    raw = b"".join(
        stored(plane, decoded.header.bit_depth).astype("<u1" if decoded.header.bit_depth == 8 else "<u2").tobytes()
        for plane in shown
    )
    try:
        write_whole(given.output, raw)
        if decoded.stages:
            decoded.stages.save(given.dump)
        if given.result:
            write_whole(given.result, (json.dumps(result(decoded, program), indent=1) + "\n").encode())
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 4
    return 0
