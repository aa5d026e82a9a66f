# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import pytest

from refsw.errors import CodestreamError, UnsupportedError
from refsw.syntax import Codestream, read, salvage, write


def test_a_sound_codestream_is_read_as_it_is(full: Codestream) -> None:
    found = salvage(write(full))
    assert found.codestream == full and found.error is None


def test_every_cut_gives_the_segments_before_it(full: Codestream) -> None:
    data = write(full)
    groups = ("z", "primary_residual", "secondary_residual")
    before = 0
    for place in range(len(data)):
        try:
            found = salvage(data[:place])
        except CodestreamError:
            assert before == 0  # once the headers are there, nothing more is refused
            continue
        assert found.error is not None
        arrived = 0
        for group in groups:
            given, kept = getattr(full, group), getattr(found.codestream, group)
            assert len(given) == len(kept)
            for one, other in zip(given, kept, strict=True):
                assert (one.component_index, one.region_index) == (other.component_index, other.region_index)
                assert other.substream_data in (b"", one.substream_data)
                arrived += other == one
        assert arrived >= before or place == 0
        before = max(before, arrived)
        assert read(write(found.codestream)) == found.codestream
    assert before == sum(len(getattr(full, group)) for group in groups)


def test_what_is_not_damage_is_refused(full: Codestream) -> None:
    data = bytearray(write(full))
    at = data.index(b"\xff\x82") + 4  # syntax_version, after a size of 2 bytes
    assert data[at] in (0, 1)
    data[at : at + 1] = b"\x07"
    with pytest.raises((UnsupportedError, CodestreamError)):
        salvage(bytes(data))
