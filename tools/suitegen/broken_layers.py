# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Lossless layers that a decoder of the tool shall reject; a decoder that leaves layers aside shows the base."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw import syntax
from refsw.decode.lossless import Plane
from refsw.encode.lossless import code_region
from refsw.entropy import rans
from refsw.entropy.tables import FrequencyTables, gaussian_tables
from refsw.lossless.features import counts
from refsw.lossless.lattice import GROUP_KIND, GROUPS
from refsw.lossless.parameters import CONTEXTS, neutral
from refsw.lossless.rows import residual_tables, uniform_row
from refsw.syntax.headers import Codestream, LosslessLayer
from refsw.syntax.surgery import without_plane_digests
from suitegen import pictures
from suitegen.bench import Bench
from suitegen.layers import RAW_STEP, ROWS, Coding, Style, filtered, over, stored
from suitegen.lossless import TOOL
from suitegen.recipe import Recipe

IntArray = NDArray[np.int64]
COLOUR, SMALL, DEFLATE, DEEP = "lossless-rgb", "lossless-rows-63", "lossless-deflate-rgb", "lossless-deflate-420-10"


def recipes(streams: Mapping[str, bytes]) -> Iterator[Recipe]:
    """All vectors of this kind. streams: bytes of the valid vectors."""
    yield from _substreams(streams)
    yield from _parameters(streams[SMALL])
    yield from _weights()
    yield from _samples(streams[SMALL])
    yield from _zlib(streams[DEFLATE])
    yield from _deep(streams[DEEP])


def _recipe(name: str, title: str, clause: str, parent: str, stream: Codestream, **changes: Any) -> Recipe:
    layer: LosslessLayer = replace(stream.lossless[0], **changes)
    data = syntax.write(replace(without_plane_digests(stream), lossless=(layer, *stream.lossless[1:])))
    return replace(_named(name, title, clause, parent), build=lambda bench: data)


def _named(name: str, title: str, clause: str, parent: str) -> Recipe:
    return Recipe(
        f"lossless-broken-{name}", f"layer: {title}", f"The lossless layer has {title}: damage shall be reported.",
        (clause,), lambda bench: b"", f"bytes of {parent}, changed", kind="negative", result="invalid", clause=clause,
        error_class="damage", parent=parent, without=TOOL, seconds=30,
    )  # fmt: skip


def _substreams(streams: Mapping[str, bytes]) -> Iterator[Recipe]:
    """Bits flipped, bytes missing and to spare, in samples and in parameters; digests of other samples."""
    stream = syntax.read(streams[COLOUR])
    layer = stream.lossless[0]
    for element, clause, word in (
        ("lossless_data", "9.9.6", "data"), ("lossless_parameters", "9.9.2", "parameters"),
    ):  # fmt: skip
        own = getattr(layer, element)
        middle = len(own) // 2
        cases = {
            "first-bit": ("its first bit flipped", bytes([own[0] ^ 128]) + own[1:]),
            "middle-bit": ("a bit in the middle flipped", own[:middle] + bytes([own[middle] ^ 8]) + own[middle + 1 :]),
            "last-bit": ("its last bit flipped", own[:-1] + bytes([own[-1] ^ 1])),
            "short": ("its last byte missing", own[:-1]),
            "long": ("a byte after its end", own + b"\0"),
            "state": ("a state below 2^16", bytes(4) + own[4:]),
        }
        for name, (title, broken) in cases.items():
            text = f"{word} with {title}"
            yield _recipe(f"{word}-{name}", text, clause, COLOUR, stream, **{element: broken})
    small = syntax.read(streams[SMALL])
    longer = small.lossless[0].lossless_data + bytes(2)
    yield _recipe("data-longer", "data with two bytes after the end", "9.9.6", SMALL, small, lossless_data=longer)
    yield _recipe("parameters-absent", "data without parameters", "9.9.2", COLOUR, stream, lossless_parameters=b"")
    for index, name in enumerate("RGB"):
        wrong = list(layer.lossless_digest)
        wrong[index] ^= 1 << 31
        yield _recipe(f"digest-{name}", f"a wrong digest of {name}", "9.9.6", COLOUR, stream,
                      lossless_digest=tuple(wrong))  # fmt: skip


def _coded(tables: FrequencyTables, symbols: Sequence[IntArray], rows: Sequence[IntArray]) -> bytes:
    return rans.encode(np.concatenate(symbols), np.concatenate(rows), tables, 1)


