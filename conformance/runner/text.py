# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Lines for `list` and `show`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from conformance.runner.suite import Suite, Vector


def listing(suite: Suite, vectors: tuple[Vector, ...]) -> Iterator[str]:
    """One line for each vector."""
    width = max((len(vector.id) for vector in vectors), default=0)
    for vector in vectors:
        yield f"{vector.id:<{width}}  {vector.kind:<11} {vector.result:<11} {vector.bytes:>6} B  {vector.purpose}"
    size = sum(vector.bytes for vector in vectors)
    yield f"suite {suite.edition} {suite.version}: {len(vectors)} vectors, {size} bytes of streams"


def shown(suite: Suite, vector: Vector) -> Iterator[str]:
    """Everything about one vector."""
    yield f"{vector.id} (revision {vector.revision}): {vector.title}"
    yield f"  purpose    {vector.purpose}"
    yield f"  clauses    {', '.join(vector.clauses) or '-'}"
    needs = f"profile {vector.profile}, level {vector.level}, operating point {vector.operating_point}"
    yield f"  kind       {vector.kind}, tier {vector.tier}, {needs}"
    yield f"  stream     {suite.folder / vector.stream}, {vector.bytes} bytes, sha256 {vector.sha256}"
    expected = {"invalid": "exit 3", "unsupported": "exit 6", "acceptable": "exit 0 or 3", "valid": "exit 0"}
    clause = f", clause {vector.clause}" if vector.clause else ""
    limits = f"{vector.seconds:g} s, {vector.memory_mib} MiB"
    yield f"  expected   {vector.result} ({expected[vector.result]}){clause}, {limits}"
    geometry = vector.geometry
    if geometry is not None:
        size = f"{geometry.width} x {geometry.height} {geometry.chroma_format}"
        yield f"  planes     {' '.join(geometry.names)}, {size}, {geometry.bit_depth} bits, {geometry.bytes} bytes"
    if vector.golden is not None and vector.geometry is not None:
        golden = suite.golden(vector)
        for name, (digest, _) in zip(vector.geometry.names, golden.planes, strict=True):
            yield f"    {name:<3} sha256 {digest}"
        for name, stage in golden.stages.items():
            yield f"    {name:<24} {stage.kind} {'x'.join(map(str, stage.shape)):<12} {stage.sha256}"
        yield f"  tolerance  {json.dumps({k: v and asdict(v) for k, v in vector.tolerance.items()})}"
    tools = [f"{name} (claims without it do not have the vector)" for name in vector.tools]
    if vector.without is not None:
        tools += [f"{name} (claims without it: valid, golden/{vector.without.golden})" for name in vector.without.tools]
    yield f"  tools      {', '.join(tools) or '-'}"
    yield f"  source     {json.dumps(dict(vector.source))}"
