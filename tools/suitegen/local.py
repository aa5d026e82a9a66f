# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Local steps (8.10): valid streams of the set `visual`, whose scale networks say by what step each place is coded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.decode.tools import Told
from refsw.types import ComponentSymbols, Image
from suitegen import filters, maps, pictures
from suitegen.bench import Bench, Draw, Steps, as_it_is, experimental
from suitegen.recipe import Recipe
from suitegen.scaled import BANDS, DRAWN, halves, scaling

CLAUSES = ("8.10.1", "8.10.2", "8.8.2", "8.8.3", "9.8.6")


def recipes() -> Iterator[Recipe]:
    """All valid vectors of this kind."""
    image = pictures.rgb("local", 88, 72)
    yield _vector("rgb", "steps of places", "Each component has steps of its own.", image)
    for quality in (0, 25, 100):
        text = "Steps are the same at each quality where z is; scale indices are clamped after them."
        yield _vector(f"quality-{quality}", f"quality {quality}", text, image, quality=quality)
    yield _vector("skip", "steps and skipping", "Positions are skipped by the scale index with its step.", image,
                  "coding.skip_threshold=[2000]", clauses=("8.5",))  # fmt: skip
    yield from _formats()
    yield from _beside(image)
    yield from _drawn()


def _formats() -> Iterator[Recipe]:
    """Sizes, partitions, planes."""
    yield _vector("grey", "4:0:0", "One component.", pictures.grey("local/grey", 50, 33))
    yield _vector("420", "4:2:0", "Two components.", pictures.ycbcr("local/420", 46, 38, "4:2:0"))
    yield _vector("1x1", "1 x 1", "One place.", pictures.rgb("local/1x1", 1, 1))
    for independent in ("false", "true"):
        kind = "independent" if independent == "true" else "dependent"
        cut = ("regions.rows=2", "regions.columns=2", f"regions.independent={independent}")
        regions, own = pictures.rgb("local/regions", 70, 70), "Steps of a region follow from its own z."
        yield _vector(f"regions-{kind}", f"{kind} regions", own, regions, *cut)
        yield _vector(f"map-regions-{kind}", f"a quality map and {kind} regions", "A region has its part of the map.",
                      regions, *cut, steps=maps.drawn("local/regions"))  # fmt: skip


def _beside(image: Image) -> Iterator[Recipe]:
    """What else a codestream may have."""
    yield _vector("map", "a quality map", "Steps of map and place are added.", image, steps=maps.drawn("local"))
    for name, ends in (("", halves), ("-turned", lambda rows, columns: -halves(rows, columns))):
        yield _vector(f"map-ends{name}", "ends of the range", "The sum of both steps is clamped to -16..16.", image,
                      steps=ends)  # fmt: skip
    text = "Bands follow from the index without any step; steps of place and band are added."
    yield _vector("scaling", "variance scaling", text, image, beside=(scaling(*DRAWN),), clauses=("8.9.2",))
    yield _vector("scaling-grey", "variance scaling, 4:0:0", text, pictures.grey("local/scaling", 41, 28),
                  beside=(scaling(*DRAWN[:BANDS]),), clauses=("8.9.2",))  # fmt: skip
    yield _vector("scaling-map", "all three kinds of steps", "Map and place are added and clamped, then the band.",
                  image, beside=(scaling(*DRAWN),), steps=halves, clauses=("8.9.2",))  # fmt: skip
    clauses, tools, _ = filters.FILTERS["filters"]
    yield _vector("filters", "before both filters", "Filters see planes of stepped latents.",
                  pictures.rgb("local/beside", 41, 28), beside=tools, clauses=clauses)  # fmt: skip
    yield _vector("plane-digest", "plane digests", "Plane digests hold.", image, "coding.plane_digests=true",
                  clauses=("6.12.4",))  # fmt: skip


def _vector(
    name: str, title: str, purpose: str, image: Image, *overrides: str, quality: float = 50,
    steps: Steps | None = None, beside: Sequence[Told] = (), clauses: tuple[str, ...] = (),
) -> Recipe:  # fmt: skip
    def build(bench: Bench) -> bytes:
        change = as_it_is if steps is None else experimental
        return bench.visual.coded(image, *overrides, quality=quality, change=change, map_coding=(40, 0), steps=steps,
                                  tools=beside)  # fmt: skip

    source = f"synthetic {image.width}x{image.height}, quality {quality:g}, model visual"
    return _recipe(name, title, purpose, build, source, clauses, proposal=steps is not None)


def _drawn() -> Iterator[Recipe]:
    """Hyper-latents that no picture has, which say steps that none has."""
    image = pictures.rgb("local/drawn", 72, 40)
    for name, purpose, draw in (
        ("drawn", "z as likely as the tables say.", None),
        ("drawn-ends", "z is -31 or 31 in a whole channel, left and right apart: steps as large as they are.", _ends),
        ("drawn-zero", "Every z is 0: the step that biases say.", _zero),
    ):

        def build(bench: Bench, draw: Draw | None = draw, name: str = name) -> bytes:
            return bench.visual.drawn(f"local/{name}", image, quality_index=(700, 1300), draw=draw)

        source = "drawn symbols 72x40, model visual"
        own = _recipe(name, purpose.split(":")[0].rstrip("."), purpose, build, source, ("8.2.1",))
        yield replace(own, kind="stress", saturates=draw is _ends)


def _recipe(
    name: str, title: str, purpose: str, build: Callable[[Bench], bytes], source: str, clauses: tuple[str, ...],
    proposal: bool = False,
) -> Recipe:  # fmt: skip
    return Recipe(
        f"local-{name}", f"local steps: {title}", purpose, (*CLAUSES, *clauses), build, source,
        kind="proposal" if proposal else "core", tools=maps.TOOL if proposal else (),
    )  # fmt: skip


def _ends(own: ComponentSymbols, component: int) -> ComponentSymbols:
    sign = 1 - 2 * pictures.noise(f"local/{component}", len(own.z), 1)[:, None, None]
    left = np.arange(own.z.shape[2]) < own.z.shape[2] // 2
    return _with_z(own, np.broadcast_to(np.where(left, 31, -31) * sign, own.z.shape))


def _zero(own: ComponentSymbols, component: int) -> ComponentSymbols:
    return _with_z(own, np.zeros_like(own.z))


def _with_z(own: ComponentSymbols, z: NDArray[np.integer[Any]]) -> ComponentSymbols:
    return replace(own, z=np.ascontiguousarray(z, np.int8))
