# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Golden values of a valid stream: planes of the picture-exact process (9.8), digests of every stage and its tiles."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from conformance.runner.compare import canonical, canonical_sha256
from conformance.runner.planes import Geometry, plane_sha256, split, tile_digests
from refsw.cli.dump import stages
from refsw.cli.vector import planes_of, result_of
from refsw.decode.picture import decode_picture
from suitegen.bench import Bench

_TILES = {"z": 1, "planes": 64}
_LATENT_TILE = 4
"""Latent samples of 64 luma samples, one sample of z."""


@dataclass(frozen=True)
class Decoded:
    """Planes as in the file that an adapter writes, and what a golden file states."""

    geometry: Geometry
    planes: bytes
    golden: dict[str, Any]


def decode(bench: Bench, data: bytes, point: str | None = None, lossy: bool = False) -> Decoded:
    """Decodes picture-exactly, by the model that is named; lossy: lossless layers are left aside."""
    decoded = decode_picture(data, operating_point=point, model=bench.of(data).model, exact="auto", lossy=lossy)
    result, planes = result_of(decoded.image), planes_of(decoded.image)
    names = ("width", "height", "bit_depth", "chroma_format", "components", "alpha")
    geometry = Geometry(**{name: result[name] for name in names} | {"components": tuple(result["components"])})
    golden = {
        "planes": [{"sha256": plane_sha256(p), "tiles": tile_digests(p)} for p in split(planes, geometry)],
        "stages": {name.removesuffix(".npy"): _stage(name, array) for name, array in stages(decoded).items()},
    }
    return Decoded(geometry, planes, golden)


def _stage(name: str, array: NDArray[Any]) -> dict[str, Any]:
    tile = _TILES.get(name.rpartition("/")[2].removesuffix(".npy"), _LATENT_TILE)
    return {
        "kind": f"{array.dtype.kind}{array.dtype.itemsize}", "shape": list(array.shape),
        "sha256": canonical_sha256(array), "tile": tile, "tiles": tile_digests(canonical(array), tile, tile),
    }  # fmt: skip


def golden_bytes(golden: dict[str, Any]) -> bytes:
    """The file golden/ID.json."""
    return (json.dumps(golden, indent=1) + "\n").encode()


def planes_bytes(decoded: Decoded) -> bytes:
    """The file golden/ID.planes; its contents are what is verified, since libraries of zlib differ in bytes."""
    return zlib.compress(decoded.planes, 9)
