# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Unit vectors beside the picture: quality map (8.8), alpha (9.5.5), lossless layer (9.9), resolution change (9.12)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.entropy import rans
from refsw.entropy.tables import gaussian_tables
from refsw.lossless.generate import PHASES, SHAPES
from refsw.lossless.lattice import GROUPS
from refsw.lossless.parameters import relations
from refsw.lossless.rows import WIDTHS
from refsw.syntax.bitio import BitWriter
from refsw.syntax.headers import LosslessLayer
from suitegen.bench import quality_map
from suitegen.layers import Style, deflated, filtered, lattices, stored
from suitegen.pictures import plane
from suitegen.unit import Case, drawn, tensor_of
from suitegen.unit_pictures import planes, top

Ints = NDArray[np.int64]
FOUR_ROWS = (36, 52, 32, 24)


def cases() -> Iterator[Case]:
    """One kind after the other."""
    yield from quality_maps()
    yield from alphas()
    yield from residual_rows()
    yield from lossless()
    yield from resolutions()


def _map(
    name: str, title: str, purpose: str, size: tuple[int, int], data: bytes, clause: str = "",
    wanted: Ints | None = None,
) -> Case:  # fmt: skip
    given = {"height": size[0], "width": size[1], "quality_map_data": data.hex()}
    return Case(f"unit-map-{name}", "quality-map", title, purpose, ("8.8.1",), given, clause, wanted)


def quality_maps() -> Iterator[Case]:
    """(8.8.1)"""
    size = (5, 7)
    own = drawn("map", size, -16, 16)

    def coded(steps: Ints, row: int = 40, log2_lanes: int = 0) -> bytes:
        return quality_map(steps.astype(np.int8), row, log2_lanes).quality_map_data

    checker = np.where(np.indices(size).sum(0) % 2 > 0, 16, -16)
    for name, title, purpose, steps, row, lanes in (
        ("drawn", "steps of all values", "Differences are summed up along rows and columns.", own, 40, 0),
        ("lanes", "eight lanes", "The second byte is the base-2 logarithm of the lanes.", own, 40, 3),
        ("row-63", "the widest row", "The first byte is the table row.", own, 63, 0),
        ("checker", "-16 and 16 in turn", "Differences of 64 are escapes of row 0.", checker, 0, 0),
        ("one", "one position", "One latent sample.", own[:1, :1], 20, 0),
    ):
        yield _map(name, title, purpose, (steps.shape[0], steps.shape[1]), coded(steps, row, lanes), wanted=steps)
    right, beyond = coded(own), own.copy()
    beyond[-1, -1] = 17
    for name, title, data in (
        ("nothing", "no bytes", b""),
        ("row-64", "a table row that does not exist", b"\x40" + right[1:]),
        ("lanes-11", "2**11 lanes", right[:1] + b"\x0b" + right[2:]),
        ("short", "a byte is missing", right[:-1]),
        ("17", "the last step is 17", coded(beyond)),
    ):
        yield _map(f"broken-{name}", title, f"Damaged: {title}.", size, data, "8.8.1")


def _alpha(name: str, title: str, purpose: str, depth: int, size: tuple[int, int], data: bytes, clause: str = "",
           wanted: Ints | None = None) -> Case:  # fmt: skip
    given = {"bit_depth": depth, "height": size[0], "width": size[1], "alpha_data": data.hex()}
    return Case(f"unit-alpha-{name}", "alpha", title, purpose, ("9.5.5",), given, clause, wanted)


def alphas() -> Iterator[Case]:
    """(9.5.5)"""

    def differences(own: Ints, depth: int) -> bytes:
        steps = np.diff(own, axis=0, prepend=0)
        return (steps & 255).astype(np.uint8).tobytes() if depth == 8 else (steps & 65535).astype(">u2").tobytes()

    for depth, size in ((8, (7, 9)), (10, (6, 5)), (16, (5, 6)), (12, (1, 1))):
        own = plane(f"unit/alpha/{depth}", *size, depth)
        text = f"Differences down the columns, {'one byte' if depth == 8 else 'two bytes, big-endian,'} each."
        yield _alpha(f"{depth}-bits", f"{depth} bits", text, depth, size, stored(differences(own, depth)), wanted=own)
    high = drawn("alpha/high", (6, 5), 0, 65535)
    yield _alpha("10-high-bits", "sums above the depth", "Of each sum modulo 2^16 the lower 10 bits count.", 10, (6, 5),
                 stored(high.astype(">u2").tobytes()), wanted=high.cumsum(0) & 1023)  # fmt: skip
    own = plane("unit/alpha/broken", 4, 5, 8)
    plain = differences(own, 8)
    right = stored(plain)
    for name, title, data in (
        ("nothing", "no bytes", b""),
        ("short", "a sample too few", stored(plain[:-1])),
        ("long", "a sample too many", stored(plain + b"\0")),
        ("checksum", "a wrong Adler-32", right[:-1] + bytes([right[-1] ^ 1])),
        ("garbage", "bytes after the zlib stream", right + b"x"),
        ("raw", "DEFLATE without its zlib header", right[2:-4]),
    ):
        yield _alpha(f"broken-{name}", title, f"Damaged: {title}.", 8, (4, 5), data, "9.5.5")


