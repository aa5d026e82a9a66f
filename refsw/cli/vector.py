# SPDX-License-Identifier: BSD-3-Clause-Clear
"""`python -m refsw.cli.vector STREAM --output PLANES.raw --result result.json`: the decoder under `refsw-conform`.

Decodes picture-exactly, or with --float as `refsw-dec` does. The output is raw planes with alpha as the last one, the
result says what they are, and exit codes are those of refsw-dec. With --serve it reads one JSON object per line,
{"stream", "output", "result", "operating_point", "stages"}, and answers {"exit": CODE}: docs/vendor/adapter.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from refsw import __version__, syntax
from refsw.cli.common import Parser, guarded, naming, verdict
from refsw.cli.dump import write_dump
from refsw.decode.verify import verify_planes
from refsw.errors import UsageError
from refsw.io.files import read_bytes, write_bytes
from refsw.io.raw import geometry_of, raw_from_image
from refsw.memory import check_memory
from refsw.syntax.budget import decoder_memory_bytes
from refsw.syntax.resolution import shown_header
from refsw.types import Image

_MAXIMUM_BYTES = 1 << 28
_LINE_BYTES = 1 << 16


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return guarded("refsw-vector", _work, argv)


def _parser() -> Parser:
    parser = Parser("refsw-vector", "Decodes one conformance vector to raw planes, or many with --serve.")
    parser.add_argument("stream", nargs="?", type=Path, metavar="STREAM")
    parser.add_argument("--output", type=Path, metavar="PLANES.raw")
    parser.add_argument("--result", type=Path, metavar="RESULT.json")
    parser.add_argument("--operating-point", choices=("sop", "bop", "hop"))
    parser.add_argument("--dump", type=Path, metavar="DIR", help="write every stage into this folder")
    parser.add_argument("--float", action="store_true", help="float networks instead of picture-exact ones")
    parser.add_argument("--lossy", action="store_true", help="leave lossless layers aside (9.9)")
    parser.add_argument("--serve", action="store_true", help="decode what standard input asks for, line by line")
    parser.add_machine()
    return parser


def _work(argv: Sequence[str]) -> None:
    arguments = _parser().parse_args(argv)
    vectors = Vectors(arguments)
    if not arguments.serve:
        if None in (arguments.stream, arguments.output, arguments.result):
            raise UsageError("a stream, --output and --result are needed, or --serve")
        vectors.decode(
            arguments.stream, arguments.output, arguments.result, arguments.operating_point, arguments.dump
        )  # fmt: skip
        return
    while line := sys.stdin.buffer.readline(_LINE_BYTES):
        print(json.dumps({"exit": vectors.answer(line)}), flush=True)


class Vectors:
    """Decodes vectors one after the other; those of one model share it."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._model: Any = None
        self._named: tuple[int, bytes] | None = None

    def answer(self, line: bytes) -> int:
        """Exit code of one request; its error is one line on standard error."""
        try:
            asked = json.loads(line)
            stages = asked.get("stages")
            stream, output, result = (Path(asked[name]) for name in ("stream", "output", "result"))
            point = asked.get("operating_point") or None
            self.decode(stream, output, result, point, None if stages is None else Path(stages))
        except Exception as error:  # one request fails, the next is served
            code, text = verdict(error)
            print(f"refsw-vector: error: {text}", file=sys.stderr, flush=True)
            return code
        return 0

    def decode(self, stream: Path, output: Path, result: Path, point: str | None, dump: Path | None) -> None:
        """One vector to its files. Raises RefswError."""
        data = read_bytes(stream, maximum=_MAXIMUM_BYTES)
        with naming(stream):
            found = syntax.read(data)
            header, shown = found.picture_header, shown_header(found)
            check_memory(decoder_memory_bytes(found), shown.width, shown.height)

            from refsw.decode.picture import OPERATING_POINTS, decode_picture, load_model
            from refsw.numerics import numerics

            with numerics(self._arguments.threads, self._arguments.device):
                if self._named != (header.model_id, header.model_digest):
                    self._model, self._named = load_model(header), (header.model_id, header.model_digest)
                exact = None if self._arguments.float else "auto"
                decoded = decode_picture(
                    data, operating_point=point, device=self._arguments.device, keep=dump is not None, exact=exact,
                    model=self._model, lossy=self._arguments.lossy,
                )  # fmt: skip
            segment = decoded.codestream.digest_segment
            own = decoded.report.operating_point == OPERATING_POINTS[header.synthesis_transform_id[0]]
            layered = any(layer.lossless_data for layer in decoded.codestream.lossless)
            proves = own and not (self._arguments.lossy and layered)
            if exact and proves and segment is not None and segment.plane_digest:
                verify_planes(decoded.codestream, decoded.image)
        if dump is not None:
            write_dump(dump, decoded)
        write_bytes(output, planes_of(decoded.image))
        write_bytes(result, (json.dumps(result_of(decoded.image)) + "\n").encode())


def planes_of(image: Image) -> bytes:
    """Planes one after the other, alpha last."""
    planes = raw_from_image(image)
    if image.alpha is None:
        return planes
    return planes + np.ascontiguousarray(image.alpha, np.uint8 if image.bit_depth == 8 else "<u2").tobytes()


def result_of(image: Image) -> dict[str, Any]:
    """What the planes are, as the adapter contract wants it."""
    geometry = geometry_of(image)
    grey = image.channels == 1 and image.chroma is None
    components = ["Y"] if grey else ["Y", "Cb", "Cr"] if image.ycbcr else ["R", "G", "B"]
    return {
        "status": "decoded", "width": image.width, "height": image.height, "bit_depth": image.bit_depth,
        "chroma_format": geometry.chroma, "components": components, "alpha": image.alpha is not None,
        "decoder": {"name": "refsw", "version": __version__},
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
