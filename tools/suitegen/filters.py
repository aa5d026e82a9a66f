# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Valid streams with post-filters (9.11). Payloads are stated here: an encoder fits them in floating point."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from refsw import syntax
from refsw.decode.tools import Told
from refsw.syntax.headers import EXPERIMENTAL, PictureHeader
from refsw.tools.linear_enhancement.tool import LINEAR_ENHANCEMENT, LinearEnhancementPayload
from refsw.tools.switched_enhancement.tool import SWITCHED_ENHANCEMENT, SwitchedEnhancementPayload
from refsw.types import Image
from suitegen import lossless, maps, pictures
from suitegen.bench import Bench, component
from suitegen.layers import Style, lattices, over
from suitegen.recipe import Recipe

Ints = tuple[int, ...]
Tools = Sequence[Told]
SWITCHED, LINEAR, BOTH = ("9.11.1", "9.11.3"), ("9.11.1", "9.11.2"), ("9.11.1", "9.11.2", "9.11.3")
LUMA, CHROMA = (13, 10, 6), (9, 14, 7, 12, 5, 11)
"""Strengths as an encoder fits them, each another."""
SHARP = (-14, -11, 5, 4, 3, -3, 2, -2, -4, 6)
AIDED = (-12, -9, 4, 3, -2, 7, 5, -3, 2, 1, -10, -13, 3, -4, 2, 5, 8, -2, 1, 3)
"""Coefficients as an encoder fits them, those of neighbouring rings different."""
QUARTERS = ("regions.rows=2", "regions.columns=2")


def switched(luma: Ints = (), chroma: Ints = ()) -> Told:
    """(9.11.3) Planes without strengths are not filtered."""
    return Told(SWITCHED_ENHANCEMENT, SwitchedEnhancementPayload(
        luma_switched_flag=bool(luma), chroma_switched_flag=bool(chroma), luma_strength=luma, chroma_strength=chroma,
    ))  # fmt: skip


def linear(luma: Ints = (), chroma: Ints = ()) -> Told:
    """(9.11.2) Planes without coefficients are not filtered."""
    return Told(LINEAR_ENHANCEMENT, LinearEnhancementPayload(
        luma_enhancement_flag=bool(luma), chroma_enhancement_flag=bool(chroma), luma_coefficient=luma,
        chroma_coefficient=chroma,
    ))  # fmt: skip


FILTERS = {
    "switched": (SWITCHED, (switched(LUMA, CHROMA),), (switched(LUMA),)),
    "linear": (LINEAR, (linear(SHARP, AIDED),), (linear(SHARP),)),
    "filters": (BOTH, (switched(LUMA, CHROMA), linear(SHARP, AIDED)), (switched(LUMA), linear(SHARP))),
}
"""Clauses, tools of a picture with colour, tools of a grey one: each filter alone, and both."""


def recipes() -> Iterator[Recipe]:
    """All vectors of this kind."""
    for group in (branches, strengths, coefficients, formats, sizes, partitions, qualities, beside):
        yield from group()


def filtered(
    name: str, title: str, purpose: str, clauses: tuple[str, ...], image: Image, tools: Tools, *overrides: str,
    quality: float = 60, change: Callable[[PictureHeader], PictureHeader] = lambda header: header,
    extreme: bool = False,
) -> Recipe:  # fmt: skip
    """A vector of a synthetic picture. extreme: the filters make much of little, so that float samples may differ."""

    def build(bench: Bench) -> bytes:
        return bench.coded(image, *overrides, quality=quality, change=change, tools=tools)

    source = f"synthetic {image.width}x{image.height} of {image.bit_depth} bits, quality {quality:g}, stated payloads"
    return Recipe(name, title, purpose, clauses, build, source, saturates=extreme)


