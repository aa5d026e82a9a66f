# SPDX-License-Identifier: BSD-3-Clause-Clear
"""refsw-probe: prints what stands in a codestream, bit by bit. Needs no weights and never imports torch."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from refsw import container
from refsw.cli.common import Parser, guarded, naming, plain
from refsw.cli.payloads import payload_violations, with_payloads
from refsw.cli.tools import add_plugins, toolbox
from refsw.container.boxes import shown
from refsw.errors import RefswError, UsageError
from refsw.io.files import read_bytes
from refsw.syntax.budget import Budget, budget
from refsw.syntax.reader import Entry, read

PROGRAM = "refsw-probe"
SHOWN_BYTES = 8
JSON_BYTES = 256
_FOUR_CHARACTERS = ("box_header.type", "file_type.major_brand", "item_entry.item_type")
MAX_FILE_BYTES = 256 << 20
"""Greatest file that the probe reads into memory."""


def main(argv: list[str] | None = None) -> int:
    """Entry point of refsw-probe; returns the exit code."""
    return guarded(PROGRAM, _work, argv)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(PROGRAM, "Print the syntax elements of a codestream: offset, bits, name, value, clause.")
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help="codestream, *.jai or *.jaif")
    parser.add_argument("--model", metavar="NAME", help="print the integer layers of a model package, without a FILE")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--validate", action="store_true", help="print only the violated clauses; all, not the first")
    add_plugins(parser)
    parser.add_argument("--complexity", action="store_true", help="print only what the headers say of the cost")
    return parser


def _work(argv: Sequence[str]) -> None:
    options = _parser().parse_args(argv)
    if (options.file is None) == (options.model is None):
        raise UsageError("expected a FILE or --model NAME, one of the two")
    if options.model is not None:
        from refsw.cli.layers import model_report

        report = model_report(options.model)
        _print(_json(plain(report)) if options.json else report.lines())
        return
    with naming(options.file):
        data = read_bytes(options.file, maximum=MAX_FILE_BYTES)
        lines, error = _report(data, options)
        _print(lines)
        if error is not None:
            raise error


def _report(data: bytes, options: argparse.Namespace) -> tuple[list[str], RefswError | None]:
    """What to print, and the error that decides the exit code."""
    if options.validate:
        violations = container.validate(data)
        if not violations:
            violations = tuple(payload_violations(data, container.trace(data)[0], toolbox(options)))
        if options.json:
            lines = _json({"file": str(options.file), "valid": not violations, "violations": plain(violations)})
        else:
            lines = [str(violation.error()) for violation in violations] or [f"{options.file}: valid"]
        return lines, violations[0].error() if violations else None
    if options.complexity:
        costs = budget(read(container.opened(data).codestream))
        return _json(plain(costs)) if options.json else complexity_lines(costs), None
    entries, error = with_payloads(data, *container.trace(data), toolbox(options))
    if not options.json:
        return [_line(entry) for entry in entries], error
    tree = {
        "file": str(options.file),
        "bytes": len(data),
        "error": None if error is None else str(error),
        "elements": [_element(entry) for entry in entries],
    }
    return _json(tree), error


def _json(value: Any) -> list[str]:
    return [json.dumps(value, indent=2, ensure_ascii=False)]


def _element(entry: Entry) -> dict[str, Any]:
    value: str | int
    if isinstance(entry.value, bytes):
        cut = len(entry.value) > JSON_BYTES
        value = entry.value[:JSON_BYTES].hex() + ("..." if cut else "")
    else:
        value = entry.value
    return {
        "offset": entry.offset,
        "bit": entry.bit,
        "bits": entry.bits,
        "name": entry.path,
        "value": value,
        "meaning": _meaning(entry),
        "clause": entry.clause,
    }


def _line(entry: Entry) -> str:
    return f"{entry.offset:8d}.{entry.bit} {entry.bits:8d}  {entry.path:<52s} {_value(entry):<32s} {entry.clause}"


def _value(entry: Entry) -> str:
    value = entry.value
    if isinstance(value, bytes):
        shown = value[:SHOWN_BYTES].hex(" ")
        return f"{shown} ... {len(value)} bytes" if len(value) > SHOWN_BYTES else shown or "0 bytes"
    if entry.path.endswith("marker"):
        return f"{value:04X}"
    meaning = _meaning(entry)
    return f"{value} ({meaning})" if meaning else str(value)


def _meaning(entry: Entry) -> str:
    if entry.field.key in _FOUR_CHARACTERS and isinstance(entry.value, int):
        return shown(entry.value)
    values = entry.field.values
    return values.get(entry.value, "") if values is not None and isinstance(entry.value, int) else ""


def complexity_lines(costs: Budget) -> list[str]:
    """The bounds of a codestream as text; what a model package adds is appended by its callers."""
    share = 100 * costs.samples / costs.level_samples
    lines = [
        f"profile             {costs.profile}",
        f"level               {costs.level}",
        f"samples             {costs.samples} coded luma samples, {share:.1f} % of the level",
        f"regions             {costs.regions}",
        f"complexity          at most {costs.kmac_per_sample} kMAC per sample, {costs.macs / 1e9:.2f} GMAC in all",
        f"parameters          at most {costs.parameters}",
        f"memory              {costs.memory_bytes / 2**20:.0f} MiB of working memory in windows (Annex B)",
    ]
    for component in costs.components:
        lines.append(
            f"component {component.component_index}         y {component.y[0]} x {component.y[1]}, "
            f"z {component.z[0]} x {component.z[1]}, at most {component.symbols} symbols; "
            f"{component.z_bytes} + {component.residual_bytes} bytes of z and residual"
        )
    return lines


def _print(lines: list[str]) -> None:
    try:
        print("\n".join(lines), flush=True)
    except BrokenPipeError:  # a pager or `head` has seen enough; nothing more can be written, not even at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
