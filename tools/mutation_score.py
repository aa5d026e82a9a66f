#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Runs every mutant decoder through the suite, names the vector that catches it, and prints the score.

tools/mutation_score.py            every mutant against every vector, until one catches it
tools/mutation_score.py --write    the same, and writes conformance/mutants/caught.json
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from suitegen.bench import Bench  # noqa: E402
from suitegen.golden import decode  # noqa: E402
from suitegen.patched_layers import ALL as PATCHES  # noqa: E402
from suitegen.patched_layers import LAYERS  # noqa: E402

from conformance.mutants.score import PROCESSES, Caught, catch, names, score  # noqa: E402
from conformance.runner.claim import load_claim, outside  # noqa: E402
from conformance.runner.planes import sha256, split  # noqa: E402
from conformance.runner.suite import Suite, Vector, find_suite, load_suite  # noqa: E402
from refsw.errors import RefswError  # noqa: E402
from refsw.models import load_package  # noqa: E402
from refsw.numerics import numerics  # noqa: E402

RECORD = ROOT / "conformance" / "mutants" / "caught.json"
CLAIM = ROOT / "conformance" / "claims" / "experimental-1-exact.yaml"


def outcome(suite: Suite, bench: Bench, vector: Vector) -> str:
    """What the decoder of this process does with a vector: PASS, or the verdict it would get."""
    try:
        decoded = decode(bench, suite.stream(vector), "bop")
    except RefswError as error:
        wanted = {"invalid": (3,), "unsupported": (6,), "acceptable": (3,)}.get(vector.result, ())
        return "PASS" if error.exit_code in wanted else "REJECTED-WRONGLY"
    except Exception:  # what a decoder with a wrong line does where it does not expect what follows from it
        return "CRASH"
    if vector.result not in ("valid", "acceptable"):
        return "ACCEPTED-WRONGLY"
    found = [sha256(plane.tobytes()) for plane in split(decoded.planes, decoded.geometry)]
    right = decoded.geometry == vector.geometry and found == [digest for digest, _ in suite.golden(vector).planes]
    return "PASS" if right else "FAIL"


def catch_patch(suite: Suite, bench: Bench, name: str, vectors: Sequence[Vector]) -> Caught:
    """The first vector that a decoder with this patch does not pass."""
    with PATCHES[name].applied():
        for vector in vectors:
            status = outcome(suite, bench, vector)
            if status != "PASS":
                return Caught(name, PATCHES[name].text, vector.id, status)
    return Caught(name, PATCHES[name].text, "", "")


def all_caught(suite: Suite, only: Sequence[str]) -> Iterator[Caught]:
    """Every mutant that needs no process, and the vector that catches it."""
    claim = load_claim(CLAIM, suite)
    vectors = sorted((v for v in suite.vectors if not outside(claim, v, suite)), key=lambda v: v.bytes)
    for name in names():
        if not only or name in only:
            with redirect_stderr(io.StringIO()):
                found = catch(suite, claim, name, vectors)
            yield found
    bench = Bench(load_package("base"))
    for name in PATCHES:
        if not only or name in only:
            yield catch_patch(suite, bench, name, near(name, vectors) if name in LAYERS else vectors)


def near(name: str, vectors: Sequence[Vector]) -> list[Vector]:
    """Vectors of the tool that a mutant of it belongs to first, valid ones before others."""
    tool = "quality-map" if name.startswith("map-") else "lossless"
    own = [v for v in vectors if tool in (*v.tools, *(v.without.tools if v.without else ()))]
    chosen = sorted(own, key=lambda v: v.result != "valid")
    return [*chosen, *(v for v in vectors if v not in own)]


def main(argv: Sequence[str] | None = None) -> int:
    """Prints one line for each mutant and the score; 1 where that is under 95 % or a survivor has no reason."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--write",
        action="store_true",
        help=f"write {RECORD.relative_to(ROOT)}; after --only: these mutants of it",
    )
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this mutant; may be repeated")
    arguments = parser.parse_args(argv)
    suite = load_suite(find_suite("smoke")[0])
    explained = json.loads(RECORD.read_bytes())["survivors"] if RECORD.exists() else {}
    caught: list[Caught] = []
    with numerics(1):
        for one in all_caught(suite, arguments.only):
            caught.append(one)
            print(f"{one.mutant:<28}{one.status or 'SURVIVES':<18}{one.vector:<30}{one.text}", flush=True)
    share, unexplained = score(caught, explained)
    print(f"{len(caught)} mutants, mutation score {100 * share:.1f} %")
    print(f"survivors without a reason: {', '.join(unexplained) or 'none'}")
    if arguments.write:
        alive = {one.mutant for one in caught if not one.vector}
        old = json.loads(RECORD.read_bytes())["caught"] if arguments.only else {}
        record = {
            "suite": suite.edition,
            "caught": old | {one.mutant: one.vector for one in caught if one.vector} | PROCESSES,
            "survivors": {name: reason for name, reason in explained.items() if name in alive},
        }
        RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 0 if share >= 0.95 and not unexplained else 1


if __name__ == "__main__":
    sys.exit(main())
