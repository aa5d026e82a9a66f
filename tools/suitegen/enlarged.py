# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Resolution change (9.12), which the experimental profile decodes: valid streams, and what a decoder shall reject.

Pictures here are coded pictures: nothing is made smaller, which an encoder does in floating point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from refsw import syntax
from refsw.constants import RESOLUTION_TOOL_ID
from refsw.decode.enlarge import check_layers, display_header
from refsw.decode.tools import Told, active, told
from refsw.encode.extras import extras_of
from refsw.errors import RefswError
from refsw.spec import level
from refsw.syntax.headers import Codestream, LosslessLayer, PictureHeader, Tool, ToolHeader
from refsw.syntax.resolution import ResolutionPayload, ratio
from refsw.syntax.surgery import without_digests
from refsw.tools.resolution.tool import BRANCHES, RESOLUTION
from refsw.types import Image
from suitegen import filters, maps, pictures
from suitegen.bench import Bench, experimental
from suitegen.recipe import Recipe

TOOL = ("resolution-change",)
PARENT, ODD = "resolution-half", "resolution-two-thirds-17x33"
TITLES = {"half": "1/2", "two_thirds": "2/3"}
Change = Callable[[PictureHeader], PictureHeader]
Cuts = tuple[int, int]


def resolution(branch: str, cuts: Cuts = (0, 0)) -> Told:
    """(9.12.1) cuts: rows and columns that are not displayed."""
    rows, columns = cuts
    return Told(
        RESOLUTION, ResolutionPayload(resolution_idc=BRANCHES[branch], cut_rows=rows, cut_columns=columns)
    )


def recipes() -> Iterator[Recipe]:
    """All valid vectors of this kind."""
    for branch in TITLES:
        for group in (_sizes, _formats, _partitions, _beside):
            yield from group(branch)
    image = pictures.rgb("resolution/side", 2048, 1)
    yield _vector("half", "4096x2", "the greatest side of level 1", "Displayed columns reach a limit of the level.",
                  image, clauses=("9.12.1.5",))  # fmt: skip


def _vector(
    branch: str, name: str, title: str, purpose: str, image: Image, *overrides: str, cuts: Cuts = (0, 0),
    quality: float = 60, before: Sequence[Told] = (), clauses: tuple[str, ...] = (), shown: Image | None = None,
    steps: bool = False, extreme: bool = False,
) -> Recipe:  # fmt: skip
    """before: post-filters; shown: a picture of the displayed size, whose alpha it has; steps: with a quality map;
    extreme: exact networks clamp where float ones do not.
    """

    def build(bench: Bench) -> bytes:
        data = bench.coded(image, *overrides, quality=quality, change=experimental, map_coding=(40, 0),
                           steps=maps.drawn("resolution") if steps else None,
                           tools=(*before, resolution(branch, cuts)))  # fmt: skip
        if shown is None:
            return data
        stream = syntax.read(data)
        return syntax.write(replace(stream, alpha=extras_of(shown, level(stream.picture_header.level_idc)).alpha))

    source = f"synthetic {image.width}x{image.height} of {image.bit_depth} bits, quality {quality:g}, stated payloads"
    own, word = TITLES[branch], branch.replace("_", "-")
    return Recipe(
        f"resolution-{word}-{name}".rstrip("-"), f"{own}, {title}", f"Coded at {own}. {purpose}",
        ("9.12.1", "9.12.2", *clauses), build, source, kind="proposal", tools=(*TOOL, *(maps.TOOL if steps else ())),
        saturates=extreme,
    )  # fmt: skip


def _sizes(branch: str) -> Iterator[Recipe]:
    """Rows and columns that are left over, and edges."""
    image = pictures.rgb("resolution", 40, 28)
    yield _vector(branch, "", "all of it", "Six taps down columns, then along rows.", image)
    for rows, columns in ((0, 1), (1, 0), (1, 1)):
        yield _vector(branch, f"cut-{rows}-{columns}", f"{rows} rows and {columns} columns fewer",
                      "What is cut off lies at the bottom and at the right.", image, cuts=(rows, columns))  # fmt: skip
    for width, height in ((1, 1), (2, 3), (70, 2), (3, 66), (17, 33)):
        small = "Fewer samples than taps: the edge is repeated." if min(width, height) < 6 else "An odd number of both."
        yield _vector(branch, f"{width}x{height}", f"{width} x {height} coded", small,
                      pictures.rgb(f"resolution/{width}x{height}", width, height))  # fmt: skip
    text = "Sums of taps leave the range on both sides, between the steps and after them."
    for depth in (8, 16):
        yield _vector(branch, f"ends-{depth}", f"ends of the range, {depth} bits", text,
                      pictures.ends(f"resolution/ends/{depth}", 48, 40, depth), quality=100, extreme=True)  # fmt: skip


