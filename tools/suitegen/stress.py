# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Valid streams of drawn symbols: every table row, escapes, extremes of arithmetic. Integers alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from refsw.types import ComponentSymbols, Image
from suitegen import pictures
from suitegen.bench import Bench, Draw
from suitegen.pictures import noise
from suitegen.recipe import Recipe

_IMAGE = (32, 24)


def recipes() -> Iterator[Recipe]:
    """All vectors of this kind."""
    for index in (0, 512, 1024, 2048):
        yield _drawn(
            f"drawn-{index}",
            f"symbols drawn at quality index {index}",
            "Symbols as the tables expect them: no picture, every path of the entropy coder.",
            ("8.2", "8.3", "8.4", "8.6"),
            quality=index,
            size=(64, 48),
        )
    clauses = ("8.2.1", "8.3.1", "8.3.3")
    for name, purpose, draw in (
        ("z-low", "Every z is -128: escapes, and scale indices at one end.", _z(lambda z, seed: np.full_like(z, -128))),
        (
            "z-high",
            "Every z is 127: escapes, and scale indices at the other end.",
            _z(lambda z, seed: np.full_like(z, 127)),
        ),
        (
            "z-ends",
            "z alternates between -128 and 127: sums of the scale network near their bound.",
            _z(lambda z, seed: np.where(noise(seed, z.size, 1).reshape(z.shape) == 1, 127, -128)),
        ),
        (
            "z-limits",
            "z at the ends of the alphabet, -31 and 31, and just beyond.",
            _z(lambda z, seed: np.array([-32, -31, 31, 32])[noise(seed, z.size, 2)].reshape(z.shape)),
        ),
        (
            "z-uniform",
            "z anywhere in -128..127: most of them are escapes.",
            _z(lambda z, seed: noise(seed, z.size, 8).reshape(z.shape) - 128),
        ),
        ("z-zero", "Every z is 0.", _z(lambda z, seed: np.zeros_like(z))),
    ):
        yield _drawn(name, purpose.split(":")[0].rstrip("."), purpose, clauses, draw)
    clauses = ("8.4.4", "8.6", "9.8.3")
    for name, purpose, values in (
        ("symbol-escape", "Symbols just beyond the tables: the shortest escapes, of both signs.", "edge"),
        ("symbol-255", "Symbols of -255 and 255.", (-255, 255)),
        ("symbol-16-bit", "Symbols of -32767 and 32767, where the exact networks clamp.", (-32767, 32767)),
        (
            "symbol-24-bit",
            "Symbols of -(2^24 - 1) and 2^24 - 1, the greatest that can be coded.",
            (1 - 2**24, 2**24 - 1),
        ),
        ("symbol-zero", "Every symbol is 0.", (0, 0)),
        ("symbol-one", "Every symbol is -1 or 1, whatever its table.", (-1, 1)),
    ):
        yield _drawn(name, purpose.split(":")[0].rstrip("."), purpose, clauses, _symbols(values))
    yield _drawn(
        "symbol-16-bit-lanes",
        "extreme symbols in 32 lanes",
        "Escapes of many lanes share the bypass bits.",
        clauses,
        _symbols((-32767, 32767)),
        lanes=32,
    )
    yield _drawn(
        "symbol-sparse",
        "a few extreme symbols",
        "One symbol in 97 is 4000 or -4000; the others are 0.",
        clauses,
        _sparse,
    )


def _drawn(
    name: str,
    title: str,
    purpose: str,
    clauses: tuple[str, ...],
    draw: Draw | None = None,
    quality: int = 1024,
    size: tuple[int, int] = _IMAGE,
    lanes: int = 1,
) -> Recipe:
    def build(bench: Bench) -> bytes:
        image: Image = pictures.flat((0, 0, 0), *size)
        return bench.drawn(name, image, quality_index=(quality,), draw=draw, lanes=(lanes, lanes))

    return Recipe(
        name,
        title,
        purpose,
        clauses,
        build,
        f"symbols drawn from the seed {name}",
        kind="stress",
        saturates=name not in ("z-zero", "symbol-zero", "symbol-one") and not name.startswith("drawn"),
    )


def _z(change: Callable[[NDArray[np.int64], str], NDArray[np.int64]]) -> Draw:
    """Draws z by a function; bench calls it before the scale index and again after it."""

    def draw(own: ComponentSymbols, index: int) -> ComponentSymbols:
        z = change(own.z.astype(np.int64), f"z{index}")
        return replace(own, z=np.ascontiguousarray(z, np.int8))

    return draw


def _symbols(values: tuple[int, int] | str) -> Draw:
    def draw(own: ComponentSymbols, index: int) -> ComponentSymbols:
        pick = noise(f"symbols{index}", own.symbols.size, 1).reshape(own.symbols.shape)
        if isinstance(values, str):
            from refsw.entropy.tables import gaussian_tables

            tables = gaussian_tables()
            rows = ((own.scale_index + 64) >> 7).clip(0, tables.rows - 1)
            found = np.where(pick == 1, tables.maximum[rows] + 1, tables.minimum[rows] - 1)
        else:
            found = np.array(values)[pick]
        return replace(own, symbols=np.ascontiguousarray(found, np.int32))

    return draw


def _sparse(own: ComponentSymbols, index: int) -> ComponentSymbols:
    places = np.arange(own.symbols.size).reshape(own.symbols.shape)
    sign = 1 - 2 * noise(f"sparse{index}", own.symbols.size, 1).reshape(own.symbols.shape)
    return replace(own, symbols=np.where(places % 97 == 5, 4000 * sign, 0).astype(np.int32))
