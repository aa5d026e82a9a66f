# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Whatever the specification says is exact is so on every back-end, thread count and vector width."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import refsw
from refsw import syntax
from refsw.decode.parse import checksum, parse_symbols
from refsw.decode.picture import decode_picture
from refsw.decode.steps import NO_STEPS
from refsw.decode.windows import Box
from refsw.types import digest
from tests.support import exactness
from tests.support.streams import code
from tests.support.tiny import Started, picture

FIELDS = ("z", "scale_index", "skip_mask", "symbols")


@pytest.mark.parametrize(("size", "quality"), [((1, 1), 100), ((17, 33), 0), ((48, 40), 50), ((30, 70), 83.3)])
def test_back_ends_agree_on_every_tensor(started: Started, size: tuple[int, int], quality: float) -> None:
    """The oracle, plain Python integers, is the definition."""
    codestream = syntax.read(code(started, picture(7, *size), quality).data)
    oracle = parse_symbols(codestream, started.model, "oracle")
    for backend in ("float32", "float64", "auto"):
        for found, wanted in zip(parse_symbols(codestream, started.model, backend), oracle, strict=True):
            for field in FIELDS:
                assert digest(getattr(found, field)) == digest(getattr(wanted, field)), (backend, field)


def test_scale_index_of_arbitrary_z(started: Started) -> None:
    """Not only what an encoder writes: every int8 z that a stream can carry."""
    random = np.random.default_rng(0)
    box = Box(0, 0, 7, 11)
    for scale in started.model.scales:
        for low, high in ((-3, 4), (-31, 32), (-128, 128)):
            z = random.integers(low, high, (scale.network.inputs, 2, 3)).astype(np.int8)
            wanted = NO_STEPS.scales(scale, 0, z, 777, box, "oracle").index
            for backend in ("float32", "float64"):
                np.testing.assert_array_equal(NO_STEPS.scales(scale, 0, z, 777, box, backend).index, wanted)


def test_threads_and_vector_widths_agree(started: Started, tmp_path: Path) -> None:
    """One encoding, parsed and decoded picture-exactly in a process for each vector width with 1 and 2 threads."""
    wanted: dict[str, list[int]] = {}
    planes: dict[str, str] = {}
    for number, (size, quality) in enumerate((((200, 312), 60), ((65, 1), 100))):
        path = tmp_path / f"{number}.jai"
        path.write_bytes(code(started, picture(8, *size), quality).data)
        symbols = parse_symbols(syntax.read(path.read_bytes()), started.model)
        wanted[str(path)] = [checksum(s) for s in symbols]
        exact = decode_picture(path.read_bytes(), model=started.model, exact="oracle").planes
        assert exact is not None
        planes[str(path)] = digest(exact.samples)
    environment = os.environ | {"PYTHONPATH": str(Path(refsw.__file__).parents[1]), "OMP_NUM_THREADS": "2"}
    running = {
        capability: subprocess.Popen(
            [sys.executable, exactness.__file__, *wanted],
            env=environment | {"ATEN_CPU_CAPABILITY": capability}, stdout=subprocess.PIPE, text=True,
        )
        for capability in ("default", "avx2", "avx512")
    }  # fmt: skip
    used = {}
    for capability, process in running.items():
        answer = json.loads(process.communicate()[0])
        assert process.returncode == 0
        used[capability] = answer["capability"]
        for path, found in answer["checksums"].items():
            assert found == [wanted[path]] * 4, (capability, path)
            assert answer["planes"][path] == [planes[path]] * 4, (capability, path)
    assert used["default"] == "DEFAULT"  # the switch works; avx2 and avx512 are what the processor has of them
