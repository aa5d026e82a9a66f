# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A unit vector before its file is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from conformance.runner.compare import canonical_sha256
from suitegen.pictures import noise


@dataclass(frozen=True, eq=False)
class Case:
    """given: JSON values; clause: by which it shall be refused, "" where it is valid; wanted: what was coded."""

    id: str
    kind: str
    title: str
    purpose: str
    clauses: tuple[str, ...]
    given: Mapping[str, Any]
    clause: str = ""
    wanted: NDArray[np.int64] | None = None
    revision: int = 1


def tensor_of(values: ArrayLike, kind: str) -> dict[str, Any]:
    """Numbers as they stand in a file; kind: i2, i4, i8, u1, u2."""
    own = np.asarray(values)
    stored = own.astype(f"<{kind}")
    assert np.array_equal(stored, own), f"{own.min()}..{own.max()} are not {kind}"
    return {"type": kind, "shape": list(own.shape), "values": own.reshape(-1).tolist(),
            "sha256": canonical_sha256(stored)}  # fmt: skip


def drawn(seed: str, shape: tuple[int, ...], low: int, high: int) -> NDArray[np.int64]:
    """Numbers low..high from a seed, the same on every machine."""
    count = int(np.prod(shape))
    return (low + noise(f"unit/{seed}", count, 32) % (high - low + 1)).reshape(shape)
