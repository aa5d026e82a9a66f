# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Raw planes: geometry, bytes, arrays, digests of tiles.

One plane after the other, rows from the top, no padding; 1 byte a sample where the bit depth is 8, otherwise 2,
little-endian. Chroma planes have the size of the source chroma format; alpha comes last, in full size.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

TILE = 16
"""Rows and columns of a tile of a plane, whose digests tell where planes differ."""
SHIFTS = {"4:0:0": (0, 0), "4:2:0": (1, 1), "4:2:2": (0, 1), "4:4:4": (0, 0)}

Plane = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Geometry:
    """What raw planes are. components: Y | R, G, B | Y, Cb, Cr."""

    width: int
    height: int
    bit_depth: int
    chroma_format: str
    components: tuple[str, ...]
    alpha: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Of all planes, in order."""
        return (*self.components, "A") if self.alpha else self.components

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """(rows, columns) of all planes, in order."""
        rows, columns = SHIFTS[self.chroma_format]
        small = ((self.height + rows) >> rows, (self.width + columns) >> columns)
        return tuple(small if name in ("Cb", "Cr") else (self.height, self.width) for name in self.names)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of a sample in the file."""
        return np.dtype(np.uint8 if self.bit_depth == 8 else "<u2")

    @property
    def bytes(self) -> int:
        """Of the whole file."""
        return sum(rows * columns for rows, columns in self.sizes) * self.dtype.itemsize


def split(data: bytes, geometry: Geometry) -> tuple[Plane, ...]:
    """Planes of a file that has geometry.bytes bytes."""
    values, planes, at = np.frombuffer(data, geometry.dtype), [], 0
    for rows, columns in geometry.sizes:
        planes.append(values[at : at + rows * columns].reshape(rows, columns))
        at += rows * columns
    return tuple(planes)


def sha256(data: bytes | memoryview) -> str:
    """64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def plane_sha256(plane: Plane) -> str:
    """SHA-256 of the bytes of a plane as they stand in the file."""
    return sha256(np.ascontiguousarray(plane).tobytes())


def tile_digests(array: NDArray[Any], rows: int = TILE, columns: int = TILE) -> str:
    """CRC-32 of each tile of the last two axes, over all axes before them; raster order, little-endian, base64."""
    height, width = array.shape[-2:]
    found = [
        zlib.crc32(np.ascontiguousarray(array[..., top : top + rows, left : left + columns]).tobytes())
        for top in range(0, height, rows)
        for left in range(0, width, columns)
    ]
    return base64.b64encode(np.array(found, "<u4").tobytes()).decode()


def first_tile(own: str, golden: str, columns: int) -> tuple[int, int, int, int] | None:
    """(row, column) of the first tile that differs, how many differ, and how many there are; None where none does.

    columns: tiles in a row.
    """
    left, right = (np.frombuffer(base64.b64decode(text), "<u4") for text in (own, golden))
    if len(left) != len(right):
        return 0, 0, len(right), len(right)
    differing = np.flatnonzero(left != right)
    if not len(differing):
        return None
    first = int(differing[0])
    return first // columns, first % columns, len(differing), len(right)
