# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Streams that a decoder shall reject, each for one reason; and a few that it may or must refuse as unsupported.

All are made from bytes of valid vectors. Where it is not digests that a vector is about, they are taken out first, so
that a decoder cannot reject a stream for the digest that it should reject for its clause.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from refsw import syntax
from refsw.syntax.bitio import BitWriter
from refsw.syntax.headers import AlphaPlane, Codestream
from refsw.syntax.surgery import without_digests, without_plane_digests
from suitegen import broken_filters, broken_layers, damage, enlarged, maps, scaled
from suitegen.pictures import noise
from suitegen.recipe import Recipe

Break = Callable[[Codestream], Codestream]
Streams = Mapping[str, bytes]
PARENTS = (
    "size-65x63", "region-both-dependent", "everything", "grey-8", "chroma-420", "alpha-8", "tile-64-16",
    "colour-bt601-8", "display-1-0", "meta-hdr", "channels-0-37", "quality-map", "user-data", "skip-2000",
    "plane-digest", "lossless-rows-63", "lossless-deflate-rgb", "lossless-regions-dependent",
    "filters-both", "filters-tiles",
)  # fmt: skip
"""Valid vectors of which mutants are made, simple ones first: a clause is broken in the first that allows it."""


def recipes(streams: Streams) -> Iterator[Recipe]:
    """All vectors of this kind. streams: bytes of the valid vectors."""
    yield from mutants(streams)
    yield from cuts(streams)
    yield from damage.recipes(streams)
    yield from alphas(streams)
    yield from bombs(streams)
    yield from digests(streams)
    yield from not_here(streams)
    yield from broken_layers.recipes(streams)
    yield from maps.hostile(streams)
    yield from broken_filters.recipes(streams)
    yield from enlarged.hostile(streams)
    yield from scaled.hostile(streams)


def negative(
    name: str, title: str, purpose: str, clause: str, parent: str, data: bytes, result: str = "invalid",
    error_class: str = "malformed",
) -> Recipe:  # fmt: skip
    """A vector made from a valid one."""
    return Recipe(
        name, title, purpose, (clause,) if clause else (), lambda bench: data, f"bytes of {parent}, changed",
        kind="negative", result=result, clause=clause, error_class=error_class if result == "invalid" else "",
        parent=parent, seconds=30,
    )  # fmt: skip


def mutants(streams: Streams, parents: Sequence[str] = PARENTS) -> Iterator[Recipe]:
    """Every clause that a table of the syntax carries, broken by itself: validate must find it and nothing else."""
    seen: set[str] = set()
    for keep in (False, True):
        for parent in parents:
            own = syntax.read(streams[parent])
            data = syntax.write(own if keep else without_digests(own))
            for mutant in syntax.mutate(data):
                if mutant.clause in seen:
                    continue
                found = syntax.validate(mutant.data)
                if len(found) != 1 or found[0].clause != mutant.clause or found[0].category == "unsupported":
                    continue
                seen.add(mutant.clause)
                name = "clause-" + re.sub("[^0-9A-Za-z]+", "-", mutant.clause).strip("-")
                yield negative(name, mutant.description, f"{mutant.description}: {found[0].message}"[:160],
                               mutant.clause, parent, mutant.data, error_class=found[0].category)  # fmt: skip


