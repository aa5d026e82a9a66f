# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Post-filters in every path of the decoder, with the linear enhancement filter."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from refsw import syntax
from refsw.api import decode_picture, encode_picture
from refsw.config import Config
from refsw.decode import windows
from refsw.decode.select import Selection
from refsw.errors import CodestreamError, DamageError, UnsupportedError
from refsw.syntax.budget import encoder_memory_bytes, memory_bytes
from refsw.syntax.geometry import Region
from refsw.syntax.headers import Tool, ToolHeader
from refsw.syntax.surgery import without_tools
from refsw.tools.linear_enhancement.tool import LINEAR_ENHANCEMENT, REACH, RINGS, differences
from refsw.tools.tool import OFF
from refsw.tools.toolbox import OWN
from tests.support.streams import with_substream
from tests.support.tiny import Started, picture

TOOL, ID = LINEAR_ENHANCEMENT.name, LINEAR_ENHANCEMENT.tool_id


def config(started: Started, mode: str = "both", **parts: Any) -> Config:
    changed = {name: replace(getattr(started.config, name), **values) for name, values in parts.items()}
    modes = {tool.name: OFF for tool in OWN} | {TOOL: mode}
    return replace(started.config, tools=tuple(modes.items()), **changed)


def coded(started: Started, seed: int = 2, height: int = 210, width: int = 330, **parts: Any) -> bytes:
    return encode_picture(picture(seed, height, width), config(started, **parts), quality=40, model=started.model).data


@pytest.mark.parametrize(
    "parts",
    [{}, {"tiles": {"side": 64, "overlap": 16}}, {"regions": {"side": 128}},
     {"regions": {"side": 128, "independent": True}, "tiles": {"side": 64, "overlap": 0}}],
    ids=["plain", "tiles", "regions", "independent tiles"],
)  # fmt: skip
def test_windows_are_the_whole(started: Started, monkeypatch: pytest.MonkeyPatch, parts: dict[str, Any]) -> None:
    data = coded(started, **parts)
    whole = decode_picture(data, model=started.model, exact="auto", keep=True)
    assert [one.name for one in whole.tools] == [TOOL]
    monkeypatch.setattr(windows, "WINDOW", 8)
    monkeypatch.setattr(windows, "TILE", 4)
    small = decode_picture(data, model=started.model, exact="auto", keep=True)
    np.testing.assert_array_equal(small.image.samples, whole.image.samples)
    assert small.planes is not None and whole.planes is not None
    np.testing.assert_array_equal(small.planes.samples, whole.planes.samples)
    area = Region(33, 65, 77, 131)
    part = decode_picture(data, model=started.model, exact="auto", selection=Selection(area)).image.samples
    np.testing.assert_array_equal(part, whole.image.samples[33:77, 65:131])


def test_luma_alone_is_the_luma_of_all(started: Started) -> None:
    data = coded(started)
    whole = decode_picture(data, model=started.model, exact="auto")
    alone = decode_picture(data, model=started.model, exact="auto", selection=Selection(luma=True), keep=True)
    assert whole.planes is not None and alone.planes is not None
    np.testing.assert_array_equal(alone.planes.samples[0], whole.planes.samples[0])


def test_a_damaged_coefficient_is_found(started: Started) -> None:
    stream = syntax.read(coded(started))
    assert stream.tool_header is not None
    payload = bytearray(stream.tool_header.tools[0].tool_payload)
    payload[3] ^= 4
    own = replace(stream, tool_header=ToolHeader(tools=(Tool(tool_id=ID, tool_payload=bytes(payload)),)))
    with pytest.raises((DamageError, CodestreamError)):
        decode_picture(syntax.write(own), model=started.model)


def test_taken_out_it_was_never_there(started: Started) -> None:
    stream = syntax.read(coded(started))
    bare = without_tools(stream)
    found = decode_picture(syntax.write(bare), model=started.model)  # its digests hold
    plain = decode_picture(syntax.write(stream), model=started.model, selection=Selection(filters=False))
    np.testing.assert_array_equal(found.image.samples, plain.image.samples)
    assert found.tools == () and [one.result for one in plain.tools] == ["skipped on request"]


def test_an_unknown_tool_comes_before_a_wrong_payload(started: Started) -> None:
    stream = syntax.read(coded(started))
    header = replace(stream.picture_header, stream_profile_idc=15, decoder_profile_idc=15)
    blocks = ToolHeader(tools=(Tool(tool_id=ID, tool_payload=b""), Tool(tool_id=200, tool_payload=b"")))
    own = replace(stream, picture_header=header, tool_header=blocks, digest_segment=None)
    with pytest.raises(UnsupportedError, match="coding tool 200"):
        decode_picture(syntax.write(own), model=started.model)
    with pytest.raises(CodestreamError, match=rf"payload of tool {ID}: .*\[clause 5\.1\.8\]"):
        decode_picture(syntax.write(replace(own, tool_header=ToolHeader(tools=blocks.tools[:1]))), model=started.model)


def test_concealed_and_filtered(started: Started) -> None:
    stream = replace(syntax.read(coded(started, regions={"side": 128})), digest_segment=None)
    broken = syntax.write(with_substream(stream, "primary_residual", 1, b"\0\1\2"))
    found = decode_picture(broken, model=started.model, selection=Selection(conceal=True))
    assert found.damage and [one.result for one in found.tools] == ["applied"]


def test_over_a_lossless_layer(started: Started) -> None:
    image = picture(5, 70, 90)
    data = encode_picture(image, config(started), model=started.model, lossless=True).data
    found = decode_picture(data, model=started.model)
    assert found.lossless and [one.result for one in found.tools] == ["applied"]
    np.testing.assert_array_equal(found.image.samples, image.samples)
    bare = decode_picture(data, model=started.model, selection=Selection(filters=False))
    assert not bare.lossless


def test_memory_is_predicted(started: Started) -> None:
    header = syntax.read(coded(started)).picture_header
    plain = replace(header, tools_enabled_flag=False)
    samples = header.coded_width * header.coded_height
    assert memory_bytes(header) == memory_bytes(plain) + 12 * samples
    assert encoder_memory_bytes(header) == encoder_memory_bytes(plain) + (12 + 6) * samples


def test_differences_of_a_ramp_vanish() -> None:
    ramp = np.add.outer(3 * np.arange(20), 5 * np.arange(30)).astype(np.int32)
    for part, ring in zip(differences(ramp, RINGS), RINGS, strict=True):
        assert part.shape == (20 - 2 * REACH, 30 - 2 * REACH) and not part.any() and sum(y for y, _ in ring) == 0
