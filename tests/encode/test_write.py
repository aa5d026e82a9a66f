# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import numpy as np
import pytest

from refsw import syntax
from refsw.decode.parse import parse_symbols, region_digest
from refsw.encode.write import ToolBlocks, write_picture
from refsw.syntax.writer import digested_headers
from tests.support.streams import code, round_trip
from tests.support.tiny import Started, picture


@pytest.mark.parametrize("lanes", [1, 2, 64, 1024])
def test_lanes_of_the_configuration_are_used(started: Started, lanes: int) -> None:
    encoded, decoded = round_trip(started, picture(1, 60, 90), 60, lanes=lanes)
    header = decoded.codestream.picture_header
    assert {1 << c.log2_lanes_z for c in header.components} == {lanes}
    assert {1 << c.log2_lanes_residual for c in header.components} == {lanes}
    other = round_trip(started, picture(1, 60, 90), 60)[1]
    np.testing.assert_array_equal(decoded.image.samples, other.image.samples)
    assert encoded.report.bytes == len(encoded.data)


def test_written_codestream_is_what_the_reader_finds(started: Started) -> None:
    encoded, decoded = round_trip(started, picture(1, 60, 90), 60)
    tools = ToolBlocks(decoded.codestream.tool_header)
    written = write_picture(started.model, decoded.codestream.picture_header, decoded.symbols, tools=tools)
    assert written.data == encoded.data
    assert syntax.read(written.data) == written.codestream


def test_digest_segment_is_optional(started: Started) -> None:
    image = picture(1, 40, 40)
    with_digest, without = code(started, image), code(started, image, digest=False)
    assert syntax.read(without.data).digest_segment is None
    digests = syntax.read(with_digest.data).digest_segment
    assert digests is not None
    codestream = syntax.read(without.data)
    symbols = parse_symbols(codestream, started.model)
    payload = digested_headers(codestream)
    assert digests.tensor_digest == tuple(region_digest(payload, own) for own in symbols)
    np.testing.assert_array_equal(with_digest.reconstruction.samples, without.reconstruction.samples)
    assert len(without.data) < len(with_digest.data)


def test_everything_skipped_costs_no_bytes(started: Started) -> None:
    encoded, decoded = round_trip(started, picture(1, 40, 40), 0, skip_threshold=(8191,))
    assert all(s.skip_mask.all() and not s.symbols.any() for s in decoded.symbols)
    assert all(not decoded.codestream.residual_data(i) for i in range(2))
    assert encoded.report.bytes < 250
