# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Valid streams with lossless layers (9.9): a decoder of the tool shows the source, another one the base."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from refsw import syntax
from refsw.colour import Colours, custom_transform
from refsw.decode.picture import decode_picture
from refsw.decode.verify import plane_digests
from refsw.syntax.headers import Codestream, LosslessLayer, PictureHeader
from refsw.types import Image
from suitegen import pictures
from suitegen.bench import Bench
from suitegen.layers import Coding, Style, deflated, lattices, over
from suitegen.recipe import Recipe

TOOL = ("lossless",)
LATTICES = ("9.9.1", "9.9.2", "9.9.3", "9.9.4", "9.9.5", "9.9.6")
DEFLATE = ("9.9.1", "9.9.8")
ALL = range(10)
REGIONS = ("regions.rows=2", "regions.columns=2", "regions.independent=true")
Change = Callable[[Bench, Codestream], Codestream]


def recipes() -> Iterator[Recipe]:
    """All vectors of this kind."""
    for group in (formats, sizes, parameters, regions, deflate, beside):
        yield from group()


def _layer(
    name: str, title: str, purpose: str, clauses: tuple[str, ...], image: Image, style: Style | None = None,
    codings: Sequence[Coding] = (lattices,), *overrides: str, colours: Colours | None = None,
    change: Change = lambda bench, stream: stream,
    header: Callable[[PictureHeader], PictureHeader] = lambda header: header, shown: Image | None = None,
) -> Recipe:  # fmt: skip
    """A vector. shown: what is displayed of the image, where that is less."""

    def build(bench: Bench) -> bytes:
        base = bench.coded(image, *overrides, quality=20, colours=colours, change=header)
        stream = over(bench, base, shown or image, f"lossless/{name}", style or Style(), codings)
        return syntax.write(change(bench, stream))

    source = f"synthetic {image.width}x{image.height} of {image.bit_depth} bits, base of quality 20, drawn parameters"
    return Recipe(f"lossless-{name}", title, purpose, clauses, build, source, without=TOOL)


def formats() -> Iterator[Recipe]:
    """Planes that are alike and not, bit depths, the order of planes."""
    own = LATTICES
    yield _layer("rgb", "R, G, B", "Every sample comes back; planes are coded in the order G, R, B.", own,
                 pictures.rgb("lossless/rgb", 33, 20))  # fmt: skip
    yield _layer("grey-8", "4:0:0", "One plane: no feature of others.", own, pictures.grey("lossless/grey", 35, 21))
    yield _layer("grey-16", "4:0:0, 16 bits", "Widths above 60: a sample has more than 8 low bits, in two rows.", own,
                 pictures.grey("lossless/grey16", 35, 21, 16), Style(classes=ALL))  # fmt: skip
    yield _layer("rgb-16", "R, G, B of 16 bits", "Errors of other planes of 16 bits.", own,
                 pictures.rgb("lossless/rgb16", 20, 18, 16))  # fmt: skip
    yield _layer("420", "4:2:0, odd size", "Chroma planes are alike, luma is alone; sizes are rounded up.", own,
                 pictures.ycbcr("lossless/420", 35, 21, "4:2:0"), Style(classes=ALL))  # fmt: skip
    yield _layer("422-10", "4:2:2, 10 bits", "Chroma with half the columns.", own,
                 pictures.ycbcr("lossless/422", 27, 14, "4:2:2", 10))  # fmt: skip
    yield _layer("444-12", "Y, Cb, Cr of 12 bits", "Without a colour transform planes keep their order.", own,
                 pictures.ycbcr("lossless/444", 22, 19, "4:4:4", 12))  # fmt: skip
    image = pictures.rgb("lossless/custom", 21, 17)
    yield _layer("custom-matrix", "a custom colour matrix", "G, R, B with a matrix of the header.",
                 (*own, "9.5.3"), image, colours=custom_transform(Fraction("0.299"), Fraction("0.114"), 8))  # fmt: skip


def sizes() -> Iterator[Recipe]:
    """Planes that have few samples, where neighbours are outside on both sides."""
    for width, height in ((1, 1), (1, 70), (70, 1), (3, 5), (17, 33)):
        text = "Neighbours outside the plane are mirrored, and where that is outside too, replaced by a lattice sample."
        yield _layer(f"{width}x{height}", f"{width} x {height}", text, ("9.9.3", "9.9.4"),
                     pictures.rgb(f"lossless/{width}x{height}", width, height))  # fmt: skip


def _noise(seed: str, width: int, height: int, depth: int, planes: int) -> Image:
    values = pictures.noise(seed, width * height * planes, depth).reshape(height, width, planes)
    return Image(np.ascontiguousarray(values, np.uint8 if depth == 8 else np.uint16), depth)


