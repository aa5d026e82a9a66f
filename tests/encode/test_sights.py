# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from refsw.decode.filters import Filter, run_filters
from refsw.decode.picture import decode_picture
from refsw.encode.distortion import SquaredError
from refsw.encode.picture import encode_picture, picture_header
from refsw.encode.rate import Target
from refsw.encode.sights import SampledContext, sampled
from refsw.syntax.geometry import Region
from refsw.syntax.headers import PictureHeader
from refsw.tools.linear_enhancement.tool import LINEAR_ENHANCEMENT, LinearEnhancementPayload
from refsw.tools.tool import OFF
from refsw.tools.toolbox import OWN
from refsw.tools.variance_scaling.tool import VARIANCE_SCALING
from refsw.types import Image, Planes
from tests.support.tiny import Started, picture

POST_FILTERS = ((VARIANCE_SCALING.name, OFF), *((tool.name, tool.branches[-1]) for tool in OWN[:2]))


def header(started: Started, height: int, width: int, **regions: Any) -> PictureHeader:
    config = replace(started.config, regions=replace(started.config.regions, **regions))
    return picture_header(Image(np.zeros((height, width, 3), np.uint8)), config, started.model, 500)


@pytest.mark.parametrize("regions", [{}, {"rows": 3, "columns": 2, "independent": True}])
def test_a_small_picture_is_seen_once(started: Started, regions: dict[str, Any]) -> None:
    own = sampled(header(started, 300, 500, **regions))
    seen = np.zeros((300, 500), int)
    for bounds, part in own.parts:
        seen[part.slices] += 1
        assert bounds.cut(part) == part
    assert own.share == 1 and (seen == 1).all()


def test_a_large_picture_is_seen_in_part_and_everywhere(started: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module(SampledContext.__module__), "SAMPLES", 400_000)
    own = sampled(header(started, 2000, 3900))
    seen = np.zeros((2000, 3900), int)
    for _, part in own.parts:
        seen[part.slices] += 1
    assert seen.max() == 1 and seen.mean() == own.share
    assert 320_000 < seen.sum() < 480_000
    quarters = [seen[y : y + 1000, x : x + 1950].mean() for y in (0, 1000) for x in (0, 1950)]
    assert min(quarters) > own.share / 2 and max(quarters) < 2 * own.share


def test_parts_are_filtered_as_the_whole(started: Started) -> None:
    own = header(started, 90, 700)
    planes = np.random.default_rng(1).integers(0, 4081, (3, 90, 700)).astype(np.uint16)
    payload = LinearEnhancementPayload(
        luma_enhancement_flag=True, chroma_enhancement_flag=False, luma_coefficient=(9, -5, 3, 2, -1, 0, 4, 1, 0, 2)
    )

    def read(region: Region) -> Planes:
        return Planes(planes[:, region.top : region.bottom, region.left : region.right].astype(np.int32), 8)

    before = (Filter(LINEAR_ENHANCEMENT, payload),)
    by = SquaredError(np.ones(3))
    context = SampledContext(own, None, by, LINEAR_ENHANCEMENT, planes, read, before, sampled(own))
    whole = run_filters(before, planes.astype(np.int32), next(context.sights(0)).place)
    whole = np.pad(whole, ((0, 0), (5, 5), (5, 5)), mode="edge")
    for sight in context.sights(5):
        top, left = sight.place.top, sight.place.left
        height, width = sight.seen.shape[1:]
        np.testing.assert_array_equal(sight.seen, whole[:, top : top + height, left : left + width])
        assert sight.source.shape == sight.decoded.shape


@pytest.mark.parametrize("parts", [{}, {"rows": 2, "columns": 2, "independent": True}])
def test_planes_of_decisions_show_what_a_decoder_shows(started: Started, parts: dict[str, Any]) -> None:
    config = replace(started.config, regions=replace(started.config.regions, **parts))
    config = replace(config, tools=POST_FILTERS)
    encoded = encode_picture(picture(7, 150, 190), config, quality=40, model=started.model)
    decoded = decode_picture(encoded.data, model=started.model, keep=False).image
    assert encoded.reconstruction is not None and [one.taken for one in encoded.report.tools] == [True, True]
    np.testing.assert_array_equal(encoded.reconstruction.samples, decoded.samples)


def test_bytes_of_tools_count_in_a_target(started: Started) -> None:
    config = replace(started.config, tools=POST_FILTERS)
    image = picture(7, 128, 160)
    plain = encode_picture(image, started.config, quality=30, model=started.model)
    target = Target("bytes", float(len(plain.data)))
    found = encode_picture(image, config, target=target, model=started.model)
    assert abs(len(found.data) / target.value - 1) <= config.rate.tolerance
    decode_picture(found.data, model=started.model, keep=False)  # its digests hold
