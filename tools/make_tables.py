# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Write spec/tables/gaussian.json with the integer-only generator; same bytes on every machine.

python tools/make_tables.py [--check]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from refsw.entropy.gaussian import TOTAL_BITS, gaussian_rows
from refsw.entropy.tables import FrequencyTables

PATH = Path(__file__).resolve().parent.parent / "spec" / "tables" / "gaussian.json"


def render() -> str:
    """Text of the table file, one row a line."""
    rows = gaussian_rows()
    tables = FrequencyTables.from_frequencies([row for _, row in rows], [low for low, _ in rows])
    lines = ",\n".join(json.dumps({"minimum": low, "frequencies": row}) for low, row in rows)
    head = {"name": "gaussian", "clause": "8.4.3", "total_bits": TOTAL_BITS, "sha256": tables.digest}
    fields = "".join(f" {json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items())
    return f'{{\n{fields} "rows": [\n{lines}\n ]\n}}\n'


def main() -> int:
    """Write the file, or with --check compare it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the file instead of writing it")
    text = render()
    if parser.parse_args().check:
        same = PATH.is_file() and PATH.read_text(encoding="utf-8") == text
        print(f"{PATH}: {'equal to the generator' if same else 'DIFFERS from the generator'}")
        return 0 if same else 1
    PATH.write_text(text, encoding="utf-8")
    print(f"{PATH}: written, {len(text)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
