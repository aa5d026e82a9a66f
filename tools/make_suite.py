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
import functools
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from suitegen.bench import Bench  # noqa: E402
from suitegen.build import EDITION, PANEL, Built, build, differences, write_suite  # noqa: E402
from suitegen.coverage import measure  # noqa: E402
from suitegen.panel import spread, tolerances  # noqa: E402
from suitegen.units import unit_differences, write_units  # noqa: E402

from conformance.runner.planes import sha256  # noqa: E402
from conformance.runner.suite import load_suite  # noqa: E402
from refsw.models import load_package  # noqa: E402
from refsw.numerics import numerics  # noqa: E402

SUITE = ROOT / "conformance" / "suites" / EDITION
say = functools.partial(print, flush=True)


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
        built = build(bench, say, arguments.only)
        if arguments.check:
            wrong = differences(arguments.out, built) + ([] if arguments.only else unit_differences(arguments.out))
            print(*wrong, f"{len(built)} vectors, {len(wrong)} differ, {time.monotonic() - begin:.0f} s", sep="\n")
            return 1 if wrong or not built else 0
        known = kept(arguments.out, built) if arguments.keep_panel else None
        write_measured(arguments.out, bench, built, known)
    print(f"{len(built)} vectors in {time.monotonic() - begin:.0f} s: {arguments.out}")
    return 0


def write_measured(folder: Path, bench: Bench, built: tuple[Built, ...], known: Mapping[str, Any] | None) -> None:
    """A suite and its panel, beside the folder until all is there: what ends on the way leaves the folder as it is.

    known: as of `spread`.
    """
    saturating = frozenset(one.recipe.id for one in built if one.recipe.saturates)
    coverage = measure(bench, ((one.recipe.id, one.data) for one in built))
    print(f"coverage {100 * coverage.share:.1f} %")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".suite-", dir=folder.parent) as name:
        part = Path(name) / folder.name
        write_suite(part, bench, built, coverage, {}, {})
        record = spread(load_suite(part), saturating, say, known)
        write_suite(part, bench, built, coverage, tolerances(record, saturating), record)
        if folder.exists():
            folder.rename(Path(name) / "before")
        part.rename(folder)


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
