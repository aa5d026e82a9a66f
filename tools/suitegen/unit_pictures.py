# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Unit vectors between planes and samples: colour (9.5.2, 9.5.3), chroma (9.5.4), post-filters (9.11)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.colour import custom_transform
from refsw.resources import spec_dir
from refsw.syntax.payload import header_names, write_payload
from refsw.tools.toolbox import syntax_of
from suitegen.filters import AIDED, CHROMA, LUMA, SHARP, Ints, linear, switched
from suitegen.pictures import plane
from suitegen.unit import Case, drawn, tensor_of
from suitegen.unit_answers import header_of

BT601 = (299, 114)
"""Weights of red and blue, thousandths."""


def cases() -> Iterator[Case]:
    """Colour, chroma, both filters."""
    yield from colour()
    yield from chroma()
    yield from filters()


def top(depth: int) -> int:
    """Greatest plane sample."""
    return 16 * ((1 << depth) - 1)


def planes(seed: str, count: int, height: int, width: int, depth: int) -> NDArray[np.int64]:
    """Shapes with flat places and edges, and fraction bits; corners at the ends of the range."""
    parts = [plane(f"unit/{seed}/{i}", height, width, depth) for i in range(count)]
    fine = drawn(f"{seed}/fine", (count, height, width), -8, 7)
    made = np.clip(16 * np.stack(parts) + fine, 0, top(depth))
    made[:, 0, 0], made[:, -1, -1] = 0, top(depth)
    return made


