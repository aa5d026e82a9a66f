# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The writer refuses whatever the reader would reject, by the same clauses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from refsw.errors import CodestreamError, RefswError
from refsw.syntax import Codestream, SkippedSegment, Substream, read, write


@pytest.mark.parametrize(
    ("changes", "clause"),
    [
        ({"model_digest": b"abc"}, "6.3.8"),
        ({"model_digest": "abcd"}, "6.3.8"),
        ({"model_id": 65536}, "6.3.7"),
        ({"model_id": 1.5}, "6.3.7"),
        ({"model_id": None}, "6.3.7"),
        ({"coded_width_minus1": -1}, "6.3.9"),
        ({"coded_width_minus1": 8192}, "A.2.1"),
        ({"diff_display_width": 64}, "6.3.11"),
        ({"synthesis_transform_id": ()}, "6.3.5"),
        ({"synthesis_transform_id": (1, 1)}, "A.1.2"),
        ({"synthesis_transform_id": (2,)}, "A.1.3"),
        ({"coded_chroma_format_idc": 0}, "6.3.15"),
        ({"colour_transform_idc": 2}, "6.3.17"),
        ({"colour_matrix": (1,)}, "6.3.17"),
        ({"num_ver_splits_minus1": 3}, "6.3.22"),
        ({"tools_enabled_flag": True}, "5.2.4"),
        ({"components": ()}, "6.3.19"),
    ],
)
def test_picture_header(usual: Codestream, changes: dict[str, Any], clause: str) -> None:
    with pytest.raises(RefswError, match=rf"\[clause {clause}\]"):
        write(replace(usual, picture_header=replace(usual.picture_header, **changes)))


def test_substreams_are_counted_and_ordered(usual: Codestream, full: Codestream) -> None:
    with pytest.raises(CodestreamError, match=r"5\.2\.7"):
        write(replace(usual, z=usual.z[:1]))
    with pytest.raises(CodestreamError, match=r"5\.2\.8"):
        write(replace(usual, primary_residual=usual.primary_residual * 2))
    with pytest.raises(CodestreamError, match=r"6\.10\.4"):
        write(replace(usual, z=usual.z[::-1]))
    with pytest.raises(CodestreamError, match=r"6\.10\.5"):
        write(replace(full, primary_residual=full.primary_residual[::-1]))
    with pytest.raises(CodestreamError, match=r"6\.10\.2"):
        write(replace(usual, primary_residual=(Substream(component_index=0, region_index=1, substream_data=b""),)))


def test_digests_are_counted(usual: Codestream) -> None:
    assert usual.digest_segment is not None
    with pytest.raises(CodestreamError, match=r"6\.12\.3"):
        write(replace(usual, digest_segment=replace(usual.digest_segment, tensor_digest=(1,))))


def test_tools_need_their_flag(full: Codestream) -> None:
    assert full.tool_header is not None
    with pytest.raises(CodestreamError, match=r"5\.2\.4"):
        write(replace(full, tool_header=None))
    tools = full.tool_header.tools[::-1]
    with pytest.raises(CodestreamError, match=r"6\.6\.4"):
        write(replace(full, tool_header=replace(full.tool_header, tools=tools)))


def test_skippable_markers(usual: Codestream) -> None:
    kept = tuple(SkippedSegment(segment_marker=marker, skipped_data=b"x") for marker in (0xFF95, 0xFF92))
    assert read(write(replace(usual, skipped_segments=kept))).skipped_segments == kept
    with pytest.raises(CodestreamError, match=r"5\.2\.13"):
        write(replace(usual, skipped_segments=(SkippedSegment(segment_marker=0xFF91, skipped_data=b""),)))
