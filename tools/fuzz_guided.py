#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Bytes at random, guided by coverage of refsw (atheris, libFuzzer): what reaches new code is kept and varied further.

    pip install atheris
    tools/fuzz_guided.py CORPUS [--minutes 10] [--keep tests/hostile/corpus] [--distil DIR] [--seed 1]

CORPUS is a folder of inputs, begun with sound files and kept from run to run. Every input goes through
tools/fuzz_checks.py. Finds are reduced, one for each place in the code, and stored with --keep; the run goes on.
--distil copies the fewest small inputs of CORPUS that together reach what all of it reaches. Exit code 1 after a find.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["refsw"]):
    from fuzz_checks import MODEL, check, install_model, reduced, with_digest
    from fuzz_decoder import signature
    from fuzz_worker import sound_streams
    from hostile_files import wrapped_with_everything

    from refsw.decode.model import Model
    from refsw.models import load_package

LARGEST = 4096
SECONDS, MEMORY_MIB = 30, 2048
_ADDRESS_SPACE_BYTES = 8 << 30


def main() -> None:
    """Entry point; libFuzzer ends the process."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--keep", type=Path, help="store what was found, reduced")
    parser.add_argument("--distil", type=Path, help="store a small part of the corpus with the same coverage")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fuzz"))
    with contextlib.redirect_stderr(io.StringIO()):
        install_model(folder)
    model = Model.from_package(load_package(MODEL))
    options.corpus.mkdir(parents=True, exist_ok=True)
    if not any(options.corpus.iterdir()):
        for data in sound_streams("cfg/base.yaml", [f"model={MODEL}"]):
            for sound in (data, wrapped_with_everything(data)):
                if len(sound) <= LARGEST:
                    (options.corpus / hashlib.sha256(sound).hexdigest()[:12]).write_bytes(sound)
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE_BYTES, _ADDRESS_SPACE_BYTES))
    found: set[str] = set()
    begin = time.monotonic()

    def one(data: bytes) -> None:
        """What libFuzzer calls."""
        complaint = check(with_digest(data, model), model).complaint
        if complaint and signature(complaint) not in found:
            found.add(signature(complaint))
            small = reduced(data, lambda shorter: signature(check(shorter, model).complaint) == signature(complaint))
            print(f"FOUND after {time.monotonic() - begin:.0f} s ({len(small)} bytes): {complaint}", flush=True)
            if options.keep is not None:
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / f"guided-{hashlib.sha256(small).hexdigest()[:8]}.jai").write_bytes(small)

    common = [sys.argv[0], f"-max_len={LARGEST}", f"-timeout={SECONDS}", f"-rss_limit_mb={MEMORY_MIB}",
              f"-artifact_prefix={options.corpus.parent}{os.sep}"]  # fmt: skip
    if options.distil is not None:
        options.distil.mkdir(parents=True, exist_ok=True)
        command = [*common, "-merge=1", str(options.distil), str(options.corpus)]
    else:
        command = [*common, f"-max_total_time={round(60 * options.minutes)}", f"-seed={options.seed}",
                   "-print_final_stats=1", str(options.corpus)]  # fmt: skip
    atheris.Setup(command, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