def ends(depth: int) -> NDArray[np.int64]:
    """Every combination of nothing, the middle and the greatest in three planes: [3, 3, 9]."""
    values = np.array([0, top(depth) // 2, top(depth)])
    return np.stack(np.meshgrid(values, values, values, indexing="ij")).reshape(3, 3, 9)


def coloured(
    name: str, title: str, purpose: str, clause: str, own: NDArray[np.int64], depth: int, identifier: int, **custom: Any
) -> Case:
    """Planes to samples."""
    given = {"bit_depth": depth, "colour_transform_idc": identifier, **custom, "planes": tensor_of(own, "i4")}
    return Case(f"unit-colour-{name}", "colour", title, purpose, (clause,), given)


def colour() -> Iterator[Case]:
    """(9.5.2, 9.5.3)"""
    for identifier, name, title in ((1, "bt709", "BT.709"), (3, "even", "Even weights")):
        for depth in (8, 10, 16):
            own = np.concatenate([ends(depth), planes(f"709/{depth}", 3, 4, 9, depth)], 1)
            yield coloured(
                f"{name}-{depth}",
                f"{title}, {depth} bits",
                "All combinations of extremes, most of which are clipped, and a picture.",
                "9.5.2",
                own,
                depth,
                identifier,
            )
    red, blue = (Fraction(v, 1000) for v in BT601)
    for depth in (8, 12):
        own = np.concatenate([ends(depth), planes(f"601/{depth}", 3, 4, 9, depth)], 1)
        made = custom_transform(red, blue, depth)
        yield coloured(
            f"bt601-{depth}",
            f"own matrix, {depth} bits",
            "A transform of the picture header: BT.601.",
            "9.5.3",
            own,
            depth,
            2,
            colour_matrix=list(made.matrix),
            colour_offset=list(made.offset),
        )
    matrix, offset = [32767, -32768, 1, -1, 8192, 4096, 0, 0, -8192], [-32768, 32767, -16384]
    for depth in (8, 16):
        yield coloured(
            f"own-extreme-{depth}",
            f"own matrix at its ends, {depth} bits",
            "Elements and offsets at the ends of their range.",
            "9.5.3",
            ends(depth),
            depth,
            2,
            colour_matrix=matrix,
            colour_offset=offset,
        )
    halves = np.arange(36).reshape(1, 4, 9)
    yield coloured("grey", "one plane", "Fraction bits are rounded, halves up.", "9.5.2", halves, 8, 0)
    yield coloured(
        "ycbcr", "no transform", "Y, Cb, Cr stay what they are.", "9.5.2", planes("none", 3, 4, 5, 10), 10, 0
    )


def chroma() -> Iterator[Case]:
    """(9.5.4)"""
    sizes = {"even": (6, 8), "odd": (5, 7), "1x1": (1, 1)}
    for short, name in (("420", "4:2:0"), ("422", "4:2:2")):
        for what, size in sizes.items():
            for depth in (8, 16) if what == "odd" else (8,):
                deep = f"-{depth}" if depth > 8 else ""
                own = planes(f"{short}/{what}/{depth}", 2, *size, depth)
                text = (
                    f"Cb and Cr of {size[1]}x{size[0]} to {name}, {depth} bits"
                    + ("" if what == "even" else "; what is missing at the right and below is repeated")
                    + "."
                )
                yield Case(
                    f"unit-chroma-{short}-{what}{deep}",
                    "chroma",
                    f"{name}, {what}",
                    text,
                    ("9.5.4",),
                    {"bit_depth": depth, "chroma_format": name, "planes": tensor_of(own, "i4")},
                )


def filtered(
    kind: str,
    name: str,
    purpose: str,
    own: NDArray[np.int64],
    depth: int,
    luma: Ints,
    chroma: Ints,
    quality: tuple[int, ...] = (700, 900),
) -> Case:
    """Planes, a payload, and the same as numbers."""
    told = (switched if kind == "switched" else linear)(luma, chroma)
    what = "strength" if kind == "switched" else "coefficient"
    given: dict[str, Any] = {
        "bit_depth": depth,
        "quality_index": list(quality[: min(2, len(own))]),
        "planes": tensor_of(own, "i4"),
    }
    header = header_of(given)
    given |= {
        "payload": write_payload(told.payload, syntax_of(told.tool), header_names(header), "payload").hex(),
        f"luma_{what}": list(luma),
        f"chroma_{what}": list(chroma),
    }
    clause = "9.11.3" if kind == "switched" else "9.11.2"
    return Case(
        f"unit-{kind}-{name}",
        f"{kind}-enhancement",
        f"{kind} enhancement, {name.replace('-', ' ')}",
        purpose,
        (clause,),
        given,
    )


def filters() -> Iterator[Case]:
    """(9.11) Each alone."""
    wild = np.where(np.indices((8, 11)).sum(0) % 2 > 0, top(16), 0)
    for kind, luma, chroma, most in (
        ("switched", LUMA, CHROMA, ((31,) * 3, (31,) * 6)),
        ("linear", SHARP, AIDED, ((127, -128) * 5, (-128, 127) * 10)),
    ):
        own, deep = planes(kind, 3, 11, 13, 8), planes(f"{kind}/deep", 3, 9, 12, 16)
        yield filtered(kind, "luma", "Luma alone; chroma stays as it is.", own, 8, luma, ())
        yield filtered(kind, "chroma", "Chroma alone, which sees luma; luma stays as it is.", own, 8, (), chroma)
        yield filtered(kind, "both", "Luma and chroma; both see the luma that comes in.", own, 8, luma, chroma)
        yield filtered(kind, "grey", "One plane.", own[:1], 8, luma, ())
        yield filtered(
            kind, "1x1", "One sample, which is its own neighbour everywhere.", own[:, 5:6, 5:6], 8, luma, chroma
        )
        yield filtered(kind, "10-bits", "10 bits.", planes(f"{kind}/10", 3, 9, 12, 10), 10, luma, chroma)
        yield filtered(kind, "16-bits", "16 bits, the greatest parameters.", deep, 16, *most)
        yield filtered(
            kind,
            "16-bits-extreme",
            "A chequerboard of black and white at 16 bits: the greatest sums.",
            np.stack([wild, top(16) - wild, wild]),
            16,
            *most,
        )
    own = planes("switched", 3, 11, 13, 8)
    for quality in ((0, 0), (512, 1536), (1801, 2048)):
        yield filtered(
            "switched",
            f"quality-{quality[0]}-{quality[1]}",
            "Coefficients at and between the qualities of their table.",
            own,
            8,
            LUMA,
            CHROMA,
            quality,
        )
    text = "Pictures of stripes in all directions: many classes in few samples."
    rows, columns = np.indices((16, 20))
    stripes = np.where((rows * (columns > 9) + columns * (rows > 7)) // 2 % 2 > 0, top(8) * 3 // 4, top(8) // 4)
    own = np.stack([stripes, stripes[::-1, ::-1], stripes // 2])
    yield filtered("switched", "stripes", text, own, 8, (31,) * 3, (31,) * 6)
    text = "Dots whose activity is a threshold, or one step below it, in each of the five, {} bits."
    for depth in (8, 12):
        own = threshold_dots(depth)
        name = f"thresholds-{depth}"
        yield filtered("switched", name, text.format(depth), own, depth, (31, 17, 5), (31, 17, 5, 6, 18, 30))
    own = np.stack([dots(np.full((1, 2), top(16)), 0), dots(np.full((1, 2), -top(16)), top(16))]).repeat((1, 2), 0)
    text = "Single dots of white on black in luma, of black on white in chroma: sums beyond 2^31."
    yield filtered("linear", "16-bits-dots", text, own, 16, (-128,) * 10, (-128,) * 20)


def dots(amplitudes: NDArray[np.int64], ground: int) -> NDArray[np.int64]:
    """[m, n] -> [9 m, 9 n]: a sample that differs by each amplitude, so far apart that no window sees two."""
    out = np.full((9 * len(amplitudes), 9 * amplitudes.shape[1]), ground)
    out[4::9, 4::9] += amplitudes
    return out


def threshold_dots(depth: int) -> NDArray[np.int64]:
    """A dot of amplitude a has H + V = 8 a: at thresholds, and below them by what rounding would take for them."""
    thresholds = np.array(json.loads((spec_dir() / "tables" / "switched_enhancement.json").read_bytes())["thresholds"])
    amplitudes = np.stack([(thresholds << (depth - 8)) // 8, (thresholds << (depth - 8)) // 8 - 1])
    ground = top(depth) // 3
    return np.stack([dots(amplitudes, ground), dots(-amplitudes[::-1], 2 * ground), dots(amplitudes // 2, ground)])
