# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Synthetic pictures: integers alone, from a seed, the same on every machine. Dedicated to the public domain (CC0)."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from refsw.types import Chroma, Cicp, Image, Metadata


def noise(seed: str, count: int, bits: int) -> NDArray[np.int64]:
    """`count` numbers of `bits` <= 32 bits, from SHA-256 in counter mode."""
    blocks = [hashlib.sha256(f"{seed}/{index}".encode()).digest() for index in range(-(-count // 8))]
    return np.frombuffer(b"".join(blocks), ">u4").astype(np.int64)[:count] >> (32 - bits)


def plane(seed: str, height: int, width: int, depth: int) -> NDArray[np.int64]:
    """A ramp, a disc with a hard edge, stripes and some noise, in 0..2^depth - 1."""
    rows, columns = np.indices((height, width), dtype=np.int64)
    a, b, c, d, e, f = (int(v) for v in noise(seed, 6, 8))
    top = (1 << depth) - 1
    ramp = (rows * (a % 5 + 1) + columns * (b % 7 + 1)) * 3 + 2 * c
    radius = max(3, min(height, width) * (d % 3 + 2) // 10)
    centre = height * (a % 5 + 2) // 8, width * (b % 5 + 2) // 8
    disc = ((rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= radius**2) * (90 - 2 * (e % 90))
    stripes = ((columns + rows * (f % 3)) // (2 + c % 5) % 2) * (columns > width * 5 // 8) * (20 + d % 60)
    grain = noise(f"{seed}/grain", height * width, 3).reshape(height, width)
    folded = np.abs((ramp + disc + stripes + grain) % 480 - 240)  # a triangle: no jumps where a ramp overflows
    fine = noise(f"{seed}/fine", height * width, depth - 8).reshape(height, width) if depth > 8 else 0
    return np.minimum(((folded + 8) << (depth - 8)) + fine, top)


def rgb(seed: str, width: int, height: int, depth: int = 8, alpha: bool = False) -> Image:
    """Red, green and blue that have much in common."""
    base = plane(f"{seed}/base", height, width, depth)
    parts = [
        np.minimum((3 * base + plane(f"{seed}/{name}", height, width, depth)) // 4, (1 << depth) - 1) for name in "rgb"
    ]
    opacity = plane(f"{seed}/alpha", height, width, depth) if alpha else None
    return Image(_stored(np.stack(parts, 2), depth), depth, alpha=None if opacity is None else _stored(opacity, depth))


def grey(seed: str, width: int, height: int, depth: int = 8) -> Image:
    """One plane."""
    return Image(_stored(plane(seed, height, width, depth)[..., None], depth), depth)


def flat(value: tuple[int, ...], width: int, height: int, depth: int = 8) -> Image:
    """One colour."""
    return Image(_stored(np.broadcast_to(np.array(value), (height, width, len(value))), depth), depth)


def gratings(seed: str, depth: int = 8, cell: int = 20) -> Image:
    """Cells of stripes: six contrasts in columns; across, down, falling, rising and grain in rows."""
    steps = np.array([[0, 1], [1, 0], [1, -1], [1, 1]])
    rows, columns = np.indices((5 * cell, 6 * cell), dtype=np.int64)
    period = 3 + noise(seed, 30, 2).reshape(5, 6)[rows // cell, columns // cell]
    along = steps[(rows // cell).clip(0, 3)]
    wave = (along[..., 0] * rows + along[..., 1] * columns) % (2 * period) - period
    wave = np.where(rows // cell == 4, noise(f"{seed}/grain", rows.size, 3).reshape(rows.shape) - 4, wave)
    contrast = np.array([1, 2, 5, 10, 20, 40])[columns // cell]
    luma = 128 + wave.clip(-4, 4) * contrast * 3 // 4
    tints = [noise(f"{seed}/{name}", 1, 5)[0] - 16 + columns // (4 + index) for index, name in enumerate("rgb")]
    samples = np.stack([(luma + tint).clip(0, 255) for tint in tints], 2) << (depth - 8)
    fine = noise(f"{seed}/fine", samples.size, depth - 8).reshape(samples.shape) if depth > 8 else 0
    return Image(_stored(samples + fine, depth), depth)


def flat_luma(seed: str, value: int) -> Image:
    """Y of one value beside Cb and Cr that are not flat."""
    samples = gratings(seed).samples.copy()
    samples[..., 0] = value
    return Image(samples, 8, True, metadata=Metadata(cicp=Cicp(1, 1, 1, False)))


def ends(seed: str, width: int, height: int, depth: int = 8) -> Image:
    """Black and white: dots, lines, squares, in three channels that are alike in some places."""
    rows, columns = np.indices((height, width), dtype=np.int64)
    squares = (rows // 8 + columns // 8) % 2
    lines, dots = columns % (2 + rows // 16), ((rows % 4) * (columns % 4) == 9)
    bits = noise(seed, 3 * rows.size, 1).reshape(3, height, width)
    base = np.where(rows < height // 3, squares, np.where(rows < 2 * height // 3, lines == 0, dots))
    parts = [np.where(columns < width * 3 // 4, base, own) * ((1 << depth) - 1) for own in bits]
    return Image(_stored(np.stack(parts, 2), depth), depth)


def ycbcr(seed: str, width: int, height: int, chroma: str, depth: int = 8) -> Image:
    """Y, Cb, Cr of BT.709, narrow range by name; chroma: 4:4:4, 4:2:2 or 4:2:0."""
    metadata = Metadata(cicp=Cicp(1, 1, 1, False))
    luma = plane(f"{seed}/y", height, width, depth)
    rows, columns = {"4:4:4": (0, 0), "4:2:2": (0, 1), "4:2:0": (1, 1)}[chroma]
    size = (height + rows) >> rows, (width + columns) >> columns
    both = [plane(f"{seed}/{name}", *size, depth) // 2 + (1 << (depth - 2)) for name in ("cb", "cr")]
    if chroma == "4:4:4":
        return Image(_stored(np.stack([luma, *both], 2), depth), depth, True, metadata=metadata)
    small = Chroma(_stored(np.stack(both), depth), rows, columns)
    return Image(_stored(luma[..., None], depth), depth, True, small, metadata=metadata)


def _stored(samples: NDArray[np.int64], depth: int) -> NDArray[np.uint8] | NDArray[np.uint16]:
    return np.ascontiguousarray(samples, np.uint8 if depth == 8 else np.uint16)
