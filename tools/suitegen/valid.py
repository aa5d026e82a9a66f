# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Streams that a decoder shall decode. One stream, one feature; small first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction

from refsw.colour import Colours, custom_transform
from refsw.syntax.headers import PictureHeader
from refsw.types import Image
from suitegen import corners, enlarged, filters, local, lossless, maps, pictures, scaled, segments, simple, stress
from suitegen.bench import Bench, component
from suitegen.recipe import Recipe

Change = Callable[[PictureHeader], PictureHeader]


def recipes() -> Iterator[Recipe]:
    """All valid vectors, basic ones first."""
    base = tuple(of_base())
    yield from base
    yield from simple.recipes({recipe.id: recipe for recipe in base})


def of_base() -> Iterator[Recipe]:
    """Those that are not of profile simple."""
    for group in (sizes, formats, colours, qualities, components, regions, tiles, headers):
        yield from group()
    yield from segments.recipes()
    yield from stress.recipes()
    yield from corners.recipes()
    yield from lossless.recipes()
    yield from maps.recipes()
    yield from filters.recipes()
    yield from enlarged.recipes()
    yield from scaled.recipes()
    yield from local.recipes()


def coded(
    name: str,
    title: str,
    purpose: str,
    clauses: tuple[str, ...],
    image: Image,
    *overrides: str,
    quality: float = 50,
    change: Change = lambda header: header,
    colours: Colours | None = None,
) -> Recipe:
    """A vector of a synthetic picture."""
    settings = "".join(f", {override}" for override in overrides)
    source = f"synthetic {image.width}x{image.height} of {image.bit_depth} bits, quality {quality:g}{settings}"

    def build(bench: Bench) -> bytes:
        return bench.coded(image, *overrides, quality=quality, change=change, colours=colours)

    return Recipe(name, title, purpose, clauses, build, source)


def sizes() -> Iterator[Recipe]:
    """Sizes at and around the edges of patches, latent and hyper-latent samples."""
    what = {
        (64, 64): "One sample of z, 4x4 of y: no padding anywhere.",
        (1, 1): "The smallest picture: everything but one sample is padding.",
        (16, 16): "One latent sample.",
        (17, 33): "One column and one row more than latent samples hold.",
        (15, 8): "Less than one latent sample, one patch high.",
        (63, 65): "One column less and one row more than a sample of z.",
        (65, 63): "One column more and one row less than a sample of z.",
        (1, 70): "One column of two samples of z.",
        (70, 1): "One row of two samples of z.",
        (128, 64): "Two samples of z side by side.",
        (100, 84): "Edges inside latent samples and patches, several samples of z.",
    }
    for (width, height), purpose in what.items():
        image = pictures.rgb(f"size/{width}x{height}", width, height)
        clauses = ("6.3.9", "6.3.10", "9.1", "9.2", "9.5.1")
        yield coded(f"size-{width}x{height}", f"{width} x {height}", purpose, clauses, image)


def formats() -> Iterator[Recipe]:
    """Bit depths and chroma formats."""
    for depth in (10, 12, 14, 16):
        text = f"Samples of {depth} bits, 2 bytes each in the output, little-endian."
        image = pictures.rgb(f"depth/{depth}", 48, 32, depth)
        yield coded(f"depth-{depth}", f"{depth} bits", text, ("6.3.13", "9.4", "9.5.2"), image)
    clauses = ("6.3.14", "6.3.15", "6.3.19", "9.5.2")
    yield coded("grey-8", "4:0:0", "The first component alone: one plane.", clauses, pictures.grey("grey", 48, 40))
    yield coded("grey-16", "4:0:0, 16 bits", "One plane of 16 bits.", clauses, pictures.grey("grey16", 33, 17, 16))
    for chroma in ("4:4:4", "4:2:2", "4:2:0"):
        name = f"chroma-{chroma.replace(':', '')}"
        text = f"Y, Cb, Cr {chroma}: no colour transform" + (", chroma averaged down." if chroma != "4:4:4" else ".")
        image = pictures.ycbcr(name, 48, 32, chroma)
        yield coded(name, f"Y, Cb, Cr {chroma}", text, ("6.3.14", "9.5.3", "9.5.4"), image)
    for chroma in ("4:2:2", "4:2:0"):
        name = f"chroma-{chroma.replace(':', '')}-odd"
        text = f"{chroma} with an odd edge, where the last row or column counts twice."
        image = pictures.ycbcr(name, 35, 21, chroma)
        yield coded(name, f"{chroma}, odd size", text, ("9.5.4",), image)
    image = pictures.ycbcr("420-10", 48, 32, "4:2:0", 10)
    yield coded("chroma-420-10", "4:2:0, 10 bits", "4:2:0 of 10 bits, as video has it.", ("6.3.13", "9.5.4"), image)
    for name, values in (("black", (0, 0, 0)), ("white", (255, 255, 255)), ("red", (255, 0, 0))):
        text = "A flat picture at the end of the range: samples are clipped after the colour transform."
        yield coded(f"flat-{name}", f"flat {name}", text, ("9.4", "9.5.2"), pictures.flat(values, 32, 24), quality=80)


