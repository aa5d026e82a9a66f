# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Vectors of profile simple, decoded by the synthesis transform SOP: recipes of profile base, made again for it.

Pictures are the same, so that z and symbols of a vector simple-ID are those of ID: another synthesis, other planes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from refsw import syntax
from refsw.syntax.surgery import without_digests
from refsw.types import Image
from suitegen import broken, broken_filters, damage, pictures, scaled
from suitegen.bench import Bench
from suitegen.recipe import Recipe

PREFIX, POINT = "simple-", "sop"
AGAIN = (
    "size-64x64", "size-1x1", "size-16x16", "size-17x33", "size-65x63", "size-100x84",
    "depth-10", "grey-8", "chroma-444", "chroma-420", "chroma-420-odd", "chroma-420-10", "flat-white", "flat-red",
    "colour-bt601-8", "colour-extreme", "colour-none",
    "quality-0", "quality-129", "quality-2048", "quality-300-1500",
    "skip-2000", "skip-8191", "channels-0-37", "channels-1-0", "lanes-32",
    "region-both-dependent", "region-both-independent", "region-9-rows",
    "tile-64-0", "tile-64-16", "tile-in-regions", "display-15-23", "display-420",
    "level-8", "no-digest", "plane-digest", "alpha-8", "alpha-10", "alpha-420", "everything", "quality-map",
    "drawn-1024", "z-ends", "symbol-255", "symbol-16-bit", "symbol-zero",
    "switched-both", "linear-both", "filters-both", "filters-grey", "filters-420-10", "filters-1x1",
    "scaling-drawn", "scaling-grey", "scaling-regions-dependent", "scaling-filters", "scaling-plane-digest",
    "local-rgb", "local-grey", "local-regions-dependent", "local-scaling",
    "filters-dependent", "filters-independent", "filters-tiles", "filters-alpha", "filters-plane-digest",
    "lossless-rgb", "lossless-420", "lossless-deflate-420-10", "lossless-regions-dependent",
)  # fmt: skip
"""Vectors of profile base that profile simple has too: a few of each kind, and parents of what is broken."""
PARENTS = ("size-65x63", "grey-8", "chroma-420", "everything", "tile-64-16", "alpha-8", "filters-both", "plane-digest",
           "scaling-drawn")  # fmt: skip
BROKEN = (
    "cut-50", "cut-99", "cut-end-1", "bytes-twice", "damage-z-middle-bit", "damage-primary-short",
    "damage-secondary-state", "damage-primary-long-32-lanes", "damage-regions-exchanged", "damage-bypass-last",
    "alpha-short", "alpha-bomb", "bomb-size", "bomb-ones-1024", "digest-0", "digest-1", "digest-header",
    "digest-plane", "other-weights", "other-model", "switched-broken-bank-1", "switched-broken-grey-chroma",
    "switched-broken-digest", "linear-broken-short", "linear-broken-fill", "filters-broken-order",
    "filters-broken-tool-3", "scaling-broken-short", "scaling-broken-other",
)  # fmt: skip
"""Of what is broken in profile base; every clause of the syntax comes in addition."""


def recipes(base: Mapping[str, Recipe]) -> Iterator[Recipe]:
    """All valid vectors of this kind. base: those of profile base, by id."""
    for name in AGAIN:
        yield _again(base[name])
    yield from _limits()
    yield from _listed()


def _again(own: Recipe) -> Recipe:
    return replace(
        own, id=PREFIX + own.id, title=f"simple: {own.title}", clauses=(*own.clauses, "A.1"), revision=1,
        build=lambda bench: own.build(bench.simple), source=f"{own.source}; profile simple", operating_point=POINT,
    )  # fmt: skip


def _limits() -> Iterator[Recipe]:
    """Level 1 at its limits, in one component."""
    wide = pictures.flat((90,), 4096, 64)
    cases = (
        ("samples", "4096 x 64", "The greatest side of level 1, and as many samples as it allows.", wide, ()),
        ("regions", "16 regions", "As many regions as level 1 allows.", pictures.grey("simple/regions", 200, 216),
         ("regions.rows=4", "regions.columns=4", "regions.independent=true")),
    )  # fmt: skip
    for name, title, purpose, image, overrides in cases:

        def build(bench: Bench, image: Image = image, overrides: tuple[str, ...] = overrides) -> bytes:
            return bench.simple.coded(image, *overrides, quality=0)

        yield Recipe(f"{PREFIX}level-1-{name}", f"simple: {title}", purpose, ("A.1", "A.2"), build,
                     f"synthetic grey {image.width}x{image.height}, quality 0", operating_point=POINT)  # fmt: skip


