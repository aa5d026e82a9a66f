#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Runs every mutant decoder through the suite, names the vector that catches it, and prints the score.

tools/mutation_score.py            every mutant against every vector until one catches it, first the one of the record
tools/mutation_score.py --write    the same, and writes conformance/mutants/caught.json
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from suitegen.bench import Bench  # noqa: E402
from suitegen.golden import decode  # noqa: E402
from suitegen.patched_layers import ALL as PATCHES  # noqa: E402
from suitegen.patched_layers import LAYERS  # noqa: E402

from conformance.mutants.decoder import MUTANTS, RARE, RARE_REASON, Decoder  # noqa: E402
from conformance.mutants.enlarge import ENLARGE  # noqa: E402
from conformance.mutants.local import LOCAL  # noqa: E402
from conformance.mutants.scaling import SCALING  # noqa: E402
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
        decoded = decode(bench, suite.stream(vector), vector.operating_point)
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


def all_caught(suite: Suite, only: Sequence[str], named: Mapping[str, str]) -> Iterator[Caught]:
    """Every mutant that needs no process, and the vector that catches it; named: where each is looked for first."""
    claim = load_claim(CLAIM, suite)
    vectors = sorted((v for v in suite.vectors if not outside(claim, v, suite)), key=lambda v: v.bytes)

    def wanted(mutants: Iterable[str]) -> Iterator[tuple[str, list[Vector]]]:
        for name in mutants:
            if not only or name in only:
                yield name, near(name, vectors, named.get(name, ""))

    with redirect_stderr(io.StringIO()):
        for name, order in wanted(names()):
            yield catch(suite, claim, name, order)
        decoder = Decoder(suite, claim)
        for name, order in wanted(MUTANTS):
            yield decoder.catch(name, MUTANTS[name], order)
    bench = Bench(load_package("base"))
    for name, order in wanted(PATCHES):
        yield catch_patch(suite, bench, name, order)


def near(name: str, vectors: Sequence[Vector], named: str) -> list[Vector]:
    """The vector that caught it before, then those of its part, of the kind that it gets wrong first."""
    words: tuple[str, ...] = ()
    if name.startswith("point-"):
        words = ("points-", "simple-")
    elif name in MUTANTS:
        own_words = {**dict.fromkeys(ENLARGE, ("resolution-",)), **dict.fromkeys(SCALING, ("scaling-",)),
                     **dict.fromkeys(LOCAL, ("local-",))}  # fmt: skip
        words = own_words.get(name, ("switched-", "linear-", "filters-"))
    elif name in LAYERS:
        words = ("map-",) if name.startswith("map-") else ("lossless-",)

    def distance(vector: Vector) -> tuple[bool, bool, bool]:
        own, lenient = vector.id.startswith(words), name.startswith("accepts-")
        return vector.id != named, not own, own and (vector.result == "valid") == lenient

    return sorted(vectors, key=distance)


def main(argv: Sequence[str] | None = None) -> int:
    """Prints one line for each mutant and the score; 1 where that is under 95 % or a survivor has no reason."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--write",
        action="store_true",
        help=f"write {RECORD.relative_to(ROOT)}; after --only: these mutants of it",
    )
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this mutant; may be repeated")
    parser.add_argument("--anew", action="store_true", help="do not begin with the vectors of the record")
    arguments = parser.parse_args(argv)
    suite = load_suite(find_suite("smoke")[0])
    record = json.loads(RECORD.read_bytes()) if RECORD.exists() else {"caught": {}, "survivors": {}}
    explained: dict[str, str] = dict.fromkeys(RARE, RARE_REASON) | record["survivors"]
    named: dict[str, str] = {} if arguments.anew else record["caught"]
    caught: list[Caught] = []
    with numerics(1):
        for one in all_caught(suite, arguments.only, named):
            caught.append(one)
            print(f"{one.mutant:<28}{one.status or 'SURVIVES':<18}{one.vector:<30}{one.text}", flush=True)
    share, unexplained = score(caught, explained)
    print(f"{len(caught)} mutants, mutation score {100 * share:.1f} %")
    print(f"survivors without a reason: {', '.join(unexplained) or 'none'}")
    if arguments.write:
        alive = {one.mutant for one in caught if not one.vector}
        old = record["caught"] if arguments.only else {}
        known = {**dict.fromkeys(names()), **MUTANTS, **PATCHES, **PROCESSES}
        old = {name: vector for name, vector in old.items() if name in known}
        record = {
            "suite": suite.edition,
            "caught": old | {one.mutant: one.vector for one in caught if one.vector} | PROCESSES,
            "survivors": {name: reason for name, reason in explained.items() if name in alive},
        }
        RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 0 if share >= 0.95 and not unexplained else 1


if __name__ == "__main__":
    sys.exit(main())