def residual_rows() -> Iterator[Case]:
    """(9.9.6, 9.9.7) Everything that there is."""
    width, shape, phase = np.indices((WIDTHS + 1, len(SHAPES), PHASES)).reshape(3, -1)
    for depth in (8, 10, 16):
        given = {"bit_depth": depth} | {
            name: tensor_of(own, "u1") for name, own in (("width", width), ("shape", shape), ("phase", phase))
        }
        yield Case(
            f"unit-residual-row-{depth}", "residual-row", f"rows of residuals, {depth} bits",
            "Every width, shape and phase: the row of the residual table, and how many low bits follow.",
            ("9.9.6", "9.9.7"), given,
        )  # fmt: skip


def _layer(name: str, title: str, purpose: str, clauses: tuple[str, ...], base: Ints, depth: int, layer: LosslessLayer,
           clause: str = "", wanted: Ints | None = None) -> Case:  # fmt: skip
    given: dict[str, Any] = {
        "bit_depth": depth,
        "lossless_coding_idc": layer.lossless_coding_idc,
        "log2_lanes": layer.log2_lanes_lossless,
        "parameter_row": list(layer.parameter_row),
        "lossless_parameters": layer.lossless_parameters.hex(),
        "lossless_data": layer.lossless_data.hex(),
        "base": tensor_of(base, "u2"),
    }
    return Case(f"unit-lossless-{name}", "lossless", title, purpose, clauses, given, clause, wanted)


def lossless() -> Iterator[Case]:
    """(9.9.2 to 9.9.6, 9.9.8)"""
    passes, deflate = ("9.9.2", "9.9.3", "9.9.4", "9.9.5", "9.9.6"), ("9.9.8",)
    for name, title, purpose, count, size, depth, style in (
        ("grey", "one plane", "More than one sample of the seed pass; no other plane.", 1, (19, 18), 8, Style()),
        ("three", "three planes", "Planes that are alike see each other.", 3, (9, 11), 8, Style()),
        ("classes", "classes", "Four sets of weights in every group.", 1, (12, 10), 8,
         Style(classes=range(GROUPS), weights=5)),
        ("16-bits", "16 bits", "Low bits in two rows.", 1, (10, 9), 16, Style(steps=4)),
        ("uncoded", "uncoded samples", "Wide contexts have width 76.", 1, (9, 12), 10, Style(raw=40)),
        ("lanes", "eight lanes", "Symbols of all passes share the lanes.", 1, (9, 9), 8, Style(lanes=8)),
        ("1x1", "one sample", "The seed pass alone.", 1, (1, 1), 8, Style()),
    ):  # fmt: skip
        own, base = _near(name, count, size, depth)
        layer = lattices(f"unit/{name}", list(own.astype(np.int32)), list(base.astype(np.int32)), depth, style)
        yield _layer(name, title, purpose, passes, base, depth, layer, wanted=own)
    for depth, count in ((8, 3), (16, 1)):
        own, base = _near(f"deflate/{depth}", count, (7, 5), depth)
        layer = deflated("", list(own.astype(np.int32)), list(base.astype(np.int32)), depth, Style())
        text = "Rows with the filters 0, 1, 2 in turn; the base does not matter."
        yield _layer(f"deflate-{depth}", f"DEFLATE, {depth} bits", text, deflate, base, depth, layer, wanted=own)
    own, base = _near("broken", 1, (4, 5), 10)
    plain = filtered(list(own), 10)
    deep = bytes([plain[0]]) + b"\x04\x00" + plain[3:]
    for name, title, data in (
        ("filter-3", "a filter of 3", bytes([3]) + plain[1:]),
        ("depth", "a sample of 11 bits", deep),
        ("short", "a byte is missing", plain[:-1]),
        ("long", "a byte too many", plain + b"\0"),
    ):
        layer = LosslessLayer(lossless_coding_idc=1, lossless_digest=(), lossless_data=stored(data))
        yield _layer(f"deflate-broken-{name}", title, f"Damaged: {title}.", deflate, base, 10, layer, "9.9.8")
    for name, title, flags in (("flag-2", "a flag is 2", (0, 2)), ("flag-minus-1", "a flag is -1", (-1, 0))):
        layer = LosslessLayer(
            lossless_coding_idc=0, log2_lanes_lossless=0, parameter_row=FOUR_ROWS, lossless_digest=(),
            lossless_parameters=_flags(flags), lossless_data=b"",
        )  # fmt: skip
        yield _layer(f"broken-{name}", title, f"Damaged: {title}.", ("9.9.2",), base, 10, layer, "9.9.2")