def parameters() -> Iterator[Recipe]:
    """What parameters can say."""
    image = pictures.rgb("lossless/parameters", 40, 24)
    grey = pictures.grey("lossless/parameters", 33, 20)
    cases = (
        ("classes", "classes in all groups", "Four sets of weights, chosen by activity and direction.", image,
         Style(classes=ALL, weights=5)),
        ("classes-some", "classes in some groups", "Flags differ from group to group.", grey,
         Style(classes=(0, 2, 3, 7), weights=5)),
        ("classes-seed", "threshold 0", "Activity 0 reaches a threshold of 0: also the seed pass takes the upper sets.",
         grey, Style(classes=ALL, threshold=0, weights=5)),
        ("uncoded-8", "uncoded samples of 8 bits", "Wide contexts have width 76: the row of 8 bits holds the sample.",
         _noise("lossless/uncoded8", 30, 20, 8, 3), Style(raw=32)),
        ("uncoded-10", "uncoded samples of 10 bits", "The upper 8 bits, then 2 low bits.",
         _noise("lossless/uncoded10", 26, 18, 10, 1), Style(raw=40)),
        ("uncoded-16", "uncoded samples of 16 bits", "The upper 8 bits, then 8 low bits.",
         _noise("lossless/uncoded16", 24, 18, 16, 1), Style(raw=64)),
        ("wide-weights", "weights up to 2^15", "Predictions are clamped to the range of samples, errors are large.",
         grey, Style(weights=15, errors=15, classes=ALL)),
        ("steps-clamped", "steps up to 2^15", "Widths are clamped to 0 and 75.", grey, Style(steps=15)),
        ("wide-16", "widths of 16 bits", "The greatest widths: 12 low bits.", _noise("lossless/w16", 24, 18, 16, 1),
         Style(steps=6)),
        ("rows-0", "row 0 for all parameters", "Parameters are escapes.", pictures.grey("lossless/rows", 9, 7),
         Style(rows=(0, 0, 0, 0))),
        ("rows-63", "row 63 for all parameters", "The widest Gaussian row.", pictures.grey("lossless/rows", 9, 7),
         Style(rows=(63, 63, 63, 63))),
    )  # fmt: skip
    for name, title, purpose, own, style in cases:
        yield _layer(name, title, purpose, LATTICES, own, style)
    for lanes in (8, 32, 1024):
        text = f"{lanes} lanes over all passes, planes and low bits of the region."
        yield _layer(f"lanes-{lanes}", f"{lanes} lanes", text, ("6.16.3", "9.9.6"), image if lanes == 32 else grey,
                     Style(lanes=lanes))  # fmt: skip


def regions() -> Iterator[Recipe]:
    """Layers of some regions."""
    image = pictures.rgb("lossless/regions", 70, 66)

    def empty(bench: Bench, stream: Codestream) -> Codestream:
        last = replace(stream.lossless[2], lossless_parameters=b"", lossless_data=b"")
        return replace(stream, lossless=(*stream.lossless[:2], last))

    yield _layer("regions", "four regions", "Lattices, DEFLATE, a layer without data, a region without one.",
                 (*LATTICES, "9.9.8", "6.16", "6.16.1", "6.16.9"), image, None,
                 (lattices, deflated, lattices), *REGIONS, change=empty)  # fmt: skip
    yield _layer("regions-dependent", "dependent regions", "A layer sees samples of its own region alone.",
                 ("9.9.1", "9.9.4"), pictures.ycbcr("lossless/dependent", 80, 20, "4:2:0"), None, (lattices, lattices),
                 "regions.rows=1", "regions.columns=2", "regions.independent=false")  # fmt: skip

    def hidden(bench: Bench, stream: Codestream) -> Codestream:
        layer = LosslessLayer(
            lossless_region_index=1, lossless_coding_idc=1, lossless_digest=(1, 2, 3), lossless_data=b"means nothing"
        )
        return replace(stream, lossless=(*stream.lossless, layer))

    wide = pictures.rgb("lossless/hidden", 70, 20)
    shown = replace(wide, samples=np.ascontiguousarray(wide.samples[:, :64]))
    yield _layer("region-hidden", "a region of which nothing is displayed", "Its layer means nothing.", ("9.9", "6.16"),
                 wide, None, (lattices,), "regions.rows=1", "regions.columns=2", "regions.independent=true",
                 change=hidden, header=lambda h: replace(h, diff_display_width=6), shown=shown)  # fmt: skip


def deflate() -> Iterator[Recipe]:
    """Layers that do not look at the base."""
    cases = (
        ("rgb", pictures.rgb("lossless/deflate", 33, 20), "Samples of G, R and B stand beside each other."),
        ("grey-16", pictures.grey("lossless/deflate16", 20, 15, 16), "Two bytes a sample, big-endian."),
        ("420-10", pictures.ycbcr("lossless/deflate420", 21, 13, "4:2:0", 10), "Two groups of planes."),
    )
    for name, image, purpose in cases:
        text = f"{purpose} Rows have the filters 0, 1, 2 in turn."
        yield _layer(f"deflate-{name}", f"DEFLATE, {name}", text, DEFLATE, image, None, (deflated,))


def beside() -> Iterator[Recipe]:
    """Layers and other segments."""
    yield _layer("alpha", "a layer and alpha", "Alpha is not part of the layer.", ("9.9", "9.5.5"),
                 pictures.rgb("lossless/alpha", 24, 18, alpha=True))  # fmt: skip

    def digested(bench: Bench, stream: Codestream) -> Codestream:
        image = decode_picture(syntax.write(stream), model=bench.model, exact="auto").image
        assert stream.digest_segment is not None
        return replace(stream, digest_segment=replace(stream.digest_segment, plane_digest=plane_digests(image)))

    yield _layer("plane-digest", "digests of planes with a layer", "They are those of the picture with the layer.",
                 ("9.9", "6.12.4"), pictures.rgb("lossless/digest", 20, 18), change=digested)  # fmt: skip
    yield _layer("display-7-5", "a display size", "The layer has the displayed samples alone.", ("9.9.1", "9.5.1"),
                 big := pictures.rgb("lossless/display", 40, 30),
                 header=lambda h: replace(h, diff_display_width=7, diff_display_height=5),
                 shown=replace(big, samples=np.ascontiguousarray(big.samples[:25, :33])))  # fmt: skip
