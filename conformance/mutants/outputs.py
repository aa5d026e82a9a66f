# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Mutants of what a decoder writes: (planes, geometry) -> planes, or changes of result.json and of the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.runner.planes import Geometry

Planes = list[NDArray[np.int64]]
Change = Callable[[Planes, Geometry], Planes]


@dataclass(frozen=True)
class Wrong:
    """One wrong output. says: changes of result.json; raw: a change of the bytes."""

    text: str
    planes: Change | None = None
    says: Callable[[Geometry], Mapping[str, Any]] | None = None
    raw: Callable[[bytes, Geometry], bytes] | None = None


def _each(change: Callable[[NDArray[np.int64], Geometry], NDArray[np.int64]]) -> Change:
    def all_planes(planes: Planes, geometry: Geometry) -> Planes:
        return [change(plane, geometry) for plane in planes]

    return all_planes


def _colours(change: Callable[[NDArray[np.int64], Geometry], NDArray[np.int64]]) -> Change:
    def all_but_alpha(planes: Planes, geometry: Geometry) -> Planes:
        own = len(geometry.components)
        return [*(change(plane, geometry) for plane in planes[:own]), *planes[own:]]

    return all_but_alpha


def _top(geometry: Geometry) -> int:
    return (1 << geometry.bit_depth) - 1


def _swap(planes: Planes, first: int, second: int) -> Planes:
    if max(first, second) >= len(planes):
        return planes
    found = list(planes)
    found[first], found[second] = found[second], found[first]
    return found