def _near(seed: str, count: int, size: tuple[int, int], depth: int) -> tuple[Ints, Ints]:
    """Samples, and a base that is near them."""
    own = np.stack([plane(f"unit/lossless/{seed}/{i}", *size, depth) for i in range(count)])
    off = drawn(f"lossless/{seed}", own.shape, -3, 3)
    return own, np.clip(own + off, 0, (1 << depth) - 1)


def _flags(first: Sequence[int]) -> bytes:
    """Parameters of one plane whose first flags are these; what follows are zeros."""
    (relation,) = relations([(4, 5)])
    assert relation == (0, 0)
    values = np.zeros(GROUPS, np.int32)
    values[: len(first)] = first
    return rans.encode(values, np.full(GROUPS, FOUR_ROWS[3], np.int32), gaussian_tables(), 1)


def _resolution(name: str, title: str, purpose: str, own: Ints, depth: int, said: tuple[int, int, int],
                clause: str = "", tail: int = 0) -> Case:  # fmt: skip
    out = BitWriter()
    for value, size in zip((*said, tail), (2, 1, 1, 4), strict=True):
        out.unsigned(value, size)
    given = {
        "bit_depth": depth, "planes": tensor_of(own, "i4"), "payload": out.getvalue().hex(), "resolution_idc": said[0],
        "cut_rows": said[1], "cut_columns": said[2],
    }  # fmt: skip
    clauses = (clause,) if clause else ("9.12.1", "9.12.2")
    return Case(f"unit-resolution-{name}", "resolution-change", title, purpose, clauses, given, clause)


def resolutions() -> Iterator[Case]:
    """(9.12)"""
    for idc, ratio in ((1, "2-3"), (2, "1-2")):
        what = ratio.replace("-", "/")
        for name, size, cuts, depth, count in (
            ("even", (8, 6), (0, 0), 8, 3), ("cut", (6, 8), (1, 1), 8, 3), ("odd", (7, 5), (0, 0), 8, 1),
            ("1x1", (1, 1), (0, 0), 8, 3), ("10-bits", (4, 9), (1, 0), 10, 1), ("16-bits", (5, 4), (0, 1), 16, 3),
        ):  # fmt: skip
            own = planes(f"resolution/{ratio}/{name}", count, *size, depth)
            text = f"Planes of {size[1]}x{size[0]} at {what}, {cuts[0]} rows and {cuts[1]} columns cut, {depth} bits."
            yield _resolution(f"{ratio}-{name}", f"{what}, {name}", text, own, depth, (idc, *cuts))
        edge = np.where(np.indices((8, 9)).sum(0) // 2 % 2 > 0, top(16), 0)
        text = "Black and white at 16 bits: the greatest sums, out of range after the first step, clipped at the end."
        yield _resolution(f"{ratio}-extreme", f"{what}, extremes", text, np.stack([edge, top(16) - edge, edge]), 16,
                          (idc, 0, 0))  # fmt: skip
    own = planes("resolution/broken", 1, 5, 7, 8)
    for name, title, said, clause, tail in (
        ("idc-0", "resolution_idc is 0", (0, 0, 0), "9.12.1.1", 0),
        ("idc-3", "resolution_idc is 3", (3, 0, 0), "9.12.1.1", 0),
        ("rows", "a row of an odd height is cut at 2/3", (1, 1, 0), "9.12.1.2", 0),
        ("columns", "a column of an odd width is cut at 2/3", (1, 0, 1), "9.12.1.3", 0),
        ("fill", "a fill bit is 1", (2, 0, 0), "5.1.9", 1),
    ):
        yield _resolution(f"broken-{name}", title, f"Malformed: {title}.", own, 8, said, clause, tail)
