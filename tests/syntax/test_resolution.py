# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsw.errors import CodestreamError, LevelError
from refsw.spec import document
from refsw.syntax.headers import ComponentHeader, PictureHeader
from refsw.syntax.resolution import ResolutionPayload, displayed_header, ratio

RATIOS = st.sampled_from([1, 2])


def header(height: int, width: int) -> PictureHeader:
    return PictureHeader(
        level_idc=10, synthesis_transform_id=(1,), model_id=1, model_digest=bytes(4), coded_width_minus1=width - 1,
        coded_height_minus1=height - 1, components=(ComponentHeader(quality_index=0, num_coded_channels=4),),
    )  # fmt: skip


@given(RATIOS, st.integers(1, 5000))
def test_every_side_comes_back(resolution_idc: int, side: int) -> None:
    own = ratio(resolution_idc)
    coded = own.coded_side(side)
    cut = own.displayed_side(coded, 0) - side
    assert cut in (0, 1) and own.displayed_side(coded, cut) == side
    assert not (resolution_idc == 1 and coded % 2 and cut), "the payload's range allows no cut there"


@given(RATIOS, st.integers(1, 400), st.data())
def test_what_is_seen_is_inside_and_enough(resolution_idc: int, side: int, data: st.DataObject) -> None:
    own = ratio(resolution_idc)
    coded = own.coded_side(side)
    first = data.draw(st.integers(0, side - 1))
    last = data.draw(st.integers(first + 1, side))
    begin, end = own.seen(first, last, coded)
    assert 0 <= begin < end <= coded
    wanted = [min(max(own.before(i) - 2 + t, 0), coded - 1) for i in (first, last - 1) for t in range(6)]
    assert begin <= min(wanted) and max(wanted) < end
    assert own.seen(0, side, coded) == (0, coded)


def test_kernels_keep_a_constant() -> None:
    for entry in document("tables/resampling.yaml")["ratios"]:
        own = ratio(entry["resolution_idc"])
        assert all(sum(kernel) == 1 << own.fraction_bits for kernel in own.kernels)
        assert all(sum(map(abs, kernel)) < 2 << own.fraction_bits for kernel in own.kernels)
        assert [tuple(reversed(kernel)) for kernel in own.kernels] == list(reversed(own.kernels))


def test_displayed_size() -> None:
    shown = displayed_header(header(40, 51), ResolutionPayload(resolution_idc=2, cut_rows=1))
    assert (shown.height, shown.width) == (79, 102)
    assert displayed_header(header(40, 51), None) == header(40, 51)


def test_refusals() -> None:
    half = ResolutionPayload(resolution_idc=2)
    with pytest.raises(CodestreamError, match=r"cut as well \[clause 9.12.1.4\]"):
        displayed_header(replace(header(40, 51), diff_display_width=1), half)
    with pytest.raises(LevelError, match=r"1024 x 512 samples: level 1 .*\[clause 9.12.1.5\]"):
        displayed_header(header(256, 512), half)
    with pytest.raises(LevelError, match="level 1 allows sides of 4096"):
        displayed_header(header(1, 4096), half)
