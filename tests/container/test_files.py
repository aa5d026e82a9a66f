# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(Annex F) Codestreams into files and back; what a file says of its picture must be so."""

from __future__ import annotations

import random
import tracemalloc
from dataclasses import replace

import pytest
from hostile_files import Node, container_mutants, every, file_of, tree
from hypothesis import given, settings
from hypothesis import strategies as st

from refsw import container, syntax
from refsw.constants import RESOLUTION_TOOL_ID
from refsw.container.metadata import united
from refsw.container.reader import BoxReader
from refsw.container.refusal import ViolatedError
from refsw.container.writer import write_file
from refsw.errors import CodestreamError, InputError, LevelError, RefswError, UnsupportedError, UsageError
from refsw.spec import level
from refsw.syntax import Codestream, MetadataBlock, Tool, ToolHeader
from refsw.syntax.headers import EXIF, ICC, XMP
from refsw.syntax.resolution import resolution_of
from refsw.syntax.strategies import codestreams
from refsw.types import Cicp, Metadata
from tests.support.boxes import CARRIED, rich_codestream, rich_file


def broken_resolution(stream: Codestream) -> bool:
    """Whether the size that a file states cannot be known, since the payload of resolution change is any bytes."""
    try:
        resolution_of(stream)
    except CodestreamError:
        return True
    return False


def test_a_payload_that_hides_the_size_is_refused() -> None:
    header = replace(rich_codestream().picture_header, stream_profile_idc=15, decoder_profile_idc=15,
                     tools_enabled_flag=True)  # fmt: skip
    tools = ToolHeader(tools=(Tool(tool_id=RESOLUTION_TOOL_ID, tool_payload=b"\0"),))
    stream = replace(rich_codestream(), picture_header=header, tool_header=tools)
    assert broken_resolution(stream)
    with pytest.raises(CodestreamError, match=r"resolution\.resolution_idc: value 0"):
        container.wrapped(syntax.write(stream))


@settings(max_examples=40)
@given(codestreams())
def test_every_codestream_comes_back(stream: Codestream) -> None:
    data = syntax.write(stream)
    if broken_resolution(stream):
        with pytest.raises(CodestreamError, match=r"resolution"):
            container.wrapped(data)
        return
    rendering = stream.rendering_information
    blocks = () if rendering is None else rendering.blocks
    moved = [b for b in blocks if b.metadata_type in (ICC, EXIF, XMP) and b.metadata_payload]
    if len({b.metadata_type for b in moved}) < len(moved):
        with pytest.raises(UsageError, match="two"):
            container.wrapped(data)
        return
    file = container.wrapped(data)
    assert container.is_file(file) and not container.is_file(data)
    back = syntax.read(container.whole(file))
    if rendering is not None:
        moved.sort(key=lambda block: block.metadata_type)
        ordered = (*moved, *(block for block in blocks if block not in moved))
        assert replace(stream, rendering_information=replace(rendering, blocks=ordered)) == back
    else:
        assert back == stream
    assert container.wrapped(container.whole(file)) == file
    assert container.validate(file) == () and container.trace(file)[1] is None


PAYLOADS = st.one_of(st.none(), st.binary(min_size=1, max_size=300))


@settings(max_examples=40)
@given(PAYLOADS, PAYLOADS, PAYLOADS, st.one_of(st.none(), st.builds(Cicp, *[st.integers(0, 255)] * 3, st.booleans())))
def test_metadata_stand_once(icc: bytes | None, exif: bytes | None, xmp: bytes | None, cicp: Cicp | None) -> None:
    bare = replace(rich_codestream(), rendering_information=None)
    metadata = Metadata(icc=icc, exif=exif, xmp=xmp, cicp=cicp)
    data = syntax.write(united(bare, metadata))
    file = container.wrapped(data)
    found = container.opened(file)
    assert found.metadata == metadata and found.codestream == syntax.write(bare)
    assert container.whole(file) == data
    assert found.in_picture(Metadata()) == metadata


def test_what_is_carried_and_what_stays() -> None:
    data, file = rich_file()
    found = container.opened(file)
    assert found.metadata == CARRIED
    left = syntax.read(found.codestream).rendering_information
    assert left is not None and [b.metadata_type for b in left.blocks] == [77, 2] and not left.cicp_present_flag
    assert left.max_content_light_level == 1000
    assert container.whole(file) == data
    assert container.opened(data).codestream == data and container.opened(data).metadata == Metadata()


def test_mutants_are_refused_with_one_clear_line_or_sound() -> None:
    _, file = rich_file()
    stream = container.opened(file).codestream
    chance, outcomes = random.Random(7), set()
    for _ in range(8):
        for mutant in container_mutants(file, chance):
            if not container.is_file(mutant.data):
                continue
            try:
                found = container.opened(mutant.data)
            except RefswError as error:
                assert error.exit_code in (3, 6) and "\n" not in str(error) and "clause" in str(error), mutant.kind
                outcomes.add((mutant.kind, "refused"))
                assert container.validate(mutant.data), mutant.kind
                assert container.trace(mutant.data)[1] is not None, mutant.kind
            else:
                assert found.codestream == stream, mutant.kind
                outcomes.add((mutant.kind, "sound"))
    assert len({kind for kind, _ in outcomes}) == 18
    assert {kind for kind, end in outcomes if end == "refused"} >= {
        f"box_{kind}" for kind in ("size", "large", "to_end", "twice", "absent", "many", "extent", "overlap", "cycle",
                                   "both", "picture", "cut", "trailing", "deep")}  # fmt: skip


