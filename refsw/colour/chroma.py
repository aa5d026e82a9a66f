# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.5.4) Chroma of 4:2:0 and 4:2:2 pictures, from and to planes of full size.

Down is the mean of the 2 or 4 plane samples that a chroma sample covers. Up is a straight line through neighbours that
keeps this mean, so that both together are the identity: what upsampling adds is free.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from refsw.types import Int


def downsample(planes: NDArray[np.int32], rows: int, columns: int, fraction_bits: int) -> NDArray[np.int64]:
    """(9.5.4) Planes int32 [P, H, W] -> samples int64 [P, ceil(H / 2^rows), ceil(W / 2^columns)], not clipped.

    At an odd edge the last row and column count twice.
    """
    total = planes.astype(np.int64)
    if rows:
        total = np.pad(total, ((0, 0), (0, total.shape[1] % 2), (0, 0)), mode="edge")
        total = total[:, 0::2] + total[:, 1::2]
    if columns:
        total = np.pad(total, ((0, 0), (0, 0), (0, total.shape[2] % 2)), mode="edge")
        total = total[:, :, 0::2] + total[:, :, 1::2]
    down = fraction_bits + rows + columns
    return (total + (1 << (down - 1))) >> down


def upsample(
    samples: Int,
    area: tuple[slice, slice],
    size: tuple[int, int],
    rows: int,
    columns: int,
    fraction_bits: int,
    top: int,
) -> NDArray[np.int32]:
    """(informative) A rectangle of the planes of a picture.

    samples: [P, h, w], the whole chroma; area: rows and columns of the rectangle; size: (H, W) of the
    picture; top: the greatest plane sample. Returns int32 [P, rows of the area, columns of the area].
    """
    (vertical, horizontal), (height, width) = area, size
    down, across = _taken(vertical, rows, samples.shape[1]), _taken(horizontal, columns, samples.shape[2])
    out = samples[:, down[:, None], across].astype(np.int64) << fraction_bits
    if rows:
        out = _doubled(out, vertical, height, top)
    if columns:
        out = _doubled(out.swapaxes(1, 2), horizontal, width, top).swapaxes(1, 2)
    return np.ascontiguousarray(out, np.int32)


def _taken(part: slice, halved: int, count: int) -> NDArray[np.intp]:
    """Chroma rows that a part needs: its own and, where they are doubled, a neighbour at both sides."""
    if not halved:
        return np.arange(part.start, part.stop)
    return np.arange(part.start // 2 - 1, (part.stop + 1) // 2 + 1).clip(0, count - 1)


def _doubled(values: NDArray[np.int64], part: slice, size: int, top: int) -> NDArray[np.int64]:
    """[P, n + 2, ...] -> [P, length of the part, ...]: c - d, c + d for each c; d: 1/8 of the neighbours' step."""
    own = values[:, 1:-1]
    slope = (values[:, 2:] - values[:, :-2]) >> 3
    room = np.minimum(own, top - own)
    slope = np.clip(slope, -room, room)
    first = part.start // 2
    if size % 2 and first + own.shape[1] == (size + 1) // 2:
        slope[:, -1] = 0  # the last sample covers one row: nothing would balance it
    both = np.stack([own - slope, own + slope], 2).reshape(len(own), 2 * own.shape[1], *own.shape[2:])
    start = part.start - 2 * first
    return both[:, start : start + part.stop - part.start]