def _formats(branch: str) -> Iterator[Recipe]:
    """Bit depths and chroma formats: planes are enlarged before chroma is averaged."""
    yield _vector(branch, "grey", "4:0:0", "One plane.", pictures.grey("resolution/grey", 45, 37))
    for chroma, cuts in (("4:4:4", (0, 0)), ("4:2:2", (0, 0)), ("4:2:0", (0, 0)), ("4:2:0", (1, 1))):
        name, odd = chroma.replace(":", ""), "-cut" if any(cuts) else ""
        yield _vector(branch, f"{name}{odd}", f"Y, Cb, Cr {chroma}", "Chroma is averaged in the displayed picture.",
                      pictures.ycbcr(f"resolution/{chroma}", 46, 38, chroma), cuts=cuts,
                      clauses=("9.5.4",))  # fmt: skip
    for depth in (10, 12, 14, 16):
        yield _vector(branch, f"{depth}-bit", f"{depth} bits", f"Planes of {depth} + 4 bits.",
                      pictures.rgb(f"resolution/{depth}", 40, 28, depth))  # fmt: skip
    yield _vector(branch, "420-10", "4:2:0, 10 bits", "4:2:0 of 10 bits, as video has it.",
                  pictures.ycbcr("resolution/420-10", 46, 34, "4:2:0", 10), clauses=("9.5.4",))  # fmt: skip


def _partitions(branch: str) -> Iterator[Recipe]:
    """Regions and tiles."""
    image = pictures.rgb("resolution/regions", 130, 100)
    for kind in ("dependent", "independent"):
        flag = str(kind == "independent").lower()
        yield _vector(branch, kind, f"{kind} regions", "Taps see across the borders of regions.", image,
                      *filters.QUARTERS, f"regions.independent={flag}", clauses=("9.6.1",))  # fmt: skip
    yield _vector(branch, "tiles", "tiles of 64", "Taps see across the borders of tiles.",
                  pictures.rgb("resolution/tiles", 90, 70), "tiles.side=64", "tiles.overlap=16",
                  clauses=("9.6.3",))  # fmt: skip


def _beside(branch: str) -> Iterator[Recipe]:
    """What else a codestream may have."""
    image, own = pictures.rgb("resolution/beside", 41, 28), ratio(BRANCHES[branch])
    for name, (clauses, tools, luma) in filters.FILTERS.items():
        yield _vector(branch, name, f"after {name.removesuffix('s')} filters", "Filters see the coded picture.", image,
                      before=tools, clauses=clauses)  # fmt: skip
        if name == "filters":
            yield _vector(branch, "filters-grey", "after both filters, 4:0:0", "Filters see the coded picture.",
                          pictures.grey("resolution/beside", 41, 28), before=luma, clauses=clauses)  # fmt: skip
    image = pictures.rgb("resolution/alpha", 33, 20)
    for depth in (8, 10):
        coded = pictures.rgb(f"resolution/alpha/{depth}", 33, 20, depth)
        width, height = own.displayed_side(33, 0), own.displayed_side(20, 1)
        shown = pictures.rgb(f"resolution/alpha/{depth}", width, height, depth, alpha=True)
        yield _vector(branch, f"alpha-{depth}", f"alpha of {depth} bits",
                      "Alpha has the size of the displayed picture.", coded, cuts=(1, 0), shown=shown,
                      clauses=("9.5.5",))  # fmt: skip
    yield _vector(branch, "plane-digest", "plane digests", "Plane digests are those of the displayed picture.", image,
                  "coding.plane_digests=true", clauses=("6.12.4",))  # fmt: skip
    yield _vector(branch, "map", "a quality map", "Steps count in latent samples of the coded picture.", image,
                  clauses=("8.8",), steps=True)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """What breaks one clause of a stream. parent: id of the stream."""

    name: str
    title: str
    clause: str
    change: Callable[[Codestream], Codestream]
    error_class: str = "malformed"
    parent: str = PARENT


