# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Run as a program: parse codestreams with 1 and 2 threads and every fast back-end, print the checksums.

python exactness.py FILE...    prints {"capability": ..., "checksums": {"FILE": [[...], ...]}}
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main() -> None:
    """Entry point."""
    import torch

    from refsw import syntax
    from refsw.decode.parse import checksum, parse_symbols
    from refsw.decode.picture import load_model

    checksums: dict[str, list[list[int]]] = {}
    for name in sys.argv[1:]:
        codestream = syntax.read(Path(name).read_bytes())
        model = load_model(codestream.picture_header)
        checksums[name] = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            for backend in ("auto", "float64"):
                checksums[name].append([checksum(s) for s in parse_symbols(codestream, model, backend)])
    print(json.dumps({"capability": torch.backends.cpu.get_cpu_capability(), "checksums": checksums}))


if __name__ == "__main__":
    main()
