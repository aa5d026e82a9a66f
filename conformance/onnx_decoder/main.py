# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Command line of decoder B: that of decoder A, and the folder of the graphs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from conformance.independent.library import Library
from conformance.independent.main import execute, parser
from conformance.independent.picture import Decoded
from conformance.onnx_decoder.picture import decode_picture

PROGRAM = "conformance.onnx_decoder"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    made = parser(PROGRAM, "Decodes a codestream with ONNX Runtime to raw planes.")
    made.add_argument(
        "--graphs", type=Path, required=True, metavar="DIR",
        help="where `refsw-export onnx MODEL -o DIR/MODEL` wrote graphs, for each model",
    )  # fmt: skip
    given = made.parse_args(arguments)

    library = Library(given.models, given.spec)

    def decode(data: bytes, wanted: str | None, keep: bool) -> Decoded:
        return decode_picture(data, library, given.graphs, wanted, keep)

    return execute(made, given, PROGRAM, decode)