def _noise(plane: NDArray[np.int64], geometry: Geometry) -> NDArray[np.int64]:
    """One sample in a thousand, or one at least, is off by one."""
    found = plane.copy().reshape(-1)
    found[len(found) // 2 :: 1000] ^= 1
    return found.reshape(plane.shape)


def _tile(
    plane: NDArray[np.int64], geometry: Geometry, row: int, column: int, value: int | None = None
) -> NDArray[np.int64]:
    """The last tile of 16x16 is moved, or has one value."""
    found = plane.copy()
    top, left = (plane.shape[0] - 1) // 16 * 16, (plane.shape[1] - 1) // 16 * 16
    own = found[top : top + 16, left : left + 16]
    own[...] = np.roll(own, (row, column), (0, 1)) if value is None else value
    return found


def _interpolated(plane: NDArray[np.int64], geometry: Geometry) -> NDArray[np.int64]:
    found = plane.copy()
    found[:, 1:] = (plane[:, 1:] + plane[:, :-1] + 1) // 2
    return found


def _bleeding(planes: Planes, geometry: Geometry) -> Planes:
    """One sample at the seam of regions of 64 comes from its neighbour."""
    found = [plane.copy() for plane in planes]
    for plane in found:
        if plane.shape[1] > 64:
            plane[:, 64] = plane[:, 63]
    return found


OUTPUTS: Mapping[str, Wrong] = {
    "planes-swapped-first-last": Wrong("the first and the last component change places", lambda p, g: _swap(p, 0, 2)),
    "planes-swapped-chroma": Wrong("the second and third component change places", lambda p, g: _swap(p, 1, 2)),
    "planes-reversed": Wrong("planes in reverse order", lambda p, g: p[::-1]),
    "plane-twice": Wrong(
        "the first plane stands in place of the second",
        lambda p, g: [p[0], p[0], *p[2:]] if len(p) > 1 and p[0].shape == p[1].shape else p,
    ),
    "transposed": Wrong("columns written as rows", _each(lambda p, g: np.ascontiguousarray(p.T).reshape(p.shape))),
    "upside-down": Wrong("the bottom row first", _each(lambda p, g: p[::-1])),
    "mirrored": Wrong("columns from the right", _each(lambda p, g: p[:, ::-1])),
    "row-late": Wrong("rows are one too low", _each(lambda p, g: np.vstack([p[:1], p[:-1]]))),
    "column-late": Wrong("columns are one too far right", _each(lambda p, g: np.hstack([p[:, :1], p[:, :-1]]))),
    "tile-moved-right": Wrong("the last tile is off by one column", _each(lambda p, g: _tile(p, g, 0, 1))),
    "tile-moved-down": Wrong("the last tile is off by one row", _each(lambda p, g: _tile(p, g, 1, 0))),
    "tile-missing": Wrong("the last tile is black", _each(lambda p, g: _tile(p, g, 0, 0, 0))),
    "last-row-missing": Wrong(
        "the last row repeats the one before", _each(lambda p, g: np.vstack([p[:-1], p[-2:-1] if len(p) > 1 else p]))
    ),
    "constant": Wrong("a grey picture for every stream", _each(lambda p, g: np.full_like(p, _top(g) // 2))),
    "black": Wrong("a black picture for every stream", _each(lambda p, g: np.zeros_like(p))),
    "plus-one": Wrong("every sample one too large", _colours(lambda p, g: np.minimum(p + 1, _top(g)))),
    "rounded-down": Wrong(
        "every sample one too small, as without the half before a shift", _colours(lambda p, g: np.maximum(p - 1, 0))
    ),
    "one-sample": Wrong(
        "the last sample is off by one",
        lambda p, g: [*p[:-1], np.append(p[-1].reshape(-1)[:-1], p[-1].reshape(-1)[-1] ^ 1).reshape(p[-1].shape)],
    ),
    "noise": Wrong("one sample in a thousand is off by one", _colours(_noise)),
    "low-bit-lost": Wrong("the lowest bit is always 0", _colours(lambda p, g: p & ~1)),
    "wraps": Wrong(
        "samples at the top wrap to 0, as without a clip", _colours(lambda p, g: np.where(p == _top(g), 0, p))
    ),
    "wraps-below": Wrong(
        "samples at 0 wrap to the top, as without a clip", _colours(lambda p, g: np.where(p == 0, _top(g), p))
    ),
    "narrow-range": Wrong(
        "samples are scaled to narrow range", _colours(lambda p, g: p * 219 // 255 + (16 << (g.bit_depth - 8)))
    ),
    "inverted": Wrong("samples are inverted", _colours(lambda p, g: _top(g) - p)),
    "eight-bit-precision": Wrong(
        "deep pictures have 8 bits of precision", _each(lambda p, g: p >> (g.bit_depth - 8) << (g.bit_depth - 8))
    ),
    "shifted-left": Wrong(
        "samples in the high bits", _each(lambda p, g: p << (16 - g.bit_depth) if g.bit_depth > 8 else p)
    ),
    "smoothed": Wrong("a post-filter that nobody asked for", _colours(_interpolated)),
    "region-seam": Wrong("one column at a region's seam comes from the neighbour", _bleeding),
    "chroma-nearest": Wrong(
        "subsampled chroma is moved by one sample",
        lambda p, g: (
            [p[0], *(np.roll(q, 1, 1) for q in p[1:3]), *p[3:]] if g.chroma_format in ("4:2:0", "4:2:2") else p
        ),
    ),
    "alpha-opaque": Wrong(
        "alpha is opaque for every stream", lambda p, g: [*p[:-1], np.full_like(p[-1], _top(g))] if g.alpha else p
    ),
    "alpha-differences": Wrong(
        "alpha is left as differences",
        lambda p, g: [*p[:-1], np.diff(p[-1], axis=0, prepend=0) & _top(g)] if g.alpha else p,
    ),
    "premultiplied": Wrong(
        "colours are multiplied by alpha",
        lambda p, g: [*(q * p[-1] // _top(g) for q in p[:-1]), p[-1]] if g.alpha and g.chroma_format == "4:4:4" else p,
    ),
    "big-endian": Wrong(
        "two-byte samples are big-endian",
        raw=lambda d, g: np.frombuffer(d, "<u2").byteswap().tobytes() if g.bit_depth > 8 else d,
    ),
    "interleaved": Wrong(
        "samples of a pixel stand together",
        lambda p, g: list(np.stack(p, 2).reshape(len(p), *p[0].shape)) if len({q.shape for q in p}) == 1 else p,
    ),
    "rows-padded": Wrong("rows are padded to 64 samples", raw=lambda d, g: _padded(d, g)),
    "alpha-missing": Wrong("alpha is left out", raw=lambda d, g: d[: replace(g, alpha=False).bytes]),
    "coded-size": Wrong("a header before the planes", raw=lambda d, g: b"P6\n" + d),
    "file-empty": Wrong("an empty file", raw=lambda d, g: b""),
    "file-short": Wrong("the last byte is missing", raw=lambda d, g: d[:-1]),
    "file-long": Wrong("a byte too many", raw=lambda d, g: d + b"\n"),
    "says-other-size": Wrong(
        "right planes, and a result with width and height exchanged",
        says=lambda g: {"width": g.height, "height": g.width},
    ),
    "says-eight-bits": Wrong("right planes, and a result that says 8 bits", says=lambda g: {"bit_depth": 8}),
    "says-rgb": Wrong("right planes, and a result that says R, G, B", says=lambda g: {"components": ["R", "G", "B"]}),
    "says-444": Wrong("right planes, and a result that says 4:4:4", says=lambda g: {"chroma_format": "4:4:4"}),
    "says-no-alpha": Wrong("right planes, and a result without alpha", says=lambda g: {"alpha": False}),
    "says-text": Wrong("right planes, and sizes as text", says=lambda g: {"width": str(g.width)}),
    "says-rejected": Wrong(
        "exit 0, right planes, and a result that says rejected", says=lambda g: {"status": "rejected"}
    ),
}


def _padded(data: bytes, geometry: Geometry) -> bytes:
    from conformance.runner.planes import split

    return b"".join(np.pad(p, ((0, 0), (0, -p.shape[1] % 64))).tobytes() for p in split(data, geometry))
