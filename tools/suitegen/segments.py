# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Valid streams with segments besides the coded picture: alpha, metadata, what a decoder skips."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from refsw.syntax.headers import (
    AlphaPlane,
    Codestream,
    Extension,
    MetadataBlock,
    QualityMap,
    RenderingInformation,
    SkippedSegment,
    UserData,
)
from refsw.types import Image
from suitegen import pictures
from suitegen.bench import Bench, Change, changed
from suitegen.recipe import Recipe


def recipes() -> Iterator[Recipe]:
    """All vectors of this kind."""
    yield from alphas()
    yield from with_segments()


def alphas() -> Iterator[Recipe]:
    """Alpha is lossless, so it is compared exactly in every class."""
    clauses = ("6.15", "9.5.5")
    for depth, width, height in ((8, 33, 20), (10, 24, 17), (16, 20, 12)):
        text = f"Opacity of {depth} bits, coded as differences to the row above, comes back exactly as the last plane."

        def build(bench: Bench, depth: int = depth, width: int = width, height: int = height) -> bytes:
            return bench.coded(pictures.rgb(f"alpha/{depth}", width, height, depth, alpha=True))

        yield Recipe(f"alpha-{depth}", f"alpha of {depth} bits", text, clauses, build, f"synthetic {width}x{height}")
    for name, title in (("grey", "grey with alpha"), ("flat", "opaque everywhere"), ("420", "4:2:0 with alpha")):

        def build(bench: Bench, name: str = name) -> bytes:
            return bench.coded(_with_alpha(name))

        yield Recipe(
            f"alpha-{name}",
            title,
            "Alpha beside other components; it has the size of luma.",
            clauses,
            build,
            "synthetic 31x18",
        )

    def premultiplied(stream: Codestream) -> Codestream:
        assert stream.alpha is not None
        return replace(stream, alpha=replace(stream.alpha, alpha_premultiplied_flag=True))

    yield _of(
        "alpha-premultiplied",
        "premultiplied alpha",
        "The flag says how to show the picture; samples stay.",
        clauses,
        premultiplied,
        alpha=True,
    )

    def high_bits(stream: Codestream) -> Codestream:
        steps = np.arange(48 * 40, dtype=np.uint16).reshape(40, 48) * 977
        return replace(stream, alpha=AlphaPlane(alpha_data=zlib.compress(steps.astype(">u2").tobytes(), 1)))

    def build_high(bench: Bench) -> bytes:
        return changed(bench.coded(pictures.rgb("alpha/high", 48, 40, 10)), high_bits)

    yield Recipe(
        "alpha-10-high-bits",
        "alpha sums above the depth",
        "Of each sum modulo 2^16 the lower 10 bits count.",
        clauses,
        build_high,
        "synthetic 48x40 of 10 bits",
    )


def _with_alpha(name: str) -> Image:
    opacity = pictures.plane(f"alpha/{name}", 18, 31, 8).astype(np.uint8)
    if name == "grey":
        return replace(pictures.grey("alpha/grey", 31, 18), alpha=opacity)
    if name == "420":
        return replace(pictures.ycbcr("alpha/420", 31, 18, "4:2:0"), alpha=opacity)
    return replace(pictures.rgb("alpha/flat", 31, 18), alpha=np.full((18, 31), 255, np.uint8))


def _of(name: str, title: str, purpose: str, clauses: tuple[str, ...], change: Change, alpha: bool = False) -> Recipe:
    def build(bench: Bench) -> bytes:
        image = pictures.rgb("segments", 40, 24, alpha=alpha)
        return changed(bench.coded(image, quality=30), change)

    return Recipe(name, title, purpose, clauses, build, "synthetic 40x24, quality 30", kind="syntax")


_CICP = RenderingInformation(
    cicp_present_flag=True,
    colour_primaries=9,
    transfer_characteristics=16,
    matrix_coefficients=9,
    video_full_range_flag=False,
)
_HDR = replace(
    _CICP,
    mdcv_present_flag=True,
    display_primaries=(34000, 16000, 13250, 34500, 7500, 3000),
    white_point=(15635, 16450),
    max_display_luminance=10_000_000,
    min_display_luminance=1,
    clli_present_flag=True,
    max_content_light_level=1000,
    max_picture_average_light_level=400,
)
_BLOCKS = tuple(MetadataBlock(metadata_type=kind, metadata_payload=bytes([kind]) * 40) for kind in (1, 2, 3))


