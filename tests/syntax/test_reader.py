# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import random
import tracemalloc
from dataclasses import replace

import pytest

from refsw.errors import CodestreamError, LevelError, RefswError, UnsupportedError
from refsw.syntax import Codestream, bits, read, trace, validate, write

REJECTED = (CodestreamError, LevelError, UnsupportedError)


def test_both_samples_survive(usual: Codestream, full: Codestream) -> None:
    for stream in (usual, full):
        assert read(write(stream)) == stream


def test_header_is_compact(usual: Codestream) -> None:
    header = [entry for entry in trace(write(usual))[0] if entry.path.startswith("picture_header")]
    payload = [entry for entry in header if entry.field.structure != "segment_header"]
    assert sum(entry.bits for entry in payload) <= 30 * 8
    for entry in trace(write(usual))[0]:
        if entry.path == "z[0].component_index":
            assert entry.bits <= 8


def test_trace_covers_every_bit(usual: Codestream, full: Codestream) -> None:
    for stream in (usual, full):
        data = write(stream)
        entries, error = trace(data)
        assert error is None
        place = 0
        for entry in entries:
            assert 8 * entry.offset + entry.bit == place
            place += entry.bits
        assert place == 8 * len(data) == sum(bits(data).values())


def test_trace_of_a_broken_stream_ends_where_it_breaks(usual: Codestream) -> None:
    data = write(usual)
    entries, error = trace(data[:60])
    assert entries[-1].offset < 60
    assert isinstance(error, CodestreamError)
    with pytest.raises(CodestreamError):
        bits(data[:60])


def short(stream: Codestream) -> Codestream:
    """The same codestream with substreams of two bytes, whose bits mean nothing to the syntax."""
    z = tuple(replace(substream, substream_data=b"zz") for substream in stream.z)
    primary, secondary = stream.primary_residual, stream.secondary_residual
    return replace(
        stream,
        z=z,
        primary_residual=tuple(replace(substream, substream_data=b"pp") for substream in primary),
        secondary_residual=tuple(replace(substream, substream_data=b"ss") for substream in secondary),
    )


def test_every_truncation(full: Codestream) -> None:
    data = write(full)
    for length in range(len(data)):
        with pytest.raises(CodestreamError, match=r"^byte \d+: .*\[clause 5\.1\.8\]$"):
            read(data[:length])


def test_every_flipped_bit(usual: Codestream) -> None:
    data = write(short(usual))
    for place in range(8 * len(data)):
        damaged = bytearray(data)
        damaged[place // 8] ^= 128 >> place % 8
        try:
            stream = read(bytes(damaged))
        except REJECTED:
            continue
        assert write(stream) == damaged


def test_random_bytes_after_a_good_beginning(usual: Codestream) -> None:
    data, source = write(usual), random.Random(7)
    for _ in range(300):
        junk = data[: source.randrange(40)] + source.randbytes(source.randrange(200))
        with pytest.raises(REJECTED):
            read(junk)


def test_first_violation_is_raised_and_all_are_listed(usual: Codestream) -> None:
    data = bytearray(write(usual))
    entries = {entry.path: entry for entry in trace(bytes(data))[0]}
    for name in ("picture_header.components[0].log2_lanes_z", "picture_header.components[1].log2_lanes_z"):
        entry = entries[name]
        place = 8 * entry.offset + entry.bit
        for bit in range(place, place + 4):
            data[bit // 8] |= 128 >> bit % 8
    violations = validate(bytes(data))
    assert [violation.path for violation in violations] == [
        "picture_header.components[0].log2_lanes_z",
        "picture_header.components[1].log2_lanes_z",
    ]
    with pytest.raises(CodestreamError) as caught:
        read(bytes(data))
    assert str(caught.value) == str(violations[0].error())


def test_absurd_sizes_allocate_nothing(full: Codestream) -> None:
    """A header may promise much: 4096 regions, a payload of 4 GiB, 255 tools; memory follows the file instead."""
    header = replace(
        full.picture_header,
        level_idc=80,
        coded_width_minus1=16383,
        coded_height_minus1=16383,
        num_ver_splits_minus1=63,
        num_hor_splits_minus1=63,
        tools_enabled_flag=False,
    )
    whole = write_header(header)
    hostile = [
        whole,
        whole + bytes.fromhex("FF88") + b"\0\0\0\1\xff\xff\xff\xff",
        whole + bytes.fromhex("FF90") + b"\0" * 40,
        whole + b"\xff\x84" + b"\1" * 64,
    ]
    read_quietly(hostile[0])
    for data in hostile:
        tracemalloc.start()
        read_quietly(data)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 500_000, data


def write_header(header: object) -> bytes:
    """SOC and PIH of a codestream, by cutting a refused writer's work short."""
    from refsw.syntax.headers import PictureHeader, Substream

    assert isinstance(header, PictureHeader)
    small = replace(header, region_partitioning_flag=False, num_ver_splits_minus1=0, num_hor_splits_minus1=0,
                    independent_regions_flag=False)  # fmt: skip
    substream = Substream(component_index=0, substream_data=b"")
    stream = Codestream(
        picture_header=small,
        z=(substream, replace(substream, component_index=1)),
        primary_residual=(substream,),
        secondary_residual=(replace(substream, component_index=1),),
    )
    data = write(stream)
    return data[: data.index(b"\xff\x88")]


def read_quietly(data: bytes) -> None:
    with pytest.raises(RefswError):
        read(data)


@pytest.mark.parametrize("data", [b"", b"\xff", b"\xff\x80", b"\xff\x80\xff\x81", b"\x89PNG\r\n\x1a\n", b"\0" * 1000])
def test_what_is_no_codestream(data: bytes) -> None:
    with pytest.raises(CodestreamError):
        read(data)


def test_wrong_version_profile_and_level_are_unsupported(usual: Codestream) -> None:
    data = write(usual)
    at = {entry.path: entry.offset for entry in trace(data)[0]}
    for name, value in (("syntax_version", 2), ("level_idc", 11), ("decoder_profile_idc", 0x07)):
        damaged = bytearray(data)
        damaged[at[f"picture_header.{name}"]] = value
        with pytest.raises(UnsupportedError, match=name):
            read(bytes(damaged))


def test_over_the_level(usual: Codestream) -> None:
    header = replace(usual.picture_header, level_idc=10)
    with pytest.raises(LevelError, match=r"clause A\.2\.3"):
        write(replace(usual, picture_header=header))
