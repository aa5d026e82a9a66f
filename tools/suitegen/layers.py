# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Lossless layers (9.9) whose parameters are drawn in integers.

Those of the encoder are fitted in floating point, which another machine may round the other way.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from refsw import syntax
from refsw.decode.lossless import Plane, coding_order, cut, digests, displayed_region, planes_of
from refsw.decode.picture import decode_picture
from refsw.encode.lossless import code_region
from refsw.entropy import rans
from refsw.entropy.tables import gaussian_tables
from refsw.lossless.features import counts
from refsw.lossless.lattice import GROUP_KIND, GROUPS
from refsw.lossless.parameters import CONTEXTS, Group, Parameters, relations
from refsw.lossless.rows import RAW, WIDTHS
from refsw.syntax.geometry import Region
from refsw.syntax.headers import Codestream, LosslessLayer
from refsw.syntax.surgery import without_plane_digests
from refsw.types import Image
from suitegen.bench import Bench
from suitegen.pictures import noise

IntArray = NDArray[np.int64]
ROWS = (36, 52, 32, 24)
"""Gaussian rows of weights, error weights, steps, shapes: near what is drawn."""
RAW_STEP = 2 * WIDTHS
LIMIT = (1 << 15) - 1
STORED_BLOCK = 65535
LATTICES, DEFLATE = 0, 1


@dataclass(frozen=True)
class Style:
    """What is drawn. weights, errors, steps: each lies within -2^bits..2^bits - 1 around what predicts well.

    classes: of ten groups, those that have them; raw: context from which on samples stand uncoded; threshold: activity.
    """

    weights: int = 3
    errors: int = 5
    steps: int = 2
    classes: Sequence[int] = ()
    raw: int = CONTEXTS
    threshold: int = 40
    lanes: int = 1
    rows: tuple[int, int, int, int] = ROWS


def _drawn(seed: str, count: int, bits: int) -> IntArray:
    return noise(seed, count, bits + 1) - (1 << bits)


def _group(seed: str, kind: str, relation: tuple[int, int], style: Style, number: int) -> tuple[Group, IntArray]:
    """Parameters of a group, and its steps as they are coded."""
    k, e = counts(kind, *relation)
    sets = 4 if number in style.classes else 1
    weights = _drawn(f"{seed}/w", sets * k, style.weights).reshape(sets, k)
    errors = _drawn(f"{seed}/e", e, style.errors) + 48
    steps = _drawn(f"{seed}/s", CONTEXTS, style.steps)
    steps[style.raw :] = RAW_STEP
    widths = np.where(steps == RAW_STEP, RAW, (np.arange(CONTEXTS).clip(0, WIDTHS - 1) + steps).clip(0, WIDTHS - 1))
    shapes = noise(f"{seed}/f", CONTEXTS, 2)
    weights, errors, steps = (own.clip(-LIMIT, LIMIT) for own in (weights, errors, steps))
    return Group(style.threshold if sets > 1 else 0, weights, errors, widths, shapes), steps


def drawn(seed: str, shapes: Sequence[tuple[int, int]], style: Style) -> tuple[Parameters, bytes]:
    """(9.9.2) Parameters, and their substream; it is written here because steps may say more than widths keep."""
    w, e, s, f = style.rows
    found, symbols, rows = list[tuple[Group, ...]](), list[IntArray](), list[IntArray]()
    for index, relation in enumerate(relations(shapes)):
        groups = []
        for number in range(GROUPS):
            own, steps = _group(f"{seed}/{index}/{number}", GROUP_KIND[number], relation, style, number)
            parts = [(own.weights.ravel(), w), (own.error_weights, e), (steps, s), (own.shapes, f)]
            if len(own.weights) > 1:
                parts.insert(0, (np.array([own.threshold]), e))
            symbols += [values for values, _ in parts]
            rows += [np.full(len(values), row) for values, row in parts]
            groups.append(own)
        found.append(tuple(groups))
    flags = np.array([len(own.weights) > 1 for groups in found for own in groups], np.int64)
    symbols, rows = [flags, *symbols], [np.full(len(flags), f), *rows]
    return tuple(found), rans.encode(np.concatenate(symbols), np.concatenate(rows), gaussian_tables(), 1)


