# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.4, 9.8.4, 9.6) Planes from latents and features: synthesis, over windows or over signalled tiles of a domain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from conformance.independent.layers import Tensor, add, clip
from conformance.independent.networks import SAMPLE, Synthesis

EXACT_PLANE_BITS = 20  # 9.8.4
WINDOW = 64
"""Side of a window in latent samples. Results do not depend on it (9.6.2)."""


@dataclass(frozen=True)
class Span:
    """Half-open range of rows or columns in latent samples: what is kept, and what the networks see."""

    start: int
    stop: int
    seen_start: int
    seen_stop: int


def spans(length: int, side: int, overlap: int) -> list[Span]:
    """(9.6.2, 9.6.3) A side of a domain cut into parts, each extended by `overlap` inside the domain."""
    starts = range(0, length, side)
    return [
        Span(start, min(length, start + side), max(0, start - overlap), min(length, start + side + overlap))
        for start in starts
    ]


def reach(synthesis: Synthesis) -> int:
    """(9.6.2) Latent samples over which a sample depends on others: 3x3 convolutions on the grids of 16 and of 8."""
    coarse, fine = len(synthesis.coarse), len(synthesis.fine) + 1
    return coarse + (fine + 1) // 2


def synthesise(synthesis: Synthesis, x: Tensor, planes: int, bit_depth: int) -> Tensor:
    """(9.8.4) x: unscaled latents and features, [C_y + features, h, w]; returns [planes, 16 h, 16 w], uncropped."""
    skip = synthesis.skip
    beside = skip(x[: skip.weight.shape[1]]) if skip else None
    x = synthesis.first(x)
    for block in synthesis.coarse:
        x = block(x)
    x = synthesis.fine_gain(synthesis.split(x))
    for block in synthesis.fine:
        x = block(x)
    x = synthesis.last(x)
    if beside is not None:
        x = add(x, beside, SAMPLE)
    return planes_of_patches(synthesis.stem(x), planes, bit_depth)


def planes_of_patches(v: Tensor, planes: int, bit_depth: int) -> Tensor:
    """(9.8.4) v: output of `stem`, [64 planes, h, w], 20 fractional bits; returns [planes, 8 h, 8 w]."""
    height, width = v.shape[1:]
    patches = v.reshape(planes, 8, 8, height, width)  # plane, row and column inside the patch, patch
    v = patches.transpose(0, 3, 1, 4, 2).reshape(planes, 8 * height, 8 * width)
    top, half = 16 * ((1 << bit_depth) - 1), 1 << (EXACT_PLANE_BITS - 1)
    return clip(((v + half) * top + half) >> EXACT_PLANE_BITS, (0, top))


def domain_planes(
    synthesis: Synthesis, x: Tensor, planes: int, bit_depth: int, tile_size: int, tile_overlap: int
) -> Iterator[tuple[int, int, Tensor]]:
    """(9.6.2, 9.6.3) Row, column (luma samples in the domain) and samples of each part; x as in `synthesise`.

    tile_size and tile_overlap: those of the picture header in luma samples; 0 and 0 where no tiles are signalled.
    """
    side, overlap = (tile_size // 16, tile_overlap // 16) if tile_size else (WINDOW, reach(synthesis))
    for row in spans(x.shape[1], side, overlap):
        for column in spans(x.shape[2], side, overlap):
            seen = x[:, row.seen_start : row.seen_stop, column.seen_start : column.seen_stop]
            made = synthesise(synthesis, seen, planes, bit_depth)
            top, left = 16 * (row.start - row.seen_start), 16 * (column.start - column.seen_start)
            height, width = 16 * (row.stop - row.start), 16 * (column.stop - column.start)
            yield 16 * row.start, 16 * column.start, made[:, top : top + height, left : left + width]


def stored(plane: Tensor, bit_depth: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8 | np.uint16]]:
    """(6.12.4) Samples as u1 where the bit depth is 8, otherwise u2."""
    return plane.astype(np.uint8 if bit_depth == 8 else np.uint16)
