# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The few frozen types that pass between stages.

    Image -> Planes -> Latents -> Symbols -> Codestream (refsw.syntax) -> bytes, and back

Arrays are NumPy, C-contiguous, never written to after construction.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.errors import ImageError

Int = NDArray[np.integer[Any]]


def canonical_bytes(array: NDArray[Any]) -> bytes:
    """(Annex C) A tensor in canonical layout.

    Kind and size in bytes of an element ("i1", "i4", "f4", "b1"), a space, shape as decimal numbers joined by
    "x", a newline, then the elements in C order, little-endian.
    """
    head, body = canonical_parts(array)
    return head + body.tobytes()


def canonical_parts(array: NDArray[Any]) -> tuple[bytes, NDArray[np.uint8]]:
    """(Annex C) First line and elements of the canonical layout; a contiguous little-endian array is not copied."""
    canonical = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    head = f"{canonical.dtype.kind}{canonical.dtype.itemsize} {'x'.join(map(str, canonical.shape))}\n"
    return head.encode(), canonical.reshape(-1).view(np.uint8)


def digest(array: NDArray[Any]) -> str:
    """(Annex C) SHA-256 of a tensor in canonical layout, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_bytes(array)).hexdigest()


@dataclass(frozen=True)
class Cicp:
    """(6.7.2 to 6.7.5) Coding-independent code points of ISO/IEC 23091-2; 2 is unspecified."""

    colour_primaries: int = 2
    transfer_characteristics: int = 2
    matrix_coefficients: int = 2
    full_range: bool = True


@dataclass(frozen=True)
class MasteringDisplay:
    """(6.7.7 to 6.7.10) Chromaticities x, y, unit 0.00002; luminances, unit 0.0001 cd/m2."""

    primaries: tuple[int, ...]
    white_point: tuple[int, ...]
    max_luminance: int
    min_luminance: int


@dataclass(frozen=True)
class ContentLight:
    """(6.7.12, 6.7.13) Light levels of the content, cd/m2."""

    maximum: int
    average: int


@dataclass(frozen=True)
class Metadata:
    """What travels with a picture and changes no sample. exif: TIFF structure, without the identifier "Exif"."""

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    cicp: Cicp | None = None
    mastering_display: MasteringDisplay | None = None
    content_light: ContentLight | None = None
    user_data: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Chroma:
    """Subsampled colour differences.

    samples: uint8 or uint16 [2, ceil(H / 2^rows), ceil(W / 2^columns)], Cb and Cr; (rows, columns) = (1, 1) is 4:2:0,
    (0, 1) is 4:2:2.
    """

    samples: NDArray[np.uint8] | NDArray[np.uint16]
    rows: int
    columns: int


@dataclass(frozen=True)
class Image:
    """A picture as stored.

    samples: uint8 or uint16 [H, W, C], range 0..2**bit_depth - 1; C is 1 (grey, or Y where there is chroma) or 3 (RGB,
    or Y, Cb, Cr where ycbcr); chroma: Cb and Cr of a subsampled picture; alpha: [H, W], the greatest value is opaque.
    """

    samples: NDArray[np.uint8] | NDArray[np.uint16]
    bit_depth: int = 8
    ycbcr: bool = False
    chroma: Chroma | None = None
    alpha: NDArray[np.uint8] | NDArray[np.uint16] | None = None
    metadata: Metadata = Metadata()

    def __post_init__(self) -> None:
        if self.samples.ndim != 3 or self.samples.shape[2] not in (1, 3) or 0 in self.samples.shape:
            raise ImageError(f"picture of shape {self.samples.shape}: expected [H, W, 1] or [H, W, 3], H and W >= 1")
        parts = (self.samples, None if self.chroma is None else self.chroma.samples, self.alpha)
        for part in parts:
            if part is not None and part.dtype != (np.uint8 if self.bit_depth == 8 else np.uint16):
                raise ImageError(f"picture of type {part.dtype} does not hold {self.bit_depth}-bit samples")
        if self.alpha is not None and self.alpha.shape != self.samples.shape[:2]:
            raise ImageError(f"alpha of shape {self.alpha.shape}: expected {self.samples.shape[:2]}")
        own = self.chroma
        if own is not None:
            expected = (2, -(-self.height // (1 << own.rows)), -(-self.width // (1 << own.columns)))
            if (own.rows, own.columns) not in ((1, 1), (0, 1)) or self.channels != 1 or own.samples.shape != expected:
                raise ImageError(f"chroma of shape {own.samples.shape}: expected {expected}, beside one plane")

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.samples.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.samples.shape[1])

    @property
    def channels(self) -> int:
        """1 for grey, 3 for RGB."""
        return int(self.samples.shape[2])

    @property
    def chroma_format_idc(self) -> int:
        """(6.3.14) 0 4:0:0, 1 4:2:0, 2 4:2:2, 3 4:4:4."""
        if self.chroma is not None:
            return 1 if self.chroma.rows else 2
        return 3 if self.channels == 3 else 0


@dataclass(frozen=True)
class Planes:
    """Colour planes of a picture, in the coded colour space.

    samples: int32 [P, H, W], unit 1/16 of an output step, range 0..16 * (2**bit_depth - 1);
    order Y, Cb, Cr (P = 3) or Y alone (P = 1); Cb and Cr are stored with their offset of half the range.
    """

    samples: NDArray[np.int32]
    bit_depth: int = 8

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) in samples."""
        return int(self.samples.shape[1]), int(self.samples.shape[2])


@dataclass(frozen=True)
class ComponentSymbols:
    """What is coded of one component, and what steers its parsing. Exact on every machine.

    z: int8 [C_z, ceil(h/4), ceil(w/4)], hyper-latent;
    scale_index: int32 [C_y, h, w], Q7 log scale, 0..8191;
    skip_mask: bool [C_y, h, w], True where no symbol is coded;
    symbols: int32 [C_y, h, w], quantised residual, 0 where skipped.
    """

    z: NDArray[np.int8]
    scale_index: NDArray[np.int32]
    skip_mask: NDArray[np.bool_]
    symbols: NDArray[np.int32]


@dataclass(frozen=True)
class CodedTensors:
    """What of one component reconstruction needs, as small as it can be held.

    z: int8 [C_z, ceil(h/4), ceil(w/4)]; symbols: int16 [C_y, h, w], or int32 where a value does not fit; steps: int8
    [h, w], the quality map, or [C_y, h, w] with variance scaling, None where there is neither; rows: uint8 [C_y, h, w],
    table rows of all positions, 0 where symbols are not known, None where nobody asked.
    """

    z: NDArray[np.int8]
    symbols: Int
    steps: NDArray[np.int8] | None = None
    rows: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class ComponentLatents:
    """Latents of one component after the mean path (tolerant).

    mean: float32 [C_y, h, w]; y_hat: float32 [C_y, h, w], mean + symbol, in units of the quantiser step.
    """

    mean: NDArray[np.float32]
    y_hat: NDArray[np.float32]