def lattices(seed: str, samples: Sequence[Plane], base: Sequence[Plane], depth: int, style: Style) -> LosslessLayer:
    """(9.9.2 to 9.9.6) A layer without digests; planes in coding order."""
    parameters, written = drawn(seed, [(plane.shape[0], plane.shape[1]) for plane in base], style)
    payload = code_region(samples, base, depth, parameters, style.rows, style.lanes)
    return LosslessLayer(
        lossless_coding_idc=LATTICES, log2_lanes_lossless=style.lanes.bit_length() - 1, parameter_row=style.rows,
        lossless_parameters=written, lossless_digest=(), lossless_data=payload.samples,
    )  # fmt: skip


def filtered(samples: Sequence[Plane], depth: int) -> bytes:
    """(9.9.8) Rows of all groups; the filter of row y is y modulo 3."""
    size, found = (1 if depth == 8 else 2), list[bytes]()
    shapes = [plane.shape for plane in samples]
    for shape in dict.fromkeys(shapes):
        group = [plane for plane in samples if plane.shape == shape]
        beside = np.stack(group, 2).astype(np.uint8 if size == 1 else ">u2")
        rows = np.ascontiguousarray(beside).view(np.uint8).reshape(shape[0], -1)
        left = np.pad(rows, ((0, 0), (size * len(group), 0)))[:, : rows.shape[1]]
        above = np.pad(rows, ((1, 0), (0, 0)))[:-1]
        for y, row in enumerate(rows):
            found.append(bytes([y % 3]) + (row - (0, left[y], above[y])[y % 3]).astype(np.uint8).tobytes())
    return b"".join(found)


def stored(data: bytes) -> bytes:
    """(RFC 1950, RFC 1951) A zlib stream of blocks that are not compressed: the same with every library."""
    blocks = [data[at : at + STORED_BLOCK] for at in range(0, len(data), STORED_BLOCK)] or [b""]
    coded = b"".join(
        struct.pack("<BHH", index == len(blocks) - 1, len(own), len(own) ^ 0xFFFF) + own
        for index, own in enumerate(blocks)
    )
    return b"\x78\x01" + coded + zlib.adler32(data).to_bytes(4, "big")


def deflated(seed: str, samples: Sequence[Plane], base: Sequence[Plane], depth: int, style: Style) -> LosslessLayer:
    """(9.9.8) A layer without digests."""
    data = stored(filtered(samples, depth))
    return LosslessLayer(lossless_coding_idc=DEFLATE, lossless_digest=(), lossless_data=data)


Coding = Callable[[str, Sequence[Plane], Sequence[Plane], int, Style], LosslessLayer]


def over(bench: Bench, data: bytes, image: Image, seed: str, style: Style, codings: Sequence[Coding]) -> Codestream:
    """The codestream of a picture with a layer for each region, or for the first `len(codings)` of them."""
    stream = without_plane_digests(syntax.read(data))
    header, area, order = stream.picture_header, Region(0, 0, image.height, image.width), coding_order(image)
    shown = decode_picture(syntax.write(stream), model=bench.model, exact="auto").image
    layers = []
    for index, coding in enumerate(codings):
        place = cut(header, displayed_region(header, index), area)
        own, base = planes_of(image, place), planes_of(shown, place)
        layer = coding(f"{seed}/{index}", [own[i] for i in order], [base[i] for i in order], image.bit_depth, style)
        layers.append(replace(layer, lossless_region_index=index, lossless_digest=digests(own, image.bit_depth)))
    return replace(stream, lossless=tuple(layers))
