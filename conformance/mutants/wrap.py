# SPDX-License-Identifier: BSD-3-Clause-Clear
"""`python -m conformance.mutants.wrap MUTANT PLANES RESULT COMMAND...`: any decoder, with an error put into its output.

Runs the command; where it decodes, changes the planes that it wrote as conformance/mutants/outputs.py says.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from conformance.mutants.outputs import OUTPUTS
from conformance.runner.planes import Geometry, split


def main(words: Sequence[str]) -> int:
    """Entry point; returns the command's exit code."""
    mutant, output, result, *command = words
    if mutant not in OUTPUTS:
        print(f"wrap: {mutant}: expected one of {', '.join(OUTPUTS)}", file=sys.stderr)
        return 2
    code = subprocess.run(command, check=False).returncode
    if code == 0:
        change(mutant, Path(output), Path(result))
    return code


def change(mutant: str, output: Path, result: Path) -> None:
    """Puts the error into planes and result."""
    wrong, says = OUTPUTS[mutant], json.loads(result.read_bytes())
    names = ("width", "height", "bit_depth", "chroma_format", "alpha")
    geometry = Geometry(**{name: says[name] for name in names}, components=tuple(says["components"]))
    data = output.read_bytes()
    if wrong.planes is not None:
        planes = wrong.planes([plane.astype(np.int64) for plane in split(data, geometry)], geometry)
        data = b"".join(np.ascontiguousarray(plane, geometry.dtype).tobytes() for plane in planes)
    output.write_bytes(wrong.raw(data, geometry) if wrong.raw is not None else data)
    if wrong.says is not None:
        result.write_text(json.dumps(says | dict(wrong.says(geometry))), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