def branches() -> Iterator[Recipe]:
    """Luma, chroma, both; one filter and two."""
    image = pictures.rgb("filter", 48, 40)
    parts = {
        "luma": ("luma alone", switched(LUMA), linear(SHARP)),
        "chroma": ("chroma alone", switched((), CHROMA), linear((), AIDED)),
        "both": ("luma and chroma", switched(LUMA, CHROMA), linear(SHARP, AIDED)),
    }
    for part, (title, first, second) in parts.items():
        text = f"Switched enhancement of {title}; a plane without strengths stays as it is."
        yield filtered(f"switched-{part}", f"switched, {title}", text, SWITCHED, image, (first,))
        text = f"Linear enhancement of {title}; a plane without coefficients stays as it is."
        yield filtered(f"linear-{part}", f"linear, {title}", text, LINEAR, image, (second,))
        text = f"Both post-filters of {title}, linear enhancement of what switched enhancement gives."
        yield filtered(f"filters-{part}", f"both filters, {title}", text, BOTH, image, (first, second))
    text = "Switched enhancement of luma, then linear enhancement of chroma, which sees that luma."
    yield filtered("filters-luma-chroma", "switched luma, linear chroma", text, BOTH, image,
                   (switched(LUMA), linear((), AIDED)))  # fmt: skip
    text = "Switched enhancement of chroma, then linear enhancement of luma."
    yield filtered("filters-chroma-luma", "switched chroma, linear luma", text, BOTH, image,
                   (switched((), CHROMA), linear(SHARP)))  # fmt: skip