def cuts(streams: Streams) -> Iterator[Recipe]:
    """Files that end early, go on, or are something else."""
    data = streams["everything"]
    for share in (1, 8, 20, 33, 50, 66, 80, 90, 99):
        size = max(1, len(data) * share // 100)
        text = f"The first {size} of {len(data)} bytes."
        yield negative(f"cut-{share:02}", f"cut after {share} %", text, "5.1.8", "everything", data[:size])
    short = streams["size-16x16"]
    for back in (1, 2, 3):
        text = f"The last {back} bytes are missing."
        yield negative(f"cut-end-{back}", f"{back} bytes short", text, "5.1.8", "size-16x16", short[:-back])
    others = {
        "empty": ("an empty file", b""),
        "zeros": ("zeros", bytes(4096)),
        "noise": ("bytes of no meaning", bytes(noise("broken/noise", 2048, 8).astype("u1"))),
        "jpeg": ("the beginning of a JPEG file", bytes.fromhex("ffd8ffe000104a46494600010100000100010000")),
        "soc": ("SOC alone", short[:2]),
        "twice": ("two codestreams in one file", short + short),
        "shifted": ("a byte before SOC", b"\0" + short),
    }
    for name, (title, content) in others.items():
        yield negative(f"bytes-{name}", title, f"The file is {title}.", "5.2", "size-16x16", content)


def alphas(streams: Streams) -> Iterator[Recipe]:
    """Alpha that is not one zlib stream of so many bytes."""
    parent = "alpha-8"
    stream = without_digests(syntax.read(streams[parent]))
    assert stream.alpha is not None
    own = stream.alpha.alpha_data
    plain = zlib.decompress(own)
    cases = {
        "empty": ("no bytes", b""),
        "short": ("one byte too few", zlib.compress(plain[:-1])),
        "long": ("one byte too many", zlib.compress(plain + b"\0")),
        "bomb": ("16 MiB of zeros where 660 bytes are expected", zlib.compress(bytes(1 << 24), 9)),
        "cut": ("a zlib stream that ends early", own[:-5]),
        "checksum": ("a wrong Adler-32", own[:-1] + bytes([own[-1] ^ 1])),
        "garbage": ("bytes after the zlib stream", own + b"xyz"),
        "not-zlib": ("no zlib stream at all", b"opacity"),
        "raw": ("deflate without zlib's header", own[2:-4]),
    }
    for name, (title, data) in cases.items():
        broken = syntax.write(replace(stream, alpha=AlphaPlane(alpha_data=data)))
        yield negative(f"alpha-{name}", f"alpha: {title}", f"Alpha is {title}.", "9.5.5", parent, broken)


def bombs(streams: Streams) -> Iterator[Recipe]:
    """Small files that promise much: time and memory stay bounded."""
    parent = "size-16x16"
    stream = without_digests(syntax.read(streams[parent]))
    header = replace(stream.picture_header, coded_width_minus1=511, coded_height_minus1=511)
    wide = syntax.write(replace(stream, picture_header=header))
    yield negative("bomb-size", "512 x 512 with the data of 16 x 16", "Substreams are far too short for the picture.",
                   "8.4.4", parent, wide)  # fmt: skip
    for lanes in (0, 10):
        parts = tuple(replace(c, log2_lanes_z=lanes, log2_lanes_residual=lanes) for c in header.components)
        part = tuple(replace(s, substream_data=bytes([255] * 4100)) for s in stream.z)
        data = syntax.write(replace(stream, picture_header=replace(header, components=parts), z=part))
        text = f"4100 bytes of ones as z of 512 x 512, {1 << lanes} lanes."
        yield negative(f"bomb-ones-{1 << lanes}", "substreams of ones", text, "8.4.4", parent, data)
    data = syntax.write(stream)
    for name, size in (("31", (1 << 31) - 2), ("20", (1 << 20) + 1)):
        out = BitWriter()
        out.unsigned(0xFF92, 16)
        out.exp_golomb(size)
        out.align()
        text = f"A skippable segment that says {size} bytes and has none."
        yield negative(f"bomb-segment-{name}", f"a segment of {size} bytes", text, "5.3.6", parent,
                       data[:-2] + out.getvalue() + data[-2:], error_class="level")  # fmt: skip


def digests(streams: Streams) -> Iterator[Recipe]:
    """Digests that are not those of the tensors; digests of planes that a float decoder does not know."""
    parent = "size-65x63"
    stream = syntax.read(streams[parent])
    segment = stream.digest_segment
    assert segment is not None
    for index in range(len(segment.tensor_digest)):
        wrong = list(segment.tensor_digest)
        wrong[index] ^= 1
        data = syntax.write(replace(stream, digest_segment=replace(segment, tensor_digest=tuple(wrong))))
        text = f"The digest of component {index} is not that of its tensors: damage shall be reported."
        yield negative(f"digest-{index}", f"wrong digest of component {index}", text, "8.7", parent, data)
    header = replace(stream.picture_header, diff_display_width=1)
    data = syntax.write(replace(without_plane_digests(stream), picture_header=header))
    yield negative("digest-header", "another display width under the old digest",
                   "The digest covers the picture header: a changed size is found though every tensor is as it was.",
                   "8.7", parent, data)  # fmt: skip
    parent = "plane-digest"
    stream = syntax.read(streams[parent])
    segment = stream.digest_segment
    assert segment is not None and segment.plane_digest
    planes = (segment.plane_digest[0] ^ 1, *segment.plane_digest[1:])
    data = syntax.write(replace(stream, digest_segment=replace(segment, plane_digest=planes)))
    yield negative("digest-plane", "wrong digest of a plane",
                   "A picture-exact decoder may prove its planes and reject; a float decoder cannot.", "6.12.4", parent,
                   data, result="acceptable")  # fmt: skip


def not_here(streams: Streams) -> Iterator[Recipe]:
    """Valid streams that need what no decoder of the claim has: never a picture, and not called malformed."""
    parent = "size-16x16"
    stream = without_digests(syntax.read(streams[parent]))
    header = stream.picture_header
    flipped = bytes([header.model_digest[0] ^ 255]) + header.model_digest[1:]
    cases = {
        "weights": ("weights of another digest", "6.3.8", replace(header, model_digest=flipped)),
        "model": ("a model that is not listed", "6.3.7", replace(header, model_id=65535)),
    }
    for name, (title, clause, changed) in cases.items():
        data = syntax.write(replace(stream, picture_header=changed))
        text = f"The stream asks for {title}: wrong weights must not give a picture."
        yield negative(f"other-{name}", title, text, clause, parent, data, result="unsupported")
