# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Run as a program: decode codestreams with 1 and 2 threads and every fast back-end, print the checksums.

python exactness.py FILE...    prints {"capability": ..., "checksums": {FILE: [[...], ...]}, "planes": {FILE: [...]}}
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
    from refsw.decode.picture import decode_picture, load_model
    from refsw.types import digest

    checksums: dict[str, list[list[int]]] = {}
    planes: dict[str, list[str]] = {}
    for name in sys.argv[1:]:
        data = Path(name).read_bytes()
        codestream = syntax.read(data)
        model = load_model(codestream.picture_header)
        checksums[name], planes[name] = [], []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            for backend in ("auto", "float64"):
                checksums[name].append([checksum(s) for s in parse_symbols(codestream, model, backend)])
                exact = decode_picture(data, model=model, exact=backend).planes
                assert exact is not None
                planes[name].append(digest(exact.samples))
    print(json.dumps({"capability": torch.backends.cpu.get_cpu_capability(), "checksums": checksums, "planes": planes}))


if __name__ == "__main__":
    main()
