# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Planar pictures without a header (.yuv): Y, Cb, Cr one after the other, 1 or 2 bytes a sample.

Two bytes are little-endian. The geometry comes from options, or from a sidecar `NAME.json` beside the file:

    {"width": 1920, "height": 1080, "bit_depth": 10, "chroma": "4:2:0", "matrix": 9, "full_range": false}
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.errors import ImageError, InputError, UsageError
from refsw.io.files import read_bytes
from refsw.spec import lowest_level
from refsw.types import Chroma, Cicp, Image, Metadata

CHROMA = {"4:0:0": (0, 0, 1), "4:2:0": (1, 1, 3), "4:2:2": (0, 1, 3), "4:4:4": (0, 0, 3)}
"""Base-2 logarithm of luma rows and columns for each of the chroma, and number of planes."""
BIT_DEPTHS = (8, 10, 12, 14, 16)
_SIDECAR_BYTES = 4096


@dataclass(frozen=True)
class Geometry:
    """What a raw file does not say. matrix: MatrixCoefficients, 1 BT.709, 5 and 6 BT.601, 9 BT.2020."""

    width: int
    height: int
    bit_depth: int = 8
    chroma: str = "4:2:0"
    matrix: int = 2
    full_range: bool = False

    def __post_init__(self) -> None:
        whole = all(type(v) is int for v in (self.width, self.height, self.bit_depth, self.matrix))
        if not whole or min(self.width, self.height) < 1 or not 0 <= self.matrix <= 255:
            raise UsageError(f"raw picture: size {self.width} x {self.height}, matrix {self.matrix}: not allowed")
        if self.bit_depth not in BIT_DEPTHS or self.chroma not in CHROMA or type(self.full_range) is not bool:
            raise UsageError(
                f"raw picture: bit depth {self.bit_depth}, chroma {self.chroma}, range {self.full_range}: expected "
                f"{', '.join(map(str, BIT_DEPTHS))}; {', '.join(CHROMA)}; true or false"
            )


def sidecar(path: str | Path) -> Path:
    """Where the geometry of a raw file stands."""
    return Path(f"{path}.json")


def read_sidecar(path: str | Path) -> Geometry:
    """Raises UsageError where there is none, InputError where it is not as described above."""
    name = sidecar(path)
    if not name.exists():
        raise UsageError(f"{path}: a raw picture needs --size, or a sidecar {name.name}")
    try:
        found = json.loads(read_bytes(name, maximum=_SIDECAR_BYTES))
        return Geometry(**found)
    except (ValueError, TypeError, RecursionError, UsageError) as error:
        raise InputError(f"{name}: not a geometry: {' '.join(str(error).split())}") from None


def image_from_raw(data: bytes, geometry: Geometry, name: object = "raw picture") -> Image:
    """Raises ImageError for another number of bytes or samples over the range, LevelError."""
    lowest_level(geometry.width, geometry.height)
    rows, columns, planes = CHROMA[geometry.chroma]
    height, width = geometry.height, geometry.width
    small = ((height + rows) >> rows, (width + columns) >> columns)
    kind = np.dtype(np.uint8 if geometry.bit_depth == 8 else "<u2")
    luma, chroma = height * width, small[0] * small[1] * (planes - 1)
    size = (luma + chroma) * kind.itemsize
    if len(data) != size:
        raise ImageError(f"{name}: {len(data)} bytes, {width} x {height} {geometry.chroma} has {size}")
    values: NDArray[Any] = np.frombuffer(data, kind).astype(np.uint8 if geometry.bit_depth == 8 else np.uint16)
    if int(values.max()) >= 1 << geometry.bit_depth:
        raise ImageError(f"{name}: sample {int(values.max())} in a picture of {geometry.bit_depth} bits")
    own = values[:luma].reshape(height, width, 1)
    metadata = Metadata(cicp=Cicp(2, 2, geometry.matrix, geometry.full_range))
    if planes == 1:
        return Image(own, geometry.bit_depth, metadata=metadata)
    both = values[luma:].reshape(2, *small)
    if geometry.chroma == "4:4:4":
        samples = np.ascontiguousarray(np.concatenate([own, both.transpose(1, 2, 0)], 2))
        return Image(samples, geometry.bit_depth, geometry.matrix != 0, metadata=metadata)
    return Image(own, geometry.bit_depth, True, Chroma(both, rows, columns), metadata=metadata)


def raw_from_image(image: Image) -> bytes:
    """Planes one after the other; alpha is left out."""
    parts: list[NDArray[Any]] = [image.samples[:, :, c] for c in range(image.channels)]
    if image.chroma is not None:
        parts.extend(image.chroma.samples)
    kind = np.uint8 if image.bit_depth == 8 else "<u2"
    return b"".join(np.ascontiguousarray(part, kind).tobytes() for part in parts)


def geometry_of(image: Image) -> Geometry:
    """The geometry that a reader of the raw planes needs."""
    chroma = next(c for c, name in enumerate(CHROMA) if c == image.chroma_format_idc)
    cicp = image.metadata.cicp or Cicp()
    matrix = cicp.matrix_coefficients if image.ycbcr or image.channels == 1 else 0
    return Geometry(image.width, image.height, image.bit_depth, list(CHROMA)[chroma], matrix, cicp.full_range)


def sidecar_bytes(image: Image) -> bytes:
    """The sidecar of a raw picture."""
    return (json.dumps(asdict(geometry_of(image)), indent=2) + "\n").encode()
