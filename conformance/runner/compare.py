# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Decoded planes and dumped stages against golden values: where they differ first, and by how much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.runner.errors import SuiteError
from conformance.runner.planes import TILE, Geometry, Plane, first_tile, sha256, tile_digests
from conformance.runner.suite import Golden, Stage, Tolerance

EXACT_STAGES = ("z", "scale_index", "skip_mask", "symbols")
"""Stages that are equal on every machine, in the order of decoding."""


@dataclass(frozen=True)
class Measure:
    """How far a plane is from the golden one, in steps of 8 bits; differing: share of samples."""

    component: str
    peak: float
    mse: float
    differing: float
    block_mse: float

    def excess(self, bound: Tolerance) -> str:
        """The first bound that does not hold; "" where all do."""
        for name, unit in (("peak", " steps"), ("block_mse", ""), ("mse", ""), ("differing", "")):
            own, allowed = getattr(self, name), getattr(bound, name)
            if own > allowed:
                return f"{name} {own:.4g}{unit}, allowed {allowed:.4g}"
        return ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a report."""
        return {key: round(value, 6) if isinstance(value, float) else value for key, value in asdict(self).items()}


@dataclass(frozen=True)
class Divergence:
    """First place of a stage that differs. tile: (row, column) of `side` samples; tiles: (differing, all)."""

    stage: str
    component: str
    tile: tuple[int, int]
    side: int
    tiles: tuple[int, int]

    def __str__(self) -> str:
        subject = f"{self.stage} {self.component}".strip()
        place = f"tile row {self.tile[0]} column {self.tile[1]} of {self.side}x{self.side}"
        return f"{subject}: first differs in {place}, {self.tiles[0]} of {self.tiles[1]} tiles differ"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a report."""
        return asdict(self)


def measure(component: str, own: Plane, golden: Plane, bit_depth: int) -> Measure:
    """Difference of two planes of one shape."""
    error = np.abs(own.astype(np.int64) - golden) / float(1 << (bit_depth - 8))
    squares = error**2
    blocks = [
        float(squares[top : top + TILE, left : left + TILE].mean())
        for top in range(0, own.shape[0], TILE)
        for left in range(0, own.shape[1], TILE)
    ]
    return Measure(component, float(error.max()), float(squares.mean()), float((error >= 1).mean()), max(blocks))


def tile_peaks(own: Plane, golden: Plane, bit_depth: int) -> tuple[tuple[float, ...], ...]:
    """Greatest difference in each tile of 16x16, in steps of 8 bits; of the first 64 rows and columns of tiles."""
    error = np.abs(own.astype(np.int64) - golden) / float(1 << (bit_depth - 8))
    rows, columns = (range(0, min(size, 64 * TILE), TILE) for size in error.shape)
    return tuple(
        tuple(round(float(error[top : top + TILE, left : left + TILE].max()), 3) for left in columns) for top in rows
    )


def first_plane_divergence(planes: Sequence[Plane], geometry: Geometry, golden: Golden) -> Divergence | None:
    """First plane, and the first tile in it, whose digest differs."""
    for name, plane, (digest, tiles) in zip(geometry.names, planes, golden.planes, strict=True):
        if sha256(np.ascontiguousarray(plane).tobytes()) == digest:
            continue
        found = first_tile(tile_digests(plane), tiles, -(-plane.shape[1] // TILE))
        row, column, count, total = found or (0, 0, 0, 0)
        return Divergence("output planes", name, (row, column), TILE, (count, total))
    return None


def first_stage_divergence(folder: Path, golden: Golden, exact: bool) -> Divergence | str | None:
    """First dumped stage that is not golden; a text where a dump cannot be read.

    exact: also stages after the symbols, which only picture-exact decoders share.
    """
    for name, stage in golden.stages.items():
        if not exact and name.rpartition("/")[2] not in EXACT_STAGES:
            continue
        path = folder / f"{name}.npy"
        if not path.exists():
            continue
        try:
            array = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            return f"stage {name}: {error}"
        found = _stage_divergence(name, array, stage)
        if found is not None:
            return found
    return None


def _stage_divergence(name: str, array: NDArray[Any], stage: Stage) -> Divergence | str | None:
    kind = f"{array.dtype.kind}{array.dtype.itemsize}"
    if kind != stage.kind or array.shape != stage.shape:
        return f"stage {name}: {kind} {array.shape}, expected {stage.kind} {stage.shape}"
    if canonical_sha256(array) == stage.sha256:
        return None
    component, _, tensor = name.rpartition("/")
    found = first_tile(
        tile_digests(canonical(array), stage.tile, stage.tile), stage.tiles, -(-array.shape[-1] // stage.tile)
    )
    row, column, count, total = found or (0, 0, 0, 0)
    return Divergence(tensor, component, (row, column), stage.tile, (count, total))


def canonical(array: NDArray[Any]) -> NDArray[Any]:
    """(Annex C) The array, contiguous and little-endian."""
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))


def canonical_sha256(array: NDArray[Any]) -> str:
    """(Annex C) Digest of a tensor: kind, size, shape in a line, then the elements."""
    own = canonical(array)
    head = f"{own.dtype.kind}{own.dtype.itemsize} {'x'.join(map(str, own.shape))}\n"
    return sha256(head.encode() + own.tobytes())


def measures(planes: Sequence[Plane], golden: Sequence[Plane], geometry: Geometry) -> Iterator[Measure]:
    """Difference of each plane."""
    for name, own, wanted in zip(geometry.names, planes, golden, strict=True):
        if own.shape != wanted.shape:
            raise SuiteError(f"plane {name}: {wanted.shape} in the suite, {own.shape} by its geometry")
        yield measure(name, own, wanted, geometry.bit_depth)


def geometry_problem(result: Mapping[str, Any], geometry: Geometry) -> str:
    """What result.json says wrongly of the picture; "" where nothing."""
    expected = {
        "width": geometry.width, "height": geometry.height, "bit_depth": geometry.bit_depth,
        "chroma_format": geometry.chroma_format, "components": list(geometry.components), "alpha": geometry.alpha,
    }  # fmt: skip
    for key, value in expected.items():
        if key not in result:
            return f"result.json: {key} is missing, expected {value!r}"
        if result[key] != value or type(result[key]) is not type(value):
            return f"result.json: {key} is {str(result[key])[:80]!r}, expected {value!r}"
    return ""
