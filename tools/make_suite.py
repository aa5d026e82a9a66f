#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Builds the conformance suite: every stream and every golden value from seeds, by one command.

tools/make_suite.py                    writes conformance/suites/2026.1
tools/make_suite.py --check            builds it elsewhere and says which files differ; 1 where one does
tools/make_suite.py --check --only ID  the same for some vectors (a part of an id selects too)
tools/make_suite.py --units            the unit vectors alone, into a suite that is there; with --check, compares them
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from suitegen.bench import Bench  # noqa: E402
from suitegen.build import EDITION, PANEL, Built, build, differences, write_suite  # noqa: E402
from suitegen.panel import spread, tolerances  # noqa: E402
from suitegen.units import unit_differences, write_units  # noqa: E402

from conformance.runner.planes import sha256  # noqa: E402
from conformance.runner.suite import load_suite  # noqa: E402
from refsw.models import load_package  # noqa: E402
from refsw.numerics import numerics  # noqa: E402

SUITE = ROOT / "conformance" / "suites" / EDITION


def main(argv: Sequence[str] | None = None) -> int:
    """Builds and writes, or compares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=SUITE, metavar="DIR", help=f"(default: {SUITE})")
    parser.add_argument("--model", default="base", help="model set (default: base)")
    parser.add_argument("--keep-panel", action="store_true", help="of the panel, measure only new streams")
    parser.add_argument(
        "--check", action="store_true", help="compare streams and golden values with those of the suite"
    )
    parser.add_argument("--only", action="append", default=[], metavar="WORD", help="with --check: ids with this word")
    parser.add_argument("--units", action="store_true", help="unit vectors alone")
    arguments = parser.parse_args(argv)
    if arguments.units:
        return only_units(arguments.out, arguments.check)
    if arguments.only and not arguments.check:
        parser.error("--only: a suite is written as a whole; add --check")
    begin = time.monotonic()
    with numerics(1):
        bench = Bench(load_package(arguments.model))
        built = build(bench, print, arguments.only)
        if arguments.check:
            wrong = differences(arguments.out, built) + ([] if arguments.only else unit_differences(arguments.out))
            print(*wrong, f"{len(built)} vectors, {len(wrong)} differ, {time.monotonic() - begin:.0f} s", sep="\n")
            return 1 if wrong or not built else 0
    saturating = frozenset(one.recipe.id for one in built if one.recipe.saturates)
    known = kept(arguments.out, built) if arguments.keep_panel else None
    write_suite(arguments.out, bench, built, {}, {})
    record = spread(load_suite(arguments.out), saturating, print, known)
    write_suite(arguments.out, bench, built, tolerances(record, saturating), record)
    print(f"{len(built)} vectors in {time.monotonic() - begin:.0f} s: {arguments.out}")
    return 0


def only_units(folder: Path, check: bool) -> int:
    """Writes or compares the unit vectors of a suite."""
    if check:
        wrong = unit_differences(folder)
        print(*wrong, f"unit vectors: {len(wrong)} files differ", sep="\n")
        return 1 if wrong else 0
    print(f"{write_units(folder)} unit vectors: {folder}")
    return 0


def kept(folder: Path, built: Sequence[Built]) -> dict[str, Any]:
    """What the panel of a suite says of streams that are still the same."""
    old = {vector.id: vector.sha256 for vector in load_suite(folder).vectors}
    same = {one.recipe.id for one in built if old.get(one.recipe.id) == sha256(one.data)}
    record: dict[str, Any] = json.loads((folder / PANEL).read_bytes())
    return record | {"vectors": {name: own for name, own in record["vectors"].items() if name in same}}


if __name__ == "__main__":
    sys.exit(main())
