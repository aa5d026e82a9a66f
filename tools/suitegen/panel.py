# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Tolerances of float decoders, derived: by how much a panel differs from the golden planes, times a margin.

The panel is the float decoder of refsw in several environments. Its record is shipped as panel.json; another
environment is added by a line here, or shown to be inside by a run of the suite.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from conformance.runner.adapter import load_adapter
from conformance.runner.claim import Claim
from conformance.runner.execute import Options, execute
from conformance.runner.planes import sha256
from conformance.runner.report import environment
from conformance.runner.suite import Suite, Tolerance, Vector, left_aside
from refsw import syntax
from refsw.decode.picture import OPERATING_POINTS
from refsw.syntax.surgery import without_plane_digests

ENVIRONMENTS: Mapping[str, Mapping[str, str]] = {
    "float, 1 thread": {"OMP_NUM_THREADS": "1"},
    "float, 2 threads": {"OMP_NUM_THREADS": "2"},
    "float, no vector instructions": {"OMP_NUM_THREADS": "1", "ATEN_CPU_CAPABILITY": "default"},
}
FLOOR = Tolerance(peak=1, mse=0.02, differing=0.05, block_mse=0.1)
MARGIN = {"strict": 2, "relaxed": 4}
"""Bound = margin * (spread of the panel + floor)."""
SANE_PEAK = 32
ADAPTER = Path(__file__).resolve().parents[2] / "conformance" / "adapters" / "refsw-float.yaml"
_NAMES = tuple(field.name for field in fields(Tolerance))


def spread(
    suite: Suite, saturating: frozenset[str], say: Callable[[str], None], known: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The record: for each vector and environment the difference of its worst plane. Raises AssertionError.

    known: an older record of the same weights; only vectors that it lacks are measured.
    """
    with tempfile.TemporaryDirectory(prefix="refsw-panel-") as name:
        valid = [bare(suite, v, Path(name)) if v.without else v for v in suite.vectors if v.result == "valid"]
        vectors = [replace(v, tolerance=dict.fromkeys(MARGIN)) for v in valid]
        return _spread(suite, vectors, saturating, say, known)


def bare(suite: Suite, vector: Vector, folder: Path) -> Vector:
    """A vector with a lossless layer as its base alone, which float decoders show (9.9)."""
    path = folder / f"{vector.id}.jai"
    data = syntax.write(without_plane_digests(replace(syntax.read(suite.stream(vector)), lossless=())))
    path.write_bytes(data)
    return replace(left_aside(vector), without=None, stream=str(path), sha256=sha256(data))


def _spread(
    suite: Suite, valid: Sequence[Vector], saturating: frozenset[str], say: Callable[[str], None],
    known: Mapping[str, Any] | None,
) -> dict[str, Any]:  # fmt: skip
    claim = Claim("panel", "", suite.profiles[-1], suite.levels[-1], OPERATING_POINTS, (8, 10, 12, 14, 16),
                  ("4:0:0", "4:2:0", "4:2:2", "4:4:4"), True, "relaxed", suite.tools)  # fmt: skip
    old: Mapping[str, dict[str, Any]] = known["vectors"] if known else {}
    found: dict[str, dict[str, Any]] = {vector.id: old.get(vector.id, {}) for vector in valid}
    vectors = tuple(vector for vector in valid if vector.id not in old)
    for name, variables in ENVIRONMENTS.items():
        adapter = load_adapter(ADAPTER)
        adapter = replace(adapter, environment={**adapter.environment, **variables})
        for verdict in execute(suite, vectors, claim, adapter, Options()):
            assert verdict.status == "PASS", f"{name}: {verdict}"
            measured = [m for m in verdict.measures if m.component != "A"]
            worst = {key: round(max((getattr(m, key) for m in measured), default=0.0), 6) for key in _NAMES}
            found[verdict.vector][name] = worst
            assert verdict.vector in saturating or worst["peak"] <= SANE_PEAK, f"{name}: {verdict.vector}: {worst}"
        say(f"panel: {name}")
    return {
        "machine": {key: value for key, value in environment().items() if key != "date"},
        "environments": ENVIRONMENTS,
        "margin": MARGIN,
        "floor": {key: getattr(FLOOR, key) for key in _NAMES},
        "vectors": found,
    }


def tolerances(record: Mapping[str, Any], saturating: frozenset[str]) -> dict[str, Any]:
    """Bounds of each vector from the record; None where the exact networks saturate and float ones do not."""
    bounds: dict[str, Any] = {}
    for vector, found in record["vectors"].items():
        worst = {key: max(own[key] for own in found.values()) for key in _NAMES}
        bounds[vector] = {
            name: None if vector in saturating else {
                key: round(margin * (worst[key] + record["floor"][key]), 6) for key in _NAMES
            }
            for name, margin in record["margin"].items()
        }  # fmt: skip
    return bounds