def colours() -> Iterator[Recipe]:
    """Colour matrices in the picture header."""
    for name, red, blue in (("bt2020", "0.2627", "0.0593"), ("bt601", "0.299", "0.114")):
        for depth in (8, 16):

            def build(bench: Bench, depth: int = depth, red: str = red, blue: str = blue, name: str = name) -> bytes:
                image = pictures.rgb(f"colour/{name}{depth}", 40, 24, depth)
                return bench.coded(image, colours=custom_transform(Fraction(red), Fraction(blue), depth))

            yield Recipe(
                f"colour-{name}-{depth}",
                f"matrix of {name}, {depth} bits",
                "A colour matrix and offsets that travel in the picture header.",
                ("6.3.16", "6.3.17", "6.3.18", "9.5.3"),
                build,
                f"synthetic 40x24 of {depth} bits, matrix of {name}",
                revision=2,
            )
    for identifier, name in ((1, "bt709"), (3, "even")):
        image = pictures.rgb(f"colour/{name}", 40, 24)
        text = "The header says which transform of the table it is, whatever the model was trained with."
        yield coded(f"colour-{name}", name, text, ("6.3.16", "9.5.2"), image, colours=identifier)
    text = "Matrix and offsets with extreme elements: products reach their bound, samples are clipped."

    def extreme(header: PictureHeader) -> PictureHeader:
        matrix = (32767, -32768, 0, 0, 8192, 32767, -32768, 0, 32767)
        return replace(header, colour_transform_idc=2, colour_matrix=matrix, colour_offset=(-32768, 32767, 16384))

    image = pictures.rgb("colour/extreme", 32, 24)
    yield coded("colour-extreme", "extreme matrix", text, ("6.3.17", "6.3.18", "9.5.3"), image, change=extreme)
    plain = pictures.rgb("colour/none", 32, 24)
    image = Image(plain.samples, 8, True)
    text = "Three planes as they are coded, without rendering information that says which they are."
    yield coded("colour-none", "no transform, no CICP", text, ("6.3.16", "9.5.3"), image)


def qualities() -> Iterator[Recipe]:
    """Quality indices at anchors, between them, and at the ends."""
    image = pictures.rgb("quality", 48, 40)
    clauses = ("6.4.1", "8.2.2", "8.3.2", "9")
    for index in (0, 1, 127, 128, 129, 256, 700, 1663, 1919, 1920, 2047, 2048):
        what = "an anchor" if index % 256 == 0 else "gains, scale offsets and tables of z lie between anchors"
        change = _quality(index, index)
        yield coded(
            f"quality-{index}",
            f"quality_index {index}",
            f"Quality index {index}: {what}.",
            clauses,
            image,
            change=change,
        )
    for luma, chroma in ((0, 2048), (2048, 0), (300, 1500)):
        text = "Components of different quality: each takes its own tables and gains."
        yield coded(
            f"quality-{luma}-{chroma}",
            f"quality_index {luma} and {chroma}",
            text,
            clauses,
            image,
            change=_quality(luma, chroma),
        )


def _quality(luma: int, chroma: int) -> Change:
    def change(header: PictureHeader) -> PictureHeader:
        return component(component(header, 0, quality_index=luma), 1, quality_index=chroma)

    return change


def _component(index: int, **changes: int | bool) -> Change:
    return lambda header: component(header, index, **changes)


def components() -> Iterator[Recipe]:
    """Skipping, coded channels, lanes."""
    image = pictures.rgb("skip", 48, 40)
    for threshold in (0, 1, 2000, 8191):
        text = f"Positions under a scale of {threshold} are skipped" + (
            ": all of them, the residuals are empty." if threshold == 8191 else "."
        )
        yield coded(
            f"skip-{threshold}",
            f"skip_threshold {threshold}",
            text,
            ("6.4.3", "6.4.4", "8.5", "8.6"),
            image,
            f"coding.skip_threshold=[{threshold}]",
            quality=70,
        )
    text = "skip_enabled_flag is 1 and the threshold 0: nothing is skipped."
    yield coded(
        "skip-enabled-0",
        "skipping with threshold 0",
        text,
        ("6.4.3", "6.4.4", "8.5"),
        image,
        change=_component(0, skip_enabled_flag=True, skip_threshold=0),
    )
    for index in (0, 1):
        for count in (0, 1, 37):
            text = f"{count} channels of component {index} carry symbols; those of the others are 0."
            yield coded(
                f"channels-{index}-{count}",
                f"component {index}, {count} channels",
                text,
                ("6.4.2", "8.5"),
                image,
                change=_component(index, num_coded_channels=count),
            )
    picture = pictures.rgb("lanes", 80, 70)
    for lanes in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024):
        text = f"{lanes} lanes: " + (
            "more than some substreams have symbols." if lanes > 256 else "symbol i is in lane i mod L."
        )
        yield coded(
            f"lanes-{lanes}", f"{lanes} lanes", text, ("6.4.5", "6.4.6", "8.4.4"), picture, f"coding.lanes={lanes}"
        )


