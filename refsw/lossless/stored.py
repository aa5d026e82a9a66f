# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.9.8) Samples without prediction from the base picture: filtered rows in a zlib stream, for drawings and text."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from refsw.errors import DamageError

Plane = NDArray[np.int32]
NONE, SUB, UP = range(3)


def _groups(shapes: Sequence[tuple[int, int]]) -> Iterator[tuple[int, ...]]:
    """Planes of one size stand sample beside sample."""
    for shape in dict.fromkeys(shapes):
        yield tuple(index for index, other in enumerate(shapes) if other == shape)


def read_stored(data: bytes, shapes: Sequence[tuple[int, int]], depth: int) -> tuple[Plane, ...]:
    """(9.9.8) Planes in coding order. Inflates no more than the planes hold. Raises DamageError."""
    size = 1 if depth == 8 else 2
    total = sum(h * (1 + size * w * len(g)) for g in _groups(shapes) for h, w in [shapes[g[0]]])
    try:
        stream = zlib.decompressobj()
        flat = stream.decompress(data, total + 1)  # one more, to notice what is too long
    except zlib.error:
        raise DamageError("lossless layer: zlib stream is damaged [clause 9.9.8]") from None
    if len(flat) != total or not stream.eof or stream.unused_data:
        raise DamageError(f"lossless layer: does not hold {total} bytes exactly [clause 9.9.8]")
    found: dict[int, Plane] = {}
    start = 0
    for group in _groups(shapes):
        height, width = shapes[group[0]]
        row = 1 + size * width * len(group)
        rows = np.frombuffer(flat, np.uint8, height * row, start).reshape(height, row)
        start += height * row
        whole = _unfiltered(rows, size * len(group)).reshape(height, width * len(group) * size)
        samples = whole.view(">u2" if size == 2 else np.uint8).reshape(height, width, len(group))
        for place, index in enumerate(group):
            found[index] = np.ascontiguousarray(samples[..., place], np.int32)
    if any(plane.max() >= 1 << depth for plane in found.values()):
        raise DamageError(f"lossless layer: a sample outside 0..{(1 << depth) - 1} [clause 9.9.8]")
    return tuple(found[index] for index in range(len(shapes)))


def _unfiltered(rows: NDArray[np.uint8], unit: int) -> NDArray[np.uint8]:
    """rows: [H, 1 + n], the filter first; unit: bytes to the sample on the left of the same plane."""
    found, above = np.empty((len(rows), rows.shape[1] - 1), np.uint8), np.zeros(rows.shape[1] - 1, np.uint8)
    for place, row in enumerate(rows):
        if row[0] > UP:
            raise DamageError(f"lossless layer: row {place} has filter {row[0]}, expected 0..{UP} [clause 9.9.8]")
        own = row[1:]
        if row[0] == SUB:
            own = np.cumsum(own.reshape(-1, unit), 0, dtype=np.uint8).reshape(-1)
        found[place] = above = own + above if row[0] == UP else own
    return found


def write_stored(samples: Sequence[Plane], depth: int) -> bytes:
    """(informative) What `read_stored` reads: without filters, or with that of the least magnitude in each row."""
    size, plain, chosen = (1 if depth == 8 else 2), list[bytes](), list[bytes]()
    for group in _groups([(p.shape[0], p.shape[1]) for p in samples]):
        beside = np.stack([samples[index] for index in group], 2).astype(">u2" if size == 2 else np.uint8)
        whole = np.ascontiguousarray(beside).view(np.uint8).reshape(len(beside), -1)
        unit, flag = size * len(group), np.zeros((len(whole), 1), np.uint8)
        left, above = np.zeros_like(whole), np.zeros_like(whole)
        left[:, unit:], above[1:] = whole[:, :-unit], whole[:-1]
        forms = np.stack([whole, whole - left, whole - above])
        best = np.abs(forms.view(np.int8).astype(np.int32)).sum(2).argmin(0)
        rows = np.take_along_axis(forms, best[None, :, None], 0)[0]
        plain.append(np.concatenate([flag, whole], 1).tobytes())
        chosen.append(np.concatenate([best[:, None].astype(np.uint8), rows], 1).tobytes())
    return min((zlib.compress(b"".join(form), 9) for form in (plain, chosen)), key=len)