def _one_plane(flag: int = 0, shape: int = 0, steps: int = 0) -> bytes:
    """(9.9.2) Parameters of a picture of one plane, zeros but for the first flag and shape, and the steps."""
    own, rows = [np.zeros(GROUPS, np.int64)], [np.full(GROUPS, ROWS[3])]
    own[0][0] = flag
    for group, kind in enumerate(GROUP_KIND):
        weights, errors = counts(kind, 0, 0)
        for place, count in enumerate((weights, errors, CONTEXTS, CONTEXTS)):
            own.append(np.full(count, steps if place == 2 else 0))
            rows.append(np.full(count, ROWS[place]))
        own[-1][0] = shape if group == 0 else 0
    return _coded(gaussian_tables(), own, rows)


def _parameters(data: bytes) -> Iterator[Recipe]:
    """Parameters out of range."""
    stream = syntax.read(data)
    cases = {
        "flag-2": ("a flag of 2", _one_plane(flag=2)),
        "flag-minus-1": ("a flag of -1", _one_plane(flag=-1)),
        "shape-4": ("a shape of 4", _one_plane(shape=4)),
        "shape-minus-1": ("a shape of -1", _one_plane(shape=-1)),
    }
    for name, (title, parameters) in cases.items():
        yield _recipe(f"parameters-{name}", title, "9.9.2", SMALL, stream, lossless_parameters=parameters,
                      parameter_row=ROWS)  # fmt: skip


def _weights() -> Iterator[Recipe]:
    """Weights of 2^15, under which all else is right: only who looks at them rejects them."""
    image = pictures.grey("lossless/rows", 9, 7)
    for name, weight in (("32768", 1 << 15), ("minus-32768", -(1 << 15))):

        def coding(seed: str, samples: Sequence[Plane], base: Sequence[Plane], depth: int, style: Style,
                   weight: int = weight) -> LosslessLayer:  # fmt: skip
            groups = [neutral(kind, 0, 0) for kind in GROUP_KIND]
            groups[0].weights[0, 0] = weight
            payload = code_region(samples, base, depth, (tuple(groups),), ROWS, 1)
            return LosslessLayer(
                parameter_row=ROWS, lossless_parameters=payload.parameters, lossless_digest=(),
                lossless_data=payload.samples,
            )  # fmt: skip

        def build(bench: Bench, coding: Coding = coding) -> bytes:
            return syntax.write(over(bench, bench.coded(image, quality=20), image, "", Style(), (coding,)))

        title = f"a weight of {weight}, and data that fit it"
        yield replace(_named(f"parameters-weight-{name}", title, "9.9.2", SMALL), build=build)


def _samples(data: bytes) -> Iterator[Recipe]:
    """Uncoded samples outside their range, under parameters that say no more than that samples are uncoded."""
    stream = syntax.read(data)
    header = stream.picture_header
    count = header.height * header.width
    parameters = _one_plane(steps=RAW_STEP)
    for name, value in (("256", 256), ("minus-1", -1), ("huge", (1 << 24) - 1)):
        values = np.full(count, 77, np.int64)
        values[-1] = value
        coded = _coded(residual_tables(), [values], [np.full(count, int(uniform_row(np.array(8))))])
        yield _recipe(f"sample-{name}", f"a sample of {value}", "9.9.6", SMALL, stream, lossless_parameters=parameters,
                      parameter_row=ROWS, lossless_data=coded)  # fmt: skip


def _zlib(data: bytes) -> Iterator[Recipe]:
    """What is not one zlib stream of so many bytes, or has another filter."""
    stream = syntax.read(data)
    own = stream.lossless[0].lossless_data
    plain = zlib.decompress(own)
    cases = {
        "short": ("one byte too few", stored(plain[:-1])),
        "long": ("one byte too many", stored(plain + b"\0")),
        "bomb": ("4 MiB of zeros where 2000 bytes are expected", zlib.compress(bytes(1 << 22), 9)),
        "cut": ("a zlib stream that ends early", own[:-5]),
        "checksum": ("a wrong Adler-32", own[:-1] + bytes([own[-1] ^ 1])),
        "garbage": ("bytes after the zlib stream", own + b"xyz"),
        "not-zlib": ("no zlib stream at all", b"samples"),
        "filter-3": ("a filter of 3", stored(b"\3" + plain[1:])),
    }
    for name, (title, broken) in cases.items():
        yield _recipe(f"deflate-{name}", title, "9.9.8", DEFLATE, stream, lossless_data=broken)


def _deep(data: bytes) -> Iterator[Recipe]:
    """A sample of 10 bits in two bytes."""
    stream = syntax.read(data)
    header = stream.picture_header
    shapes = [(header.height, header.width), *[((header.height + 1) // 2, (header.width + 1) // 2)] * 2]
    planes = [np.full(shape, 512, np.int32) for shape in shapes]
    planes[2][-1, -1] = 1024
    yield _recipe("deflate-sample-1024", "a sample of 1024 in 10 bits", "9.9.6", DEEP, stream,
                  lossless_data=stored(filtered(planes, 10)))  # fmt: skip