def strengths() -> Iterator[Recipe]:
    """(9.11.3.8) Each strength by itself, none, and the greatest."""
    image = pictures.gratings("strength")
    for index, what in enumerate(("low", "middle", "high")):
        own = tuple(20 if i == index else 0 for i in range(3))
        text = f"Samples of {what} activity alone are filtered, in luma by 20/8."
        yield filtered(f"switched-{what}", f"{what} activity", text, SWITCHED, image, (switched(own),), quality=90)
    for plane, name in ((1, "cb"), (2, "cr")):
        own = tuple(16 if i // 3 == plane - 1 else 0 for i in range(6))
        text = f"Strengths of one chroma plane are 0: only {name} is filtered."
        yield filtered(f"switched-{name}", f"{name} alone", text, SWITCHED, image, (switched((), own),))
    small = pictures.rgb("strength", 40, 24)
    yield filtered("switched-0", "strength 0", "All strengths are 0: the filter changes nothing.", SWITCHED, small,
                   (switched((0,) * 3, (0,) * 6),))  # fmt: skip
    yield filtered("switched-31", "strength 31", "All strengths are the greatest, 31/8: corrections of many steps.",
                   SWITCHED, image, (switched((31,) * 3, (31,) * 6),), quality=90, extreme=True)  # fmt: skip
    for depth in (12, 16):
        text = f"Stripes of all directions and contrasts at {depth} bits: activities lie close to thresholds."
        deep = pictures.gratings("strength", depth)
        yield filtered(f"switched-classes-{depth}", f"all classes, {depth} bits", text, SWITCHED, deep,
                       (switched((31,) * 3, (31,) * 6),), quality=90, extreme=True)  # fmt: skip
    for name, value, quality in (("black", 0, 20), ("white", 255, 60)):
        text = f"Luma is {name} throughout and chroma is not: H = V = 0, and the class is 2."
        yield filtered(f"switched-flat-{name}", f"{name} luma, stripes of chroma", text, SWITCHED,
                       pictures.flat_luma("flat", value), (switched((31,) * 3, (31,) * 6),), quality=quality,
                       extreme=True)  # fmt: skip
    for depth in (8, 16):
        ends = pictures.ends(f"ends/{depth}", 64, 48, depth)
        text = f"Black and white of {depth} bits side by side: samples and differences are clipped."
        yield filtered(f"switched-ends-{depth}", f"ends of the range, {depth} bits", text, SWITCHED, ends,
                       (switched((31,) * 3, (31,) * 6),), quality=100, extreme=True)  # fmt: skip


def coefficients() -> Iterator[Recipe]:
    """(9.11.2) None, ends of their range, and each ring by itself."""
    image = pictures.rgb("coefficient", 40, 24)
    yield filtered("linear-0", "coefficients 0", "All coefficients are 0: the filter changes nothing.", LINEAR, image,
                   (linear((0,) * 10, (0,) * 20),))  # fmt: skip
    for index in range(10):
        own = tuple(40 if i == index else 0 for i in range(10))
        more = tuple(40 if i % 10 == index else 0 for i in range(20))
        text = f"Coefficient {index} of luma and of both chroma planes alone: ring {index} of luma, and of chroma " + (
            f"ring {index} of the plane itself." if index < 5 else f"ring {index - 5} of luma."
        )
        yield filtered(f"linear-ring-{index}", f"coefficient {index} alone", text, LINEAR, image, (linear(own, more),))
    for depth in (8, 14, 16):
        ends = pictures.ends(f"ends/{depth}", 64, 48, depth)
        for name, value in (("127", 127), ("minus-128", -128)):
            text = f"All coefficients are {value} at {depth} bits: great sums, samples are clipped."
            yield filtered(f"linear-{name}-{depth}", f"coefficients {value}, {depth} bits", text, LINEAR, ends,
                           (linear((value,) * 10, (value,) * 20),), quality=100, extreme=True)  # fmt: skip
    mixed = tuple((127, -128)[i % 2] for i in range(10)), tuple((-128, 127)[i % 2] for i in range(20))
    text = "Coefficients at both ends of their range in turn."
    yield filtered("linear-ends", "coefficients -128 and 127", text, LINEAR, image, (linear(*mixed),), extreme=True)


def formats() -> Iterator[Recipe]:
    """Bit depths and chroma formats: filters see coded planes, before chroma is averaged."""
    for name, (clauses, tools, luma) in FILTERS.items():
        text = "One plane: filters of luma alone."
        yield filtered(f"{name}-grey", "4:0:0", text, clauses, pictures.grey("filter/grey", 45, 37), luma)
        for chroma in ("4:4:4", "4:2:2", "4:2:0"):
            own, short = pictures.ycbcr(f"filter/{chroma}", 45, 37, chroma), chroma.replace(":", "")
            text = f"Filters see coded planes, 4:4:4, whatever the source is; here {chroma}."
            yield filtered(f"{name}-{short}", f"Y, Cb, Cr {chroma}", text, (*clauses, "9.5.4"), own, tools)
        for depth in (10, 12, 14, 16):
            text = f"Planes of {depth} + 4 bits: thresholds of activity and limits of differences grow with the depth."
            yield filtered(f"{name}-{depth}-bit", f"{depth} bits", text, clauses,
                           pictures.rgb(f"filter/{depth}", 48, 32, depth), tools)  # fmt: skip
        own = pictures.ycbcr("filter/420-10", 46, 34, "4:2:0", 10)
        yield filtered(f"{name}-420-10", "4:2:0, 10 bits", "4:2:0 of 10 bits, as video has it.", clauses, own, tools)


def sizes() -> Iterator[Recipe]:
    """Edges: beyond the coded picture the nearest sample is seen."""
    for name, (clauses, tools, _) in FILTERS.items():
        for width, height in ((1, 1), (2, 3), (70, 2), (3, 66), (17, 33)):
            small = "smaller than the reach of a filter; " if min(width, height) < 4 else ""
            text, own = f"A picture {small}beyond which its edge is repeated.", (width, height)
            yield filtered(f"{name}-{width}x{height}", f"{width} x {height}", text, clauses,
                           pictures.rgb(f"filter/{width}x{height}", *own), tools)  # fmt: skip
        image, text = pictures.rgb("filter/display", 48, 40), "Filters see more than what is displayed."
        yield filtered(f"{name}-display", "a smaller display size", text, (*clauses, "9.5.1"), image, tools,
                       change=lambda h: replace(h, diff_display_width=5, diff_display_height=7))  # fmt: skip
    wide = pictures.rgb("filter/wide", 2120, 20)
    text = "Wider than what many decoders filter at a time: no seam."
    yield filtered("filters-2120x20", "2120 x 20", text, (*BOTH, "9.6.2"), wide, FILTERS["filters"][1])


def partitions() -> Iterator[Recipe]:
    """Regions and tiles."""
    image, tile = pictures.rgb("filter/regions", 130, 100), pictures.rgb("filter/tiles", 140, 90)
    for name, (clauses, tools, _) in FILTERS.items():
        for kind, text in (
            ("dependent", "Filters see across the borders of dependent regions."),
            ("independent", "At the border of an independent region its own edge is repeated."),
        ):
            flag = str(kind == "independent").lower()
            yield filtered(f"{name}-{kind}", f"{kind} regions", text, (*clauses, "9.6.1"), image, tools, *QUARTERS,
                           f"regions.independent={flag}")  # fmt: skip
        text = "Filters see across the borders of tiles: planes before them are those of the tiles."
        yield filtered(f"{name}-tiles", "tiles of 64", text, (*clauses, "9.6.3"), tile, tools, "tiles.side=64",
                       "tiles.overlap=16")  # fmt: skip
    text = "Tiles inside independent regions: regions end what a filter sees, tiles do not."
    yield filtered("filters-tiles-in-regions", "tiles in independent regions", text, (*BOTH, "9.6.1", "9.6.3"),
                   pictures.rgb("filter/both", 150, 70), FILTERS["filters"][1], "regions.rows=1", "regions.columns=2",
                   "regions.independent=true", "tiles.side=64", "tiles.overlap=0")  # fmt: skip


def qualities() -> Iterator[Recipe]:
    """(9.11.3.7) Sets of coefficients, and between them."""
    image, tools = pictures.rgb("filter/quality", 48, 40), FILTERS["switched"][1]
    first = (0, 2048), (1, 2047), (511, 512), (512, 513)
    for luma, chroma in (*first, (1024, 1300), (1536, 1535), (1791, 700), (2048, 0)):
        text = f"Luma takes the coefficients of quality_index {luma}, chroma those of {chroma}."

        def change(header: PictureHeader, luma: int = luma, chroma: int = chroma) -> PictureHeader:
            return component(component(header, 0, quality_index=luma), 1, quality_index=chroma)

        yield filtered(f"switched-quality-{luma}-{chroma}", f"quality_index {luma} and {chroma}", text, SWITCHED, image,
                       tools, change=change)  # fmt: skip


def beside() -> Iterator[Recipe]:
    """Post-filters and what else a codestream may have."""
    image, (clauses, tools, _) = pictures.rgb("filter/beside", 48, 40), FILTERS["filters"]
    text = "Plane digests are those of the picture after filters."
    yield filtered("filters-plane-digest", "digests of filtered planes", text, (*clauses, "6.12.4"), image, tools,
                   "coding.plane_digests=true")  # fmt: skip
    yield filtered("filters-no-digest", "no digest", "A tool header that no digest covers.", (*clauses, "6.12"), image,
                   tools, "coding.digest=false")  # fmt: skip
    yield filtered("filters-alpha", "filters beside alpha", "Alpha is not filtered.", (*clauses, "9.5.5"),
                   pictures.rgb("filter/alpha", 33, 20, alpha=True), tools)  # fmt: skip
    yield filtered("filters-high", "profile high", "Both filters in the profile above base.", (*clauses, "A.1"), image,
                   tools, change=lambda h: replace(h, decoder_profile_idc=2))  # fmt: skip
    yield filtered("filters-channels", "few channels, skipping", "Filters of a coarse picture.",
                   (*clauses, "6.4.2", "8.5"), image, tools, "coding.skip_threshold=[2000]",
                   change=lambda h: component(h, 0, num_coded_channels=37))  # fmt: skip

    def experimental(header: PictureHeader) -> PictureHeader:
        return replace(header, stream_profile_idc=EXPERIMENTAL, decoder_profile_idc=EXPERIMENTAL)

    text = "Known tools of a stream of the experimental profile."
    yield filtered("filters-experimental", "profile experimental", text, (*clauses, "A.1"), image, tools,
                   change=experimental)  # fmt: skip

    def with_map(bench: Bench) -> bytes:
        return bench.coded(image, change=experimental, steps=maps.drawn("filter"), map_coding=(40, 0), tools=tools)

    text = "Steps steer the networks; q of the filter is quality_index alone."
    yield Recipe("filters-map", "a quality map and filters", text, (*clauses, "8.8"), with_map,
                 "synthetic 48x40, drawn steps, stated payloads", kind="proposal", tools=maps.TOOL)  # fmt: skip

    def with_layer(bench: Bench) -> bytes:
        own = pictures.rgb("filter/lossless", 33, 20)
        base = bench.coded(own, quality=20, tools=tools)
        return syntax.write(over(bench, base, own, "filters/lossless", Style(), (lattices,)))

    text, source = "The base of the layer is the picture after filters.", "synthetic 33x20, base of quality 20"
    yield Recipe("filters-lossless", "a lossless layer over filters", text, (*clauses, "9.9"), with_layer,
                 f"{source}, drawn parameters", without=lossless.TOOL)  # fmt: skip
