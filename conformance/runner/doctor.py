# SPDX-License-Identifier: BSD-3-Clause-Clear
"""`refsw-conform doctor`: three small vectors, and what is wrong with the layout of the output, in words.

Most false failures of a conformance run are conversions: planes in another order, bytes in another order, padding.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.runner.adapter import Adapter, Places
from conformance.runner.claim import Claim, outside
from conformance.runner.errors import UsageError
from conformance.runner.execute import Options, decoder_of, limits_of
from conformance.runner.judge import result_problem
from conformance.runner.planes import Geometry, Plane, split
from conformance.runner.process import Outcome
from conformance.runner.suite import Suite, Vector

VECTORS = ("size-17x33", "depth-10", "chroma-420", "simple-size-17x33", "simple-depth-10", "simple-chroma-420")
"""Of profile base, and for decoders of profile simple; without a claim the first three are taken."""
COUNT = 3
CLOSE = 0.02
"""Mean difference, as a share of the range, at which planes count as the same picture: float decoders differ."""


@dataclass(frozen=True)
class Finding:
    """What the doctor says of one vector."""

    vector: str
    healthy: bool
    text: str

    def __str__(self) -> str:
        return f"{'ok     ' if self.healthy else 'problem'} {self.vector}: {self.text}"


def examine(suite: Suite, adapter: Adapter, options: Options, claim: Claim | None = None) -> tuple[Finding, ...]:
    """Decodes the doctor's vectors, of a claim where there is one. Raises UsageError where the decoder cannot be
    started, or none of them is inside the claim."""
    found, every = list[Finding](), [suite.vector(one) for one in VECTORS]
    vectors = [vector for vector in every if claim is None or not outside(claim, vector, suite)][:COUNT]
    if not vectors:
        raise UsageError(f"none of {', '.join(VECTORS)} is inside the claim")
    with tempfile.TemporaryDirectory(prefix="refsw-conform-") as name:
        decoder = decoder_of(adapter, options, Path(name))
        try:
            for vector in vectors:
                work = Path(name) / vector.id
                work.mkdir()
                places = Places(
                    (suite.folder / vector.stream).resolve(), work / "planes.raw", work / "result.json", work,
                    suite.folder.resolve(), vector.operating_point, options.models,
                )  # fmt: skip
                outcome = decoder.run(places, limits_of(vector, options))
                problem = diagnose(vector, suite.planes(vector), outcome, places)
                found.append(Finding(vector.id, not problem, problem or "decoded, and laid out as it should be"))
        except OSError as error:
            raise UsageError(f"adapter {adapter.name}: cannot be started: {error}") from None
        finally:
            decoder.close()
    return tuple(found)


def diagnose(vector: Vector, golden: tuple[Plane, ...], outcome: Outcome, places: Places) -> str:
    """One line on what is wrong; "" where nothing is."""
    said = f": {outcome.message}" if outcome.message else ""
    geometry = vector.geometry
    assert geometry is not None
    if outcome.ended:
        return f"ended by the runner: {outcome.ended}"
    if outcome.code != 0:
        ending = {3: "rejected", 6: "said to be unsupported", None: "no answer"}.get(
            outcome.code, f"exit {outcome.code}"
        )
        return f"{ending}, and yet it is valid{said}"
    if not places.output.exists():
        return f"exit 0 and no {places.output.name}; does the command have {{output}}?{said}"
    data = places.output.read_bytes()
    layout = size_problem(data, golden, geometry) if len(data) != geometry.bytes else ""
    if not layout:
        layout = order_problem(split(data, geometry), golden, geometry)
    return layout or result_problem(places.result, geometry)


def size_problem(data: bytes, golden: tuple[Plane, ...], geometry: Geometry) -> str:
    """Why a file has another size."""
    size, wanted = len(data), geometry.bytes
    if size == 2 * wanted and geometry.bit_depth == 8:
        return "16-bit samples where the bit depth is 8: 1 byte a sample is expected"
    if 2 * size == wanted and geometry.bit_depth > 8:
        return f"8-bit samples where the bit depth is {geometry.bit_depth}: 2 bytes a sample are expected"
    item = geometry.dtype.itemsize
    luma = geometry.width * geometry.height * item
    for step in (2, 4, 8, 16, 32, 64, 128, 256):
        for both in (False, True):
            padded = Geometry(
                -(-geometry.width // step) * step, -(-geometry.height // step) * step if both else geometry.height,
                geometry.bit_depth, geometry.chroma_format, geometry.components, geometry.alpha,
            )  # fmt: skip
            if size == padded.bytes:
                inside = [own[: wanted_plane.shape[0], : wanted_plane.shape[1]] for own, wanted_plane in
                          zip(split(data, padded), golden, strict=True)]  # fmt: skip
                what = "rows and columns are" if both else "rows are"
                proven = "" if same(inside, golden, geometry) else " (by its size; the samples differ as well)"
                return f"{what} padded to multiples of {step} samples{proven}; cut them to the displayed picture"
    if size == 3 * luma and len(golden) == 3 and geometry.chroma_format != "4:4:4":
        return f"chroma planes have the size of luma; {geometry.chroma_format} is expected"
    if size == luma:
        return "one plane alone; all components are expected, one after the other"
    if wanted < size <= wanted + 4096 and data[:2] in (b"P5", b"P6", b"P7", b"\x89P", b"PG", b"YU"):
        return f"a picture file ({data[:2]!r}...); planes without a header are expected"
    return f"{size} bytes, expected {wanted}: planes {' '.join(geometry.names)} of {geometry.width} x {geometry.height}"


def order_problem(planes: tuple[Plane, ...], golden: tuple[Plane, ...], geometry: Geometry) -> str:
    """Which reordering of the golden planes these are; "" where they are the golden ones."""
    if same(planes, golden, geometry):
        return ""
    for text, candidate in mistakes(golden, geometry):
        if len(candidate) == len(planes) and same(planes, candidate, geometry):
            return text
    if all(int(plane.max()) == int(plane.min()) for plane in planes):
        return "every plane is constant: nothing was decoded into the output"
    return "the layout is none that the doctor knows, or the picture is another one"


def mistakes(golden: tuple[Plane, ...], geometry: Geometry) -> Iterator[tuple[str, list[Plane]]]:
    """Common mistakes, as planes."""
    names = geometry.names
    for order in itertools.permutations(range(len(golden))):
        if order != tuple(range(len(golden))) and [golden[i].shape for i in order] == [p.shape for p in golden]:
            swapped = " ".join(names[i] for i in order)
            yield f"planes swapped: they come as {swapped}, expected {' '.join(names)}", [golden[i] for i in order]
    if geometry.bit_depth > 8:
        yield "16-bit samples are big-endian; little-endian is expected", [p.astype("<u2").byteswap() for p in golden]
        for shift in sorted({16 - geometry.bit_depth}):
            yield (
                f"samples are shifted left by {shift}; the value belongs into the low bits",
                [p << shift for p in golden],
            )
        for shift in (geometry.bit_depth - 8,):
            yield f"samples have 8 bits of precision, shifted down by {shift}", [p >> shift for p in golden]
    if len({plane.shape for plane in golden}) == 1 and len(golden) > 1:
        mixed = np.stack(golden, 2).reshape(-1)
        yield (
            "samples are interleaved; one plane after the other is expected",
            list(mixed.reshape(len(golden), *golden[0].shape)),
        )
        mixed = np.stack(golden[::-1], 2).reshape(-1)
        yield "samples are interleaved, last component first", list(mixed.reshape(len(golden), *golden[0].shape))
    yield "rows come from the bottom; the top row is expected first", [p[::-1] for p in golden]
    yield "columns come from the right", [p[:, ::-1] for p in golden]
    yield (
        "planes are transposed: columns are written as rows",
        [np.ascontiguousarray(p.T).reshape(p.shape) for p in golden],
    )
    if geometry.components == ("R", "G", "B"):
        yield "planes are Y, Cb, Cr; R, G, B is expected (9.5.2)", list(_ycbcr(golden, geometry.bit_depth))


def same(planes: Any, golden: Any, geometry: Geometry) -> bool:
    """Whether planes are one picture, up to what float decoders differ by."""
    bound = CLOSE * ((1 << geometry.bit_depth) - 1)
    pairs = list(zip(planes, golden, strict=True))
    return all(float(np.abs(own.astype(np.int64) - want).mean()) <= bound / 4 for own, want in pairs)


def _ycbcr(golden: tuple[Plane, ...], depth: int) -> NDArray[np.int64]:
    red, green, blue = (plane.astype(np.float64) for plane in golden[:3])
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    half = (1 << depth) / 2
    return np.rint(np.stack([luma, (blue - luma) / 1.8556 + half, (red - luma) / 1.5748 + half])).astype(np.int64)
