# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Quality maps (8.8), which the experimental profile decodes: valid streams, and what a decoder shall reject."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from refsw import syntax
from refsw.constants import QUALITY_MAP_LIMIT
from refsw.entropy import rans
from refsw.entropy.tables import gaussian_tables
from refsw.syntax.headers import PictureHeader, QualityMap
from refsw.syntax.surgery import without_digests
from refsw.types import Image
from suitegen import pictures
from suitegen.bench import Bench, Steps, experimental
from suitegen.recipe import Recipe

TOOL = ("quality-map",)
PARENT = "map-drawn"
Change = Callable[[PictureHeader], PictureHeader]


def recipes() -> Iterator[Recipe]:
    """All valid vectors of this kind."""
    image = pictures.rgb("map", 56, 40)
    for name, step in (("0", 0), ("16", QUALITY_MAP_LIMIT), ("minus-16", -QUALITY_MAP_LIMIT)):
        yield _map(name, f"step {step} everywhere", f"Each gain is multiplied by r^{step}, each inverse by r^{-step}.",
                   image, _constant(step))  # fmt: skip
    yield _map("drawn", "steps of all values", "Differences in both directions are summed up.", image, drawn("map"))
    yield _map("corner", "one step at a corner", "The sum runs over rows and columns.", image, _corner)
    text = "Differences of up to 64, all of them escapes of row 0."
    yield _map("checker", "-16 and 16 in turn", text, image, _checker, coding=(0, 0))
    yield _map("row-63", "row 63", "The widest Gaussian row.", image, drawn("row"), coding=(63, 0))
    for log2_lanes in (1, 5, 10):
        yield _map(f"lanes-{1 << log2_lanes}", f"{1 << log2_lanes} lanes", "The lanes of the map are its own.", image,
                   drawn("lanes"), coding=(40, log2_lanes))  # fmt: skip
    for quality in (0, 100):
        text = "Scale indices and log gains are clamped after the step is added."
        yield _map(f"quality-{quality}", f"quality {quality}", text, image, drawn("quality"), quality=quality)
    text = "Positions are skipped by the scale index with its step."
    yield _map("skip", "a map and skipping", text, image, drawn("skip"), "coding.skip_threshold=[2000]")
    for independent in ("false", "true"):
        kind = "independent" if independent == "true" else "dependent"
        yield _map(f"regions-{kind}", f"{kind} regions", "One map for the picture; a region has its part of it.",
                   pictures.rgb("map/regions", 70, 70), drawn("regions"), "regions.rows=2", "regions.columns=2",
                   f"regions.independent={independent}")  # fmt: skip
    yield _map("grey", "4:0:0", "A map with one component.", pictures.grey("map/grey", 50, 33), drawn("grey"))
    yield _map("1x1", "1 x 1", "One step.", pictures.rgb("map/1x1", 1, 1), _constant(-7))


def _map(
    name: str, title: str, purpose: str, image: Image, steps: Steps, *overrides: str, quality: float = 50,
    coding: tuple[int, int] = (40, 0),
) -> Recipe:  # fmt: skip
    def build(bench: Bench) -> bytes:
        return bench.coded(image, *overrides, quality=quality, change=experimental, steps=steps, map_coding=coding)

    clauses = ("8.8.1", "8.8.2", "8.8.3", "9.8.6")
    source = f"synthetic {image.width}x{image.height}, quality {quality:g}, drawn steps"
    return Recipe(f"map-{name}", title, purpose, clauses, build, source, kind="proposal", tools=TOOL)


def _constant(step: int) -> Steps:
    return lambda rows, columns: np.full((rows, columns), step, np.int8)


def drawn(seed: str) -> Steps:
    """Steps from a seed."""

    def steps(rows: int, columns: int) -> NDArray[np.int8]:
        values = pictures.noise(f"map/{seed}", rows * columns, 16) % (2 * QUALITY_MAP_LIMIT + 1) - QUALITY_MAP_LIMIT
        return values.reshape(rows, columns).astype(np.int8)

    return steps


def _corner(rows: int, columns: int) -> NDArray[np.int8]:
    steps = np.zeros((rows, columns), np.int8)
    steps[-1, 1] = 9
    return steps


def _checker(rows: int, columns: int) -> NDArray[np.int8]:
    odd = np.add.outer(np.arange(rows), np.arange(columns)) % 2
    return np.where(odd, QUALITY_MAP_LIMIT, -QUALITY_MAP_LIMIT).astype(np.int8)


def hostile(streams: Mapping[str, bytes]) -> Iterator[Recipe]:
    """Maps that a decoder of the tool shall reject. streams: bytes of the valid vectors."""
    stream = without_digests(syntax.read(streams[PARENT]))
    assert stream.quality_map is not None
    own = stream.quality_map.quality_map_data
    rows, columns = stream.picture_header.latent_size
    values = np.zeros(rows * columns, np.int32)
    values[:2] = (1 << 24) - 1, 1 - (1 << 24)
    huge = bytes([40, 0]) + rans.encode(values, np.full(len(values), 40, np.int32), gaussian_tables(), 1)
    cases = {
        "empty": ("no bytes", b""),
        "head": ("its two bytes alone", own[:2]),
        "row-64": ("a table row that does not exist", b"\x40" + own[1:]),
        "lanes-11": ("2^11 lanes", own[:1] + b"\x0b" + own[2:]),
        "short": ("one byte too few", own[:-1]),
        "long": ("one byte too many", own + b"\0"),
        "bit": ("a bit flipped", own[:9] + bytes([own[9] ^ 16]) + own[10:]),
        "huge": ("differences near 2^24 whose sums are small again", huge),
    }
    for name, (title, data) in cases.items():
        yield _hostile(name, title, _constant_bytes(
            syntax.write(replace(stream, quality_map=QualityMap(quality_map_data=data)))))  # fmt: skip
    image = pictures.rgb("map", 56, 40)
    beyond = QUALITY_MAP_LIMIT + 1
    for name, steps in (("17", _constant(beyond)), ("minus-17", _constant(-beyond)), ("17-late", _late)):

        def build(bench: Bench, steps: Steps = steps) -> bytes:
            return bench.coded(image, "coding.digest=false", change=experimental, steps=steps, map_coding=(40, 0))

        title = f"beyond {QUALITY_MAP_LIMIT}" + (" at the last position" if name == "17-late" else "")
        yield _hostile(f"step-{name}", f"{title}; all else fits it", build)


def _late(rows: int, columns: int) -> NDArray[np.int8]:
    steps = np.zeros((rows, columns), np.int8)
    steps[-1, -1] = QUALITY_MAP_LIMIT + 1
    return steps


def _constant_bytes(data: bytes) -> Callable[[Bench], bytes]:
    return lambda bench: data


def _hostile(name: str, title: str, build: Callable[[Bench], bytes]) -> Recipe:
    return Recipe(
        f"map-broken-{name}", f"map: {title}", f"The quality map is {title}.", ("8.8.1",), build,
        f"bytes of {PARENT}, changed", kind="negative", result="invalid", clause="8.8.1", error_class="damage",
        parent=PARENT, tools=TOOL, seconds=30,
    )  # fmt: skip