def _listed() -> Iterator[Recipe]:
    """Profile base with a choice: the same stream has other planes at another operating point."""
    for points in (("bop", "sop"), ("sop", "bop")):
        listed = ", ".join(points)

        def build(bench: Bench, listed: str = listed, points: tuple[str, str] = points) -> bytes:
            image = pictures.rgb(f"points/{points[0]}", 48, 40)
            return bench.coded(image, f"operating_points=[{listed}]")

        yield Recipe(
            f"points-{points[0]}-as-sop", f"{listed.upper()}, decoded by SOP",
            "Two synthesis transforms are listed; SOP is asked for, whichever stands first.", ("6.3.5", "6.3.6", "7.3"),
            build, f"synthetic 48x40, operating points {listed}", operating_point=POINT,
        )  # fmt: skip


def hostile(streams: Mapping[str, bytes]) -> Iterator[Recipe]:
    """What a decoder of profile simple shall reject. streams: bytes of the valid vectors."""
    own = {name.removeprefix(PREFIX): data for name, data in streams.items() if name.startswith(PREFIX)}
    every = (broken.cuts, damage.recipes, broken.alphas, broken.bombs, broken.digests, broken.not_here,
             broken_filters.recipes, scaled.hostile)  # fmt: skip
    found = {recipe.id: recipe for group in every for recipe in group(own)}
    chosen = (found[name] for name in BROKEN if name in found)  # a substream that has no bytes cannot be damaged
    for recipe in (*broken.mutants(own, PARENTS), *chosen):
        yield replace(
            recipe, id=PREFIX + recipe.id, title=f"simple: {recipe.title}", parent=PREFIX + recipe.parent, revision=1,
            source=f"bytes of {PREFIX}{recipe.parent}, changed",
        )  # fmt: skip
    yield from _excesses()


@dataclass(frozen=True)
class Excess:
    """A picture of profile base that says that it is of profile simple."""

    name: str
    title: str
    clause: str
    image: Callable[[], Image]
    point: str = POINT


EXCESSES = (
    Excess("bop", "the synthesis transform BOP", "A.1.3", lambda: pictures.rgb("excess", 24, 20), "bop"),
    Excess("12-bits", "samples of 12 bits", "A.1.4", lambda: pictures.rgb("excess", 24, 20, 12)),
    Excess("16-bits", "samples of 16 bits", "A.1.4", lambda: pictures.grey("excess", 24, 20, 16)),
    Excess("422", "4:2:2", "A.1.5", lambda: pictures.ycbcr("excess", 24, 20, "4:2:2")),
)


def _excesses() -> Iterator[Recipe]:
    """All else is right, so that a decoder that does not look decodes them."""
    for own in EXCESSES:

        def build(bench: Bench, own: Excess = own) -> bytes:
            return _called_simple(bench.coded(own.image(), f"operating_points=[{own.point}]"), own.clause)

        yield Recipe(
            f"{PREFIX}exceeds-{own.name}", f"simple: {own.title}",
            f"A picture that is all right in profile base says profile simple, which does not have {own.title}.",
            (own.clause,), build, "synthetic 24x20; decoder_profile_idc changed", kind="negative", result="invalid",
            clause=own.clause, error_class="level", parent=f"{PREFIX}size-16x16", seconds=30,
        )  # fmt: skip


def _called_simple(data: bytes, clause: str) -> bytes:
    """decoder_profile_idc is 0, which the writer would refuse."""
    plain = syntax.write(without_digests(syntax.read(data)))
    (entry,) = (e for e in syntax.trace(plain)[0] if e.path.endswith("decoder_profile_idc"))
    low = 8 - entry.bit - entry.bits  # bits of its byte that follow it
    assert low >= 0
    changed = bytearray(plain)
    changed[entry.offset] &= ~(((1 << entry.bits) - 1) << low) & 0xFF
    found = syntax.validate(bytes(changed))
    assert [one.clause for one in found] == [clause], f"{clause}: {found}"
    return bytes(changed)