def with_segments() -> Iterator[Recipe]:
    """Metadata, user data, extensions, segments of the skippable range: samples stay what they are."""
    rendering = ("6.7", "6.8")
    cases: tuple[tuple[str, str, str, tuple[str, ...], Change], ...] = (
        (
            "meta-empty",
            "rendering information without content",
            "All flags are 0.",
            rendering,
            lambda s: replace(s, rendering_information=RenderingInformation()),
        ),
        ("meta-cicp", "CICP", "Code points of colour.", rendering, lambda s: replace(s, rendering_information=_CICP)),
        (
            "meta-hdr",
            "mastering display, content light",
            "HDR metadata.",
            rendering,
            lambda s: replace(s, rendering_information=_HDR),
        ),
        (
            "meta-blocks",
            "ICC, Exif, XMP",
            "Blocks of metadata.",
            rendering,
            lambda s: replace(s, rendering_information=replace(_CICP, blocks=_BLOCKS)),
        ),
        (
            "meta-block-empty",
            "an empty block",
            "A block of no bytes, and two of one kind.",
            rendering,
            lambda s: replace(
                s,
                rendering_information=RenderingInformation(
                    blocks=(MetadataBlock(metadata_type=3, metadata_payload=b""), _BLOCKS[2])
                ),
            ),
        ),
        (
            "user-data",
            "user data",
            "Two segments that mean nothing to the codec, one of them empty.",
            ("6.11",),
            lambda s: replace(s, user_data=(UserData(user_data=b"hello"), UserData(user_data=b""))),
        ),
        (
            "user-data-8",
            "eight segments of user data",
            "As many as level 1 allows.",
            ("6.11", "A.2"),
            lambda s: replace(s, user_data=tuple(UserData(user_data=bytes([i])) for i in range(8))),
        ),
        (
            "extension",
            "an extension that is not essential",
            "A decoder skips an extension that it does not know.",
            ("6.13",),
            lambda s: replace(s, extensions=(Extension(extension_id=32767, extension_data=b"later"),)),
        ),
        (
            "extension-two",
            "two extensions",
            "The least id, and an empty payload.",
            ("6.13",),
            lambda s: replace(
                s,
                extensions=(
                    Extension(extension_id=0, extension_data=b""),
                    Extension(extension_id=9, extension_data=bytes(300)),
                ),
            ),
        ),
        (
            "skippable",
            "segments of the skippable range",
            "Markers of the future are skipped by their size.",
            ("5.3.4",),
            lambda s: replace(
                s,
                skipped_segments=(
                    SkippedSegment(segment_marker=0xFF9F, skipped_data=b"later"),
                    SkippedSegment(segment_marker=0xFF92, skipped_data=b""),
                ),
            ),
        ),
        (
            "skippable-marker-inside",
            "markers inside a skipped segment",
            "Bytes that look like markers are payload.",
            ("5.3.4",),
            lambda s: replace(
                s,
                skipped_segments=(
                    SkippedSegment(segment_marker=0xFF92, skipped_data=bytes.fromhex("ff81ff80ff82ff81")),
                ),
            ),
        ),
        (
            "quality-map",
            "a quality map",
            "Outside the experimental profile it changes nothing, whatever its bytes.",
            ("6.9",),
            lambda s: replace(s, quality_map=QualityMap(quality_map_data=b"map")),
        ),
        (
            "everything",
            "all optional segments",
            "Every optional segment at once.",
            ("5.2",),
            lambda s: replace(
                s,
                rendering_information=replace(_HDR, blocks=_BLOCKS),
                user_data=(UserData(user_data=b"u"),),
                extensions=(Extension(extension_id=5, extension_data=b"e"),),
                skipped_segments=(SkippedSegment(segment_marker=0xFF95, skipped_data=b"s"),),
            ),
        ),
    )
    for name, title, purpose, clauses, change in cases:
        yield _of(name, title, purpose, clauses, change)
