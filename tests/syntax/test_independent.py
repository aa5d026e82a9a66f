# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A second parser, written by hand from the printed specification: what the engine and it read must be equal.

It knows nothing of the engine, the tables or the dataclasses' order, so that an error shared by reader and writer
of the engine shows here.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings

from refsw.syntax import Codestream, write
from refsw.syntax.strategies import codestreams


class Bits:
    def __init__(self, data: bytes) -> None:
        self.text = "".join(f"{byte:08b}" for byte in data)
        self.place = 0

    def u(self, count: int) -> int:
        value = self.text[self.place : self.place + count]
        assert len(value) == count
        self.place += count
        return int(value or "0", 2)

    def s(self, count: int) -> int:
        value = self.u(count)
        return value - 2**count if value >= 2 ** (count - 1) else value

    def ue(self) -> int:
        zeros = self.text.index("1", self.place) - self.place
        self.place += zeros + 1
        return 2**zeros - 1 + self.u(zeros)

    def b(self, count: int) -> bytes:
        return bytes(self.u(8) for _ in range(count))

    def align(self) -> None:
        while self.place % 8:
            assert self.u(1) == 0


def picture_header(bits: Bits) -> dict[str, Any]:
    out: dict[str, Any] = {"syntax_version": bits.u(8), "stream_profile_idc": bits.u(4)}
    out |= {"decoder_profile_idc": bits.u(4), "level_idc": bits.u(8)}
    transforms = bits.u(2) + 1
    out["synthesis_transform_id"] = tuple(bits.u(4) for _ in range(transforms))
    out |= {"model_id": bits.u(16), "model_digest": bits.b(4)}
    out |= {"coded_width_minus1": bits.u(20), "coded_height_minus1": bits.u(20)}
    out |= {"diff_display_width": bits.u(6), "diff_display_height": bits.u(6), "bit_depth_idc": bits.u(3)}
    out |= {"source_chroma_format_idc": bits.u(2), "coded_chroma_format_idc": bits.u(2)}
    out["colour_transform_idc"] = transform = bits.u(2)
    out["colour_matrix"] = tuple(bits.s(16) for _ in range(9 if transform == 2 else 0))
    out["colour_offset"] = tuple(bits.s(16) for _ in range(3 if transform == 2 else 0))
    components = bits.u(3) + 1
    out["tools_enabled_flag"] = bits.u(1)
    out["region_partitioning_flag"] = regions = bits.u(1)
    out["num_ver_splits_minus1"] = bits.u(7) if regions else 0
    out["num_hor_splits_minus1"] = bits.u(7) if regions else 0
    out["independent_regions_flag"] = bits.u(1) if regions else 0
    out["synthesis_tile_flag"] = tiles = bits.u(1)
    out["synthesis_tile_size_div16"] = bits.u(8) if tiles else 0
    out["synthesis_tile_overlap_div16"] = bits.u(5) if tiles else 0
    out["components"] = [component(bits) for _ in range(components)]
    return out


def component(bits: Bits) -> dict[str, int]:
    out = {"quality_index": bits.u(12), "num_coded_channels": bits.u(10), "skip_enabled_flag": bits.u(1)}
    out["skip_threshold"] = bits.u(13) if out["skip_enabled_flag"] else 0
    out |= {"log2_lanes_z": bits.u(4), "log2_lanes_residual": bits.u(4)}
    return out


def substream(bits: Bits, payload: bytes, header: dict[str, Any]) -> dict[str, Any]:
    partitioned = header["region_partitioning_flag"]
    out = {"component_index": bits.u(4), "region_index": bits.u(12) if partitioned else 0}
    return out | {"substream_data": payload[2 if partitioned else 1 :]}


def parse(data: bytes) -> tuple[dict[str, Any], list[tuple[int, Any]]]:
    """The picture header, and (marker, substream or payload) of each later segment."""
    bits = Bits(data)
    assert bits.u(16) == 0xFF80
    header: dict[str, Any] = {}
    segments: list[tuple[int, Any]] = []
    while (marker := bits.u(16)) != 0xFF81:
        size = bits.ue()
        bits.align()
        payload = bits.b(size)
        inner = Bits(payload)
        if marker == 0xFF82:
            header = picture_header(inner)
            inner.align()
            assert inner.place == 8 * size
        elif marker in (0xFF88, 0xFF89, 0xFF8A):
            segments.append((marker, substream(inner, payload, header)))
        else:
            segments.append((marker, payload))
    assert bits.place == 8 * len(data)
    return header, segments


def compare(stream: Codestream) -> None:
    header, segments = parse(write(stream))
    components = header.pop("components")
    assert {name: getattr(stream.picture_header, name) for name in header} == header
    for given_, expected in zip(stream.picture_header.components, components, strict=True):
        assert {name: getattr(given_, name) for name in expected} == expected
    found = [(marker, item) for marker, item in segments if isinstance(item, dict)]
    streams = [(0xFF88, item) for item in stream.z]
    streams += [(0xFF89, item) for item in stream.primary_residual]
    streams += [(0xFF8A, item) for item in stream.secondary_residual]
    names = ("component_index", "region_index", "substream_data")
    assert found == [(marker, {name: getattr(item, name) for name in names}) for marker, item in streams]
    assert [item for marker, item in segments if marker == 0xFF8C] == [item.user_data for item in stream.user_data]
    if stream.digest_segment is not None:
        payload = next(item for marker, item in segments if marker == 0xFF90)
        planes, tensors = stream.digest_segment.plane_digest, stream.digest_segment.tensor_digest
        assert payload == b"".join([bytes([len(planes)]), *(value.to_bytes(4, "big") for value in tensors + planes)])
    extensions = [item for marker, item in segments if marker == 0xFF91]
    assert extensions == [
        (item.extension_essential_flag << 15 | item.extension_id).to_bytes(2, "big") + item.extension_data
        for item in stream.extensions
    ]


def test_samples(usual: Codestream, full: Codestream, tiny: Codestream, strip: Codestream) -> None:
    for stream in (usual, full, tiny, strip):
        compare(stream)


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(codestreams())
def test_drawn(stream: Codestream) -> None:
    compare(stream)
