# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Resolution change (9.12): kernels against their definition, and the whole way through encoder and decoder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from refsw import container, syntax
from refsw.api import decode_picture, encode_picture
from refsw.config import Config
from refsw.decode.select import Selection
from refsw.encode.rate import Target
from refsw.encode.resolution import resolution_payload
from refsw.encode.shrink import shrunk
from refsw.errors import CodestreamError, UsageError
from refsw.syntax.budget import budget
from refsw.syntax.geometry import Region
from refsw.syntax.headers import LosslessLayer
from refsw.syntax.resolution import ratio, resolution_of, shown_header
from refsw.syntax.surgery import without_tools
from refsw.tools.resolution.tool import BRANCHES, RESOLUTION, along
from refsw.tools.tool import OFF
from refsw.tools.toolbox import OWN
from refsw.types import Image, Planes
from tests.support.tiny import Started, picture


def config(started: Started, mode: str, **parts: Any) -> Config:
    changed = {name: replace(getattr(started.config, name), **values) for name, values in parts.items()}
    modes = {tool.name: OFF for tool in OWN} | {RESOLUTION.name: mode}
    return replace(started.config, tools=tuple(modes.items()), **changed)


@pytest.mark.parametrize("resolution_idc", [1, 2])
@pytest.mark.parametrize("side", [1, 2, 3, 4, 5, 17, 34])
def test_rows_follow_the_definition(resolution_idc: int, side: int) -> None:
    own = ratio(resolution_idc)
    coded = own.coded_side(side)
    x = np.random.default_rng(side).integers(0, 4081, (2, coded, 3)).astype(np.int32)
    found = along(x, own, 0, coded, 0, side)
    for i in range(side):
        b = ((2 * i + 1) * own.coded - own.displayed) // (2 * own.displayed)
        taps = enumerate(own.kernels[i % own.displayed])
        total = sum(tap * x[:, min(max(b - 2 + t, 0), coded - 1)].astype(np.int64) for t, tap in taps)
        np.testing.assert_array_equal(found[:, i], (total + 64) >> 7)
    if side > 4:
        begin, end = own.seen(2, side - 1, coded)
        np.testing.assert_array_equal(along(x[:, begin:end], own, begin, coded, 2, side - 1), found[:, 2 : side - 1])


@pytest.mark.parametrize("resolution_idc", [1, 2])
def test_what_is_shrunk_is_near_when_enlarged(resolution_idc: int) -> None:
    rows, columns = np.mgrid[0:75, 0:90]
    waves = (2000 + 900 * np.sin(rows / 6) + 900 * np.cos(columns / 7)).round().astype(np.int32)[None]

    def read(region: Region) -> Planes:
        return Planes(waves[:, region.top : region.bottom, region.left : region.right], 8)

    own = ratio(resolution_idc)
    small = shrunk(read, 75, 90, 8, own).astype(np.int32)
    assert small.shape == (1, own.coded_side(75), own.coded_side(90))
    tall = along(small, own, 0, small.shape[1], 0, 75)
    wide = along(np.ascontiguousarray(tall.swapaxes(1, 2)), own, 0, small.shape[2], 0, 90).swapaxes(1, 2)
    assert np.abs(wide - waves)[:, 6:-6, 6:-6].max() < 60


@pytest.mark.parametrize("branch", BRANCHES)
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 2), (35, 67), (70, 91)])
def test_any_size_comes_back(started: Started, branch: str, size: tuple[int, int]) -> None:
    image = picture(4, *size)
    encoded = encode_picture(image, config(started, branch), quality=60, model=started.model)
    decoded = decode_picture(encoded.data, model=started.model)
    assert encoded.reconstruction is not None
    np.testing.assert_array_equal(decoded.image.samples, encoded.reconstruction.samples)
    assert decoded.image.samples.shape == image.samples.shape
    assert decoded.planes is not None and decoded.planes.samples.shape[1:] == size
    header = decoded.codestream.picture_header
    assert header.stream_profile_idc == 15 and header.height == ratio(BRANCHES[branch]).coded_side(size[0])