def hostile(streams: Mapping[str, bytes]) -> Iterator[Recipe]:
    """Streams that a decoder shall reject. streams: bytes of the valid vectors."""
    for case in _cases():
        stream = case.change(without_digests(syntax.read(streams[case.parent])))
        data = syntax.write(stream)
        _assert_broken(case, stream)
        yield _hostile(case, _bytes(data), f"bytes of {case.parent}, changed")
    whole = syntax.read(streams[PARENT])
    digest = Case("digest", "another payload under the old digest", "8.7", _payload(b"\xa0"), "damage")
    other = digest.change(whole)
    told(other)
    yield _hostile(digest, _bytes(syntax.write(other)), f"bytes of {PARENT}, changed")
    small = syntax.read(streams["resolution-half-alpha-8"])
    alpha = extras_of(pictures.rgb("resolution/alpha/8", 33, 20, alpha=True), level(10)).alpha
    case = Case("alpha", "alpha of the coded picture's size", "9.5.5", lambda s: replace(s, alpha=alpha), "damage",
                "resolution-half-alpha-8")  # fmt: skip
    yield _hostile(case, _bytes(syntax.write(case.change(small))), f"bytes of {case.parent}, changed")
    for name, title, width, height in (("side", "a side", 2049, 1), ("samples", "samples", 260, 256)):
        case = Case(f"level-{name}", f"{title} over the level", "9.12.1.5", lambda s: s, "level")
        yield _hostile(case, _too_large(case, width, height), f"a flat picture of {width}x{height}, enlarged by 2")


def _bytes(data: bytes) -> Callable[[Bench], bytes]:
    return lambda bench: data


def _too_large(case: Case, width: int, height: int) -> Callable[[Bench], bytes]:
    image = pictures.flat((90, 120, 60), width, height)

    def build(bench: Bench) -> bytes:
        data = bench.coded(image, "coding.digest=false", change=experimental, tools=(resolution("half"),))
        _assert_broken(case, syntax.read(data))
        return data

    return build


def _payload(data: bytes) -> Callable[[Codestream], Codestream]:
    tools = ToolHeader(tools=(Tool(tool_id=RESOLUTION_TOOL_ID, tool_payload=data),))
    return lambda stream: replace(stream, tool_header=tools)


def _header(change: Change) -> Callable[[Codestream], Codestream]:
    return lambda stream: replace(stream, picture_header=change(stream.picture_header))


def _cases() -> Iterator[Case]:
    """(9.12.1) resolution_idc in two bits, cut_rows, cut_columns; four fill bits."""
    yield Case("idc-0", "no ratio", "9.12.1.1", _payload(b"\x00"))
    yield Case("idc-3", "a ratio that does not exist", "9.12.1.1", _payload(b"\xc0"))
    yield Case("cut-row", "a cut row that is not left over", "9.12.1.2", _payload(b"\x60"), parent=ODD)
    yield Case("cut-column", "a cut column that is not left over", "9.12.1.3", _payload(b"\x50"), parent=ODD)
    yield Case("fill", "a fill bit set", "5.1.9", _payload(b"\x81"))
    yield Case("empty", "a payload of no bytes", "5.1.8", _payload(b""))
    yield Case("long", "a byte after the payload", "5.3.3", _payload(b"\x80\x00"))
    yield Case("display-width", "coded columns that are not displayed", "9.12.1.4",
               _header(lambda h: replace(h, diff_display_width=1)))  # fmt: skip
    yield Case("display-height", "coded rows that are not displayed", "9.12.1.4",
               _header(lambda h: replace(h, diff_display_height=1)))  # fmt: skip
    layer = LosslessLayer(lossless_coding_idc=1, lossless_digest=(0, 0, 0), lossless_data=b"")
    yield Case("lossless", "a lossless layer", "9.12.1.4", lambda s: replace(s, lossless=(layer,)))


def _assert_broken(case: Case, stream: Codestream) -> None:
    assert not syntax.validate(syntax.write(stream)), f"{case.name}: more than 9.12 is broken"
    try:
        tools = active(told(stream))
        display_header(stream.picture_header, tools)
        check_layers(stream, tools)
    except RefswError as error:
        assert f"clause {case.clause}" in str(error), f"{case.name}: {error}"
    else:
        raise AssertionError(f"{case.name}: nothing is broken")


def _hostile(case: Case, build: Callable[[Bench], bytes], source: str) -> Recipe:
    return Recipe(
        f"resolution-broken-{case.name}", f"resolution change: {case.title}",
        f"The stream has {case.title} where the resolution changes.", (case.clause,), build, source, kind="negative",
        result="invalid", clause=case.clause, error_class=case.error_class, parent=case.parent, tools=TOOL, seconds=30,
    )  # fmt: skip
