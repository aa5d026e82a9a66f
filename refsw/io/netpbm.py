# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Netpbm (P5, P6, P7) and PGX, 8 to 16 bits. Pillow knows 8 bits of the first two."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.errors import ImageError, UnsupportedError
from refsw.spec import lowest_level
from refsw.types import Image

DEPTHS = (8, 10, 12, 14, 16)
_WORD = rb"(?:\s|#[^\n]*\n)+"
_PNM = re.compile(rb"P([56])" + _WORD + rb"(\d{1,9})" + _WORD + rb"(\d{1,9})" + _WORD + rb"(\d{1,9})\s")
_PGX = re.compile(rb"PG[ \t]+(ML|LM)[ \t]*([+-]?)[ \t]*(\d{1,2})[ \t]+(\d{1,9})[ \t]+(\d{1,9})[ \t]*\r?\n")
_PAM = re.compile(rb"P7\n((?:[^\n]{0,200}\n){1,30}?)ENDHDR\n")
_HEAD = 8192


def is_ours(head: bytes) -> bool:
    """Whether a file beginning so is read here and not by Pillow: PAM, PGX, and Netpbm over 8 bits."""
    found = _PNM.match(head)
    return head.startswith((b"P7\n", b"PG ")) or (found is not None and int(found[4]) > 255)


def read(data: bytes) -> Image:
    """Raises ImageError, LevelError, UnsupportedError."""
    head = data[:_HEAD]
    if found := _PNM.match(head):
        channels = 3 if found[1] == b"6" else 1
        return _image(data[found.end() :], int(found[2]), int(found[3]), channels, int(found[4]), ">")
    if found := _PGX.match(head):
        bits = int(found[3])
        if found[2] == b"-" or bits > 16 or bits < 1:
            raise UnsupportedError(f"PGX of {found[2].decode()}{bits} bits; allowed: 1 to 16, unsigned")
        order = ">" if found[1] == b"ML" else "<"
        return _image(data[found.end() :], int(found[4]), int(found[5]), 1, 2**bits - 1, order)
    if found := _PAM.match(head):
        entries = dict(line.split(None, 1) for line in found[1].splitlines() if len(line.split(None, 1)) == 2)
        names = (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL")
        if all(re.fullmatch(rb"\d{1,9}", entries.get(name, b"").strip()) for name in names):
            width, height, channels, top = (int(entries[name]) for name in names)
            return _image(data[found.end() :], width, height, channels, top, ">")
    raise ImageError("damaged picture: no header of Netpbm or PGX")


def _image(data: bytes, width: int, height: int, channels: int, top: int, order: str) -> Image:
    if not 1 <= top < 1 << 16 or not 1 <= channels <= 4 or width < 1 or height < 1:
        raise ImageError(f"damaged picture: {width} x {height}, {channels} channels, greatest sample {top}")
    lowest_level(width, height)
    kind = np.dtype("u1" if top < 256 else f"{order}u2")
    size = width * height * channels * kind.itemsize
    if len(data) < size:
        raise ImageError(f"damaged picture: {len(data)} bytes of samples, {size} expected")
    samples: NDArray[Any] = np.frombuffer(data[:size], kind).reshape(height, width, channels)
    depth = next(d for d in DEPTHS if top < 1 << d)
    full = (1 << depth) - 1
    if int(samples.max()) > top:
        raise ImageError(f"damaged picture: a sample over {top}")
    if top != full:
        samples = ((samples.astype(np.uint64) * full + top // 2) // top)
    return from_channels(samples.astype(np.uint8 if depth == 8 else np.uint16), depth)


def from_channels(samples: NDArray[Any], bit_depth: int) -> Image:
    """[H, W, 1..4] as grey, grey and alpha, RGB, RGB and alpha."""
    count = samples.shape[2]
    alpha = np.ascontiguousarray(samples[:, :, -1]) if count in (2, 4) else None
    return Image(np.ascontiguousarray(samples[:, :, : count - 1 + count % 2]), bit_depth, alpha=alpha)


def pnm(image: Image) -> bytes:
    """P5 or P6; the greatest sample tells the bit depth."""
    head = f"P{'5' if image.channels == 1 else '6'}\n{image.width} {image.height}\n{2**image.bit_depth - 1}\n"
    return head.encode() + _big_endian(image.samples)


def pam(image: Image) -> bytes:
    """P7, with alpha where there is one."""
    parts = image.samples if image.alpha is None else np.dstack([image.samples, image.alpha])
    kind = ("GRAYSCALE" if image.channels == 1 else "RGB") + ("" if image.alpha is None else "_ALPHA")
    return (
        f"P7\nWIDTH {image.width}\nHEIGHT {image.height}\nDEPTH {parts.shape[2]}\nMAXVAL {2**image.bit_depth - 1}\n"
        f"TUPLTYPE {kind}\nENDHDR\n"
    ).encode() + _big_endian(parts)


def pgx(image: Image) -> bytes:
    """One plane, most significant byte first."""
    return f"PG ML + {image.bit_depth} {image.width} {image.height}\n".encode() + _big_endian(image.samples)


def _big_endian(samples: NDArray[Any]) -> bytes:
    return np.ascontiguousarray(samples, samples.dtype.newbyteorder(">")).tobytes()