@pytest.mark.parametrize("depth", [8, 10, 16])
def test_alpha_subsampled_chroma_grey_and_boxes(started: Started, depth: int) -> None:
    chance, kind = np.random.default_rng(depth), np.uint8 if depth == 8 else np.uint16
    alpha = chance.integers(0, 2**depth, (37, 53)).astype(kind)
    samples = (picture(6, 37, 53).samples.astype(kind)) << (depth - 8)
    for image in (Image(samples, depth, alpha=alpha), Image(samples[:, :, :1].copy(), depth)):
        encoded = encode_picture(image, config(started, "half"), quality=50, model=started.model)
        decoded = decode_picture(encoded.data, model=started.model).image
        assert encoded.reconstruction is not None
        np.testing.assert_array_equal(decoded.samples, encoded.reconstruction.samples)
        if image.alpha is not None:
            assert decoded.alpha is not None
            np.testing.assert_array_equal(decoded.alpha, alpha)
        boxed = container.opened(container.wrapped(encoded.data))
        assert boxed.codestream == encoded.data
    costs = budget(syntax.read(encoded.data))
    assert costs.samples == 19 * 27 and costs.memory_bytes > 0


def test_luma_alone_and_rectangles(started: Started) -> None:
    data = encode_picture(picture(8, 90, 131), config(started, "two_thirds"), quality=40, model=started.model).data
    whole = decode_picture(data, model=started.model, exact="auto").image.samples
    for area in (Region(0, 0, 1, 1), Region(40, 61, 77, 131), Region(89, 0, 90, 131)):
        part = decode_picture(data, model=started.model, exact="auto", selection=Selection(area)).image.samples
        np.testing.assert_array_equal(part, whole[area.top : area.bottom, area.left : area.right])
    with pytest.raises(UsageError, match="not inside the picture of 131 x 90"):
        decode_picture(data, model=started.model, selection=Selection(Region(0, 0, 91, 4)))
    grey = decode_picture(data, model=started.model, selection=Selection(luma=True)).image
    assert grey.samples.shape == (90, 131, 1)


def test_taking_out_tools_keeps_the_size(started: Started) -> None:
    data = encode_picture(picture(8, 60, 81), config(started, "half"), quality=40, model=started.model).data
    stream = without_tools(syntax.read(data))
    assert resolution_of(stream) == resolution_payload(2, 60, 81)
    shown = shown_header(stream)
    assert (shown.height, shown.width) == (60, 81)
    assert decode_picture(syntax.write(stream), model=started.model).image.samples.shape == (60, 81, 3)


def test_what_does_not_go_together(started: Started) -> None:
    image, forced = picture(8, 60, 81), config(started, "half")
    with pytest.raises(UsageError, match="not with a lossless layer"):
        encode_picture(image, forced, model=started.model, lossless=True)
    with pytest.raises(UsageError, match="not with a quality map"):
        encode_picture(image, forced, model=started.model, steps=np.zeros((4, 6), np.int8))
    stream = syntax.read(encode_picture(image, forced, quality=40, model=started.model).data)
    layer = LosslessLayer(lossless_coding_idc=1, lossless_digest=(0, 0, 0), lossless_data=b"")
    with pytest.raises(CodestreamError, match=r"lossless layer as well \[clause 9.12.1"):
        decode_picture(syntax.write(replace(stream, lossless=(layer,))), model=started.model)
    cut = replace(stream, picture_header=replace(stream.picture_header, diff_display_height=3), digest_segment=None)
    with pytest.raises(CodestreamError, match=r"clause 9\.12\.1\.4"):
        decode_picture(syntax.write(cut), model=started.model)


def test_the_best_is_taken(started: Started) -> None:
    image = picture(8, 96, 144)
    sizes = {}
    for mode in ("off", "half", "on"):
        encoded = encode_picture(image, config(started, mode), quality=0, model=started.model)
        sizes[mode] = len(encoded.data)
    assert sizes["half"] < sizes["off"]
    small = Target("bytes", float(round(0.5 * sizes["half"] + 0.5 * sizes["off"])))
    best = encode_picture(image, config(started, "on"), target=small, model=started.model)
    (decision,) = best.report.tools
    assert decision.taken and abs(len(best.data) / small.value - 1) < 0.05
    good = encode_picture(image, config(started, "on"), quality=95, model=started.model)
    plain = encode_picture(image, config(started, "off"), quality=95, model=started.model)
    assert good.data == plain.data and not good.report.tools[0].taken
    exact = encode_picture(
        image, config(started, "half", coding={"plane_digests": True}), quality=30, model=started.model
    )
    assert exact.reconstruction is not None
    found = decode_picture(exact.data, model=started.model, exact="auto").image
    np.testing.assert_array_equal(found.samples, exact.reconstruction.samples)