def test_enormous_claims_cost_nothing() -> None:
    _, file = rich_file()
    nodes = tree(file)
    tracemalloc.start()
    for node in every(nodes):
        for size in (1, 2**31, 2**32 - 1):
            node.size = size
            with pytest.raises((InputError, UnsupportedError)):
                container.opened(file_of(nodes))
            node.size = None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def test_files_of_others() -> None:
    _, file = rich_file()
    with pytest.raises(UnsupportedError, match="compatible brands avif, mif1, expected rfsw"):
        container.opened(file[:16] + b"avif" + file[20:])
    nodes = tree(file)
    entry = next(node for node in every(nodes) if node.type == b"infe")
    entry.head = entry.head.replace(b"rfsw", b"av01")
    with pytest.raises(UnsupportedError, match="primary item 1 is of type av01, expected rfsw"):
        container.opened(file_of(nodes))
    late = b"\0\0\0\x08free" + file
    assert not container.is_file(late)  # and so a codestream without SOC
    with pytest.raises(ViolatedError, match="found free, expected ftyp"):
        BoxReader(late).file()


def turned(kind: bytes, essential: int) -> bytes:
    """The file with one more property of its picture."""
    _, file = rich_file()
    nodes = tree(file)
    ipco, ipma = (next(node for node in every(nodes) if node.type == name) for name in (b"ipco", b"ipma"))
    ipco.inside.append(Node(kind, b"\0"))
    count = ipma.head[10]
    ipma.head = ipma.head[:10] + bytes([count + 1]) + ipma.head[11:] + bytes([essential << 7 | len(ipco.inside)])
    return file_of(nodes, 10)


@pytest.mark.parametrize(("kind", "essential", "refused"), [
    (b"irot", 1, True), (b"imir", 0, True), (b"clap", 1, True), (b"abcd", 1, True), (b"abcd", 0, False),
])  # fmt: skip
def test_properties_that_change_the_picture_are_not_overlooked(kind: bytes, essential: int, refused: bool) -> None:
    data = turned(kind, essential)
    if refused:
        with pytest.raises(UnsupportedError, match=f"the picture has property {kind.decode()}"):
            container.opened(data)
    else:
        assert container.opened(data).metadata == CARRIED


def test_other_forms_of_the_same_file() -> None:
    """64-bit sizes, size 0 at the end, mdat before meta, boxes of others, data in idat."""
    data, file = rich_file()
    nodes = tree(file)
    nodes[-1].size = 0
    assert container.whole(file_of(nodes)) == data
    nodes[-1].size, nodes[-1].large = None, 0
    assert container.whole(file_of(nodes, 8)) == data
    nodes = tree(file)
    assert container.whole(file_of([nodes[0], nodes[2], nodes[1]], -len(nodes[1].data()))) == data
    nodes = tree(file)
    nodes[1].inside += [Node(b"uuid", bytes(16)), Node(b"grpl", bytes(4))]
    assert container.whole(file_of(nodes, 36)) == data
    nodes = tree(file)
    media = nodes.pop()
    meta = nodes[1].inside
    meta.append(Node(b"idat", media.head))
    iloc = next(node for node in meta if node.type == b"iloc")
    head = bytearray(iloc.head)
    begin = file.index(b"mdat") + 4
    for item in range(int.from_bytes(head[6:8])):
        place = 8 + 16 * item
        head[place + 3] |= 1
        head[place + 8 : place + 12] = (int.from_bytes(head[place + 8 : place + 12]) - begin).to_bytes(4)
    iloc.head = bytes(head)
    assert container.whole(file_of(nodes)) == data


def test_damage_is_placed_in_the_codestream_and_in_the_file() -> None:
    _, file = rich_file()
    place = file.index(b"\xff\x80\xff\x82") + 6
    broken = file[:place] + b"\xff" + file[place + 1 :]
    with pytest.raises(RefswError, match=r"item 1: byte 6: picture_header.syntax_version"):
        container.opened(broken)
    assert container.validate(broken)[0].offset == place
    entries, _ = container.trace(file)
    marker = next(entry for entry in entries if entry.path == "soc_marker")
    assert file[marker.offset : marker.offset + 2] == b"\xff\x80"


def test_a_file_that_ends_early_is_concealed() -> None:
    lost = 60
    _, file = rich_file()
    with pytest.raises(CodestreamError, match="mdat"):
        container.opened(file[:-lost])
    found = container.opened(file[:-lost], conceal=True)
    assert found.metadata == CARRIED and container.opened(file).codestream.startswith(found.codestream)
    with pytest.raises(CodestreamError):
        container.opened(file[:200], conceal=True)


@pytest.mark.parametrize("over", [0, 1])
def test_metadata_of_the_file_obey_the_level(over: int) -> None:
    stream = replace(rich_codestream(), rendering_information=None)
    limit = level(stream.picture_header.level_idc).max_metadata_bytes
    data = syntax.write(stream)
    half = limit // 2
    file = write_file(data, stream, Metadata(icc=bytes(half), xmp=bytes(limit - half + over)))
    if over:
        with pytest.raises(LevelError, match=rf"metadata of {limit + 1} bytes, level 2 allows {limit}"):
            container.opened(file)
    else:
        assert container.opened(file).metadata.icc == bytes(half)


def test_the_same_twice_is_refused() -> None:
    data, file = rich_file()
    stream = syntax.read(data)
    rendering = stream.rendering_information
    assert rendering is not None
    doubled = replace(rendering, blocks=(*rendering.blocks, MetadataBlock(metadata_type=ICC, metadata_payload=b"2")))
    with pytest.raises(UsageError, match="two ICC profile blocks"):
        container.wrapped(syntax.write(replace(stream, rendering_information=doubled)))
    both = next(m for m in container_mutants(file, random.Random(1)) if m.kind == "box_both")
    with pytest.raises(CodestreamError, match=r"ICC profile: in the file and in the codestream.*F\.20\.14"):
        container.opened(both.data)