def regions() -> Iterator[Recipe]:
    """Partitions into regions, dependent and independent."""
    cases = (
        ("rows", 70, 130, 2, 1),
        ("columns", 130, 40, 1, 2),
        ("both", 130, 100, 2, 2),
        ("three", 180, 66, 1, 3),
    )
    for name, width, height, rows, columns in cases:
        for independent in (False, True):
            kind = "independent" if independent else "dependent"
            text = f"{rows} x {columns} regions, {kind}: " + (
                "networks see zeros beyond a region." if independent else "networks look across, substreams do not."
            )
            image = pictures.rgb(f"region/{name}", width, height)
            yield coded(
                f"region-{name}-{kind}",
                f"{rows} x {columns} regions, {kind}",
                text,
                ("5.4", "6.3.21", "6.3.22", "6.3.23", "6.3.24", "9.6.1"),
                image,
                f"regions.rows={rows}",
                f"regions.columns={columns}",
                f"regions.independent={str(independent).lower()}",
            )
    image = pictures.grey("region/many", 64, 520)
    yield coded(
        "region-9-rows",
        "nine rows of regions",
        "Many regions of one component.",
        ("5.4", "6.10.5"),
        image,
        "regions.rows=9",
        "regions.columns=1",
        quality=20,
    )


def tiles() -> Iterator[Recipe]:
    """Signalled synthesis tiles."""
    image = pictures.rgb("tile", 140, 90)
    for side, overlap in ((64, 0), (64, 16), (64, 32), (80, 16), (4080, 496)):
        text = f"Synthesis runs on tiles of {side} with {overlap} samples around them; zeros beyond."
        yield coded(
            f"tile-{side}-{overlap}",
            f"tiles of {side}, overlap {overlap}",
            text,
            ("6.3.25", "6.3.26", "6.3.27", "9.6.3"),
            image,
            f"tiles.side={side}",
            f"tiles.overlap={overlap}",
        )
    wide = pictures.rgb("tile/regions", 150, 70)
    yield coded(
        "tile-in-regions",
        "tiles in independent regions",
        "Tiles are counted from the corner of each region.",
        ("9.6.1", "9.6.3"),
        wide,
        "regions.rows=1",
        "regions.columns=2",
        "regions.independent=true",
        "tiles.side=64",
        "tiles.overlap=16",
    )


def headers() -> Iterator[Recipe]:
    """Elements of the picture header that are not covered above."""
    image = pictures.rgb("header", 48, 40)
    for wide, high in ((1, 0), (0, 7), (15, 23), (47, 39)):
        text = f"The displayed picture is {wide} columns and {high} rows smaller than the coded one."
        yield coded(
            f"display-{wide}-{high}",
            f"display size less by {wide}, {high}",
            text,
            ("6.3.11", "6.3.12", "9.5.1"),
            image,
            change=lambda h, w=wide, r=high: replace(h, diff_display_width=w, diff_display_height=r),
        )
    chroma = pictures.ycbcr("header/420", 48, 40, "4:2:0")
    yield coded(
        "display-420",
        "4:2:0, odd display size",
        "Chroma is averaged inside the displayed picture alone.",
        ("6.3.11", "9.5.4"),
        chroma,
        change=lambda h: replace(h, diff_display_width=3, diff_display_height=5),
    )
    large = pictures.rgb("header/63", 80, 72)
    yield coded(
        "display-63",
        "display size less by 63",
        "The greatest difference of coded and displayed size.",
        ("6.3.11", "6.3.12"),
        large,
        change=lambda h: replace(h, diff_display_width=63, diff_display_height=63),
    )
    for points in ((1, 0), (0, 1)):
        text = "Two synthesis transforms are listed" + (
            "; the first that decoder and model have is taken." if points[0] == 0 else "; the first is taken."
        )
        yield coded(
            f"points-{points[0]}{points[1]}",
            f"synthesis transforms {points}",
            text,
            ("6.3.5", "6.3.6", "7.3"),
            image,
            change=lambda h, p=points: replace(h, synthesis_transform_id=p),
        )
    yield coded(
        "level-8",
        "level 8",
        "A small picture that says a high level.",
        ("6.3.4", "A.2"),
        image,
        change=lambda h: replace(h, level_idc=80),
    )
    yield coded(
        "no-digest", "no digest segment", "Nothing to compare tensors with.", ("6.12",), image, "coding.digest=false"
    )
    yield coded(
        "plane-digest",
        "digests of planes",
        "Checksums of the picture-exact picture; a float decoder ignores them.",
        ("6.12.4",),
        image,
        "coding.plane_digests=true",
    )
    subsampled = pictures.ycbcr("header/plane-digest", 35, 21, "4:2:0")
    yield coded(
        "plane-digest-420",
        "digests of 4:2:0 planes",
        "Checksums of planes of two sizes.",
        ("6.12.4",),
        subsampled,
        "coding.plane_digests=true",
    )
