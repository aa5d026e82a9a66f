# SPDX-License-Identifier: BSD-3-Clause-Clear
"""`python -m conformance.mutants.replay STREAM --suite DIR --output PLANES --result JSON [--mutant NAME]`

A decoder that knows a suite by heart: it finds the stream by its digest and plays golden planes back. It is no decoder;
it tests runner and suite, as itself and as every mutant of outputs.py and behaviours.py.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from conformance.mutants.behaviours import BEHAVIOURS, Behaviour, warn
from conformance.mutants.outputs import OUTPUTS, Wrong
from conformance.runner.planes import Geometry, sha256
from conformance.runner.suite import Suite, Vector, load_suite

CODES = {"valid": 0, "acceptable": 0, "invalid": 3, "unsupported": 6}
GREY = Geometry(8, 8, 8, "4:0:0", ("Y",))


def main() -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("stream", type=Path)
    parser.add_argument("--suite", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--result", type=Path, required=True)
    parser.add_argument("--mutant", default="", choices=("", *OUTPUTS, *BEHAVIOURS))
    arguments = parser.parse_args()
    suite = load_suite(arguments.suite)
    digest = sha256(arguments.stream.read_bytes())
    found = [vector for vector in suite.vectors if vector.sha256 == digest]
    if not found:
        warn("not a stream of this suite")
        return 6
    return play(suite, found[0], arguments.mutant, arguments.output, arguments.result)


def play(suite: Suite, vector: Vector, mutant: str, output: Path, result: Path) -> int:
    """Writes what the mutant writes and returns its exit code."""
    behaviour = BEHAVIOURS.get(mutant, Behaviour(""))
    behaviour.before(vector)
    code = behaviour.exits(vector, CODES[vector.result])
    if code == 0 or (code == 1 and vector.result == "valid"):
        data, says = picture(suite, vector, OUTPUTS.get(mutant))
        if behaviour.output:
            output.write_bytes(data)
        if behaviour.result:
            result.write_text(json.dumps(says), encoding="utf-8")
    if code:
        warn(f"exit {code}")
    return code


def picture(suite: Suite, vector: Vector, wrong: Wrong | None) -> tuple[bytes, dict[str, object]]:
    """Bytes of the output, and of the result as plain values; a grey picture where there is no golden one."""
    if vector.golden is None:
        return bytes([128] * GREY.bytes), {"status": "decoded", **asdict(GREY)}
    geometry = vector.geometry
    assert geometry is not None
    planes = [plane.astype(np.int64) for plane in suite.planes(vector)]
    if wrong is not None and wrong.planes is not None:
        planes = wrong.planes(planes, geometry)
    data = b"".join(np.ascontiguousarray(plane, geometry.dtype).tobytes() for plane in planes)
    if wrong is not None and wrong.raw is not None:
        data = wrong.raw(data, geometry)
    says: dict[str, object] = {"status": "decoded", **asdict(geometry)}
    if wrong is not None and wrong.says is not None:
        says |= wrong.says(geometry)
    return data, says


if __name__ == "__main__":
    sys.exit(main())
