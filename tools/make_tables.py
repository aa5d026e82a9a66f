# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Write spec/tables/gaussian.json and residual.json with their integer-only generators; same bytes on every machine.

python tools/make_tables.py [--check]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from refsw.entropy import gaussian
from refsw.entropy.tables import FrequencyTables
from refsw.lossless import generate

PATH = Path(__file__).resolve().parent.parent / "spec" / "tables" / "gaussian.json"
RESIDUAL = PATH.with_name("residual.json")
Rows = list[tuple[int, list[int]]]


def render() -> str:
    """Text of the Gaussian rows' file."""
    return _text("gaussian", "8.4.3", gaussian.gaussian_rows())


def render_residual() -> str:
    """Text of the residual rows' file; takes a minute."""
    return _text("residual", "9.9.7", generate.residual_rows())


def _text(name: str, clause: str, rows: Rows) -> str:
    """Text of a table file, one row a line."""
    tables = FrequencyTables.from_frequencies([row for _, row in rows], [low for low, _ in rows])
    lines = ",\n".join(json.dumps({"minimum": low, "frequencies": row}) for low, row in rows)
    head = {"name": name, "clause": clause, "total_bits": tables.total_bits, "sha256": tables.digest}
    fields = "".join(f" {json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items())
    return f'{{\n{fields} "rows": [\n{lines}\n ]\n}}\n'


def main() -> int:
    """Write the files, or with --check compare them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    check, same = parser.parse_args().check, True
    for path, text in ((PATH, render()), (RESIDUAL, render_residual())):
        if check:
            equal = path.is_file() and path.read_text(encoding="utf-8") == text
            print(f"{path}: {'equal to the generator' if equal else 'DIFFERS from the generator'}")
            same &= equal
        else:
            path.write_text(text, encoding="utf-8")
            print(f"{path}: written, {len(text)} bytes")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
