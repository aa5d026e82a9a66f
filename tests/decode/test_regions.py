# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Regions, windows and tiles: exact tensors are the same, samples within rounding; parts; damage and concealment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsw import syntax
from refsw.api import Decoded, Encoded, decode_picture, encode_picture
from refsw.decode import model, windows
from refsw.decode.parse import parse_regions
from refsw.decode.select import Selection
from refsw.encode import analyse
from refsw.errors import CodestreamError, DamageError, UsageError
from refsw.syntax.geometry import Region
from refsw.syntax.headers import Codestream
from refsw.types import Image
from tests.support.formats import formatted
from tests.support.streams import with_substream
from tests.support.tiny import Started, picture

TENSORS = ("z", "scale_index", "skip_mask", "symbols")
ROUNDING = 2  # of 4080 plane steps: windows change the order of sums in floating point


@pytest.fixture(scope="module")
def lively(started: Started) -> Started:
    """The started model with residual blocks that do something, so that networks look as far as they can."""
    import torch

    from refsw.decode.model import Model

    model = Model(started.model.package, started.model.config, started.model.scales)
    torch.manual_seed(9)
    for name, parameter in model.network.named_parameters():
        if ".mix.weight" in name:
            parameter.data.normal_(std=0.1)
    return replace(started, model=model)


def encoded(started: Started, image: Image, quality: float = 60, **regions: object) -> Encoded:
    tiles = {name.removeprefix("tile_"): regions.pop(name) for name in list(regions) if name.startswith("tile_")}
    config = replace(
        started.config,
        regions=replace(started.config.regions, **regions),
        tiles=replace(started.config.tiles, **tiles),
    )
    return encode_picture(image, config, quality=quality, model=started.model)


def decoded(started: Started, data: bytes, **selection: object) -> Decoded:
    chosen = Selection(**selection)  # type: ignore[arg-type]
    return decode_picture(data, model=started.model, selection=chosen, keep=chosen.area is None)


@settings(max_examples=20)
@given(
    st.integers(1, 200), st.integers(1, 200), st.integers(1, 4), st.integers(1, 4), st.booleans(),
    st.sampled_from([(0, 0), (64, 0), (80, 32)]), st.sampled_from([1, 3]),
)  # fmt: skip
def test_round_trip(
    lively: Started, height: int, width: int, rows: int, columns: int, independent: bool, tile: tuple[int, int],
    channels: int,
) -> None:  # fmt: skip
    rows, columns = min(rows, -(-height // 64)), min(columns, -(-width // 64))
    image = picture(rows + 5 * columns, height, width, channels)
    one = encoded(lively, image, rows=rows, columns=columns, independent=independent,
                  tile_side=tile[0], tile_overlap=tile[1])  # fmt: skip
    two = decoded(lively, one.data)
    assert two.codestream.picture_header.num_regions == rows * columns
    assert one.reconstruction is not None
    np.testing.assert_array_equal(two.image.samples, one.reconstruction.samples)


@pytest.mark.parametrize("independent", [False, True])
def test_windows_change_rounding_alone(
    lively: Started, independent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = picture(4, 330, 400)
    one = encoded(lively, image, 70, rows=2, columns=2, independent=independent)
    whole = decoded(lively, one.data)
    monkeypatch.setattr(windows, "WINDOW", 8)
    monkeypatch.setattr(windows, "TILE", 4)
    monkeypatch.setattr(model, "SCALE_TILE", 1)
    small = decoded(lively, one.data)
    for a, b in zip(whole.symbols, small.symbols, strict=True):
        for name in TENSORS:
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    for c, d in zip(whole.latents, small.latents, strict=True):
        np.testing.assert_allclose(c.y_hat, d.y_hat, atol=2e-3)
    assert whole.planes is not None and small.planes is not None
    assert np.abs(whole.planes.samples - small.planes.samples).max() <= ROUNDING


def test_encoder_in_small_windows_chooses_the_same(lively: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    """Analysis in tiles agrees but for values that floating point puts on the other side of a half."""
    image = picture(4, 330, 400)
    whole = encoded(lively, image)
    for name in ("WINDOW", "TILE"):
        monkeypatch.setattr(windows, name, 8)
    monkeypatch.setattr(analyse, "TILE", 8)
    small = encoded(lively, image)
    assert abs(len(whole.data) - len(small.data)) <= 0.002 * len(whole.data)
    assert small.report.estimated_bits == pytest.approx(whole.report.estimated_bits, rel=0.002)
    assert whole.reconstruction is not None and small.reconstruction is not None
    different = (whole.reconstruction.samples != small.reconstruction.samples).mean()
    assert different < 0.02


@pytest.fixture(scope="module", params=[False, True], ids=["dependent", "independent"])
def stream(request: pytest.FixtureRequest, lively: Started) -> Codestream:
    """3 x 2 regions of at least 128 x 128."""
    data = encoded(lively, picture(6, 400, 300), 70, rows=3, columns=2, independent=request.param).data
    return syntax.read(data)


@pytest.mark.parametrize("area", [(0, 0, 300, 400), (130, 10, 60, 40), (150, 140, 1, 1), (5, 60, 200, 100)])
def test_a_rectangle_is_a_part_of_the_whole(
    lively: Started, stream: Codestream, area: tuple[int, int, int, int]
) -> None:
    data = syntax.write(stream)
    left, top, width, height = area
    whole = decoded(lively, data).image.samples[top : top + height, left : left + width]
    part = decoded(lively, data, area=Region(top, left, top + height, left + width)).image.samples
    assert np.abs(whole.astype(int) - part).max() <= 1


def test_a_rectangle_outside_is_refused(lively: Started, stream: Codestream) -> None:
    with pytest.raises(UsageError, match="300 x 400"):
        decoded(lively, syntax.write(stream), area=Region(0, 0, 400, 301))


@pytest.mark.parametrize("kind", ["4:2:0", "4:2:2"])
@pytest.mark.parametrize("independent", [False, True])
def test_a_rectangle_of_a_subsampled_picture(lively: Started, kind: str, independent: bool) -> None:
    """Luma, chroma and alpha of a part are those of the whole; also at the odd edges of an odd picture."""
    image = formatted(5, 263, 301, 10, kind, alpha=True)
    data = encoded(lively, image, 60, rows=2, columns=2, independent=independent).data
    whole = decoded(lively, data).image
    assert whole.chroma is not None and whole.alpha is not None
    rows = 2 if kind == "4:2:0" else 1
    for left, top, right, bottom in ((0, 0, 301, 263), (128, 130, 200, 190), (300, 262, 301, 263), (10, 64, 301, 66)):
        part = decoded(lively, data, area=Region(top, left, bottom, right)).image
        assert part.chroma is not None and part.alpha is not None and part.bit_depth == 10
        assert np.abs(part.samples.astype(int) - whole.samples[top:bottom, left:right]).max() <= 1
        chroma = whole.chroma.samples[:, top // rows : -(-bottom // rows), left // 2 : -(-right // 2)]
        assert part.chroma.samples.shape == chroma.shape
        assert np.abs(part.chroma.samples.astype(int) - chroma).max() <= 1
        np.testing.assert_array_equal(part.alpha, whole.alpha[top:bottom, left:right])
    halved = "rows" if kind == "4:2:0" else "columns"
    odd = Region(1, 0, 9, 8) if kind == "4:2:0" else Region(0, 1, 8, 9)
    with pytest.raises(UsageError, match=f"chroma has half the {halved} here; take even ones"):
        decoded(lively, data, area=odd)
    assert decoded(lively, data, area=odd, luma=True).image.samples.shape == (8, 8, 1)
    if kind == "4:2:2":
        assert decoded(lively, data, area=Region(1, 0, 8, 8)).image.samples.shape == (7, 8, 1)


def test_luma_and_channels(lively: Started, stream: Codestream) -> None:
    data = syntax.write(stream)
    whole = decoded(lively, data)
    grey = decoded(lively, data, luma=True)
    assert grey.image.channels == 1 and len(grey.symbols) == 1 and whole.planes is not None
    np.testing.assert_array_equal(grey.image.samples[:, :, 0], (whole.planes.samples[0] + 8) >> 4)
    all_of_them = decoded(lively, data, channels=32)
    np.testing.assert_array_equal(all_of_them.image.samples, whole.image.samples)
    few = decoded(lively, data, channels=5)
    for own, full in zip(few.symbols, whole.symbols, strict=True):
        np.testing.assert_array_equal(own.symbols[:5], full.symbols[:5])
        assert not own.symbols[5:].any()
    assert not np.array_equal(few.image.samples, whole.image.samples)


def regions_of(stream: Codestream, index: int) -> tuple[slice, slice]:
    region = stream.picture_header.region(index)
    return slice(region.top, region.bottom), slice(region.left, region.right)


@pytest.mark.parametrize(
    ("group", "place", "component", "part"),
    [("z", 3, 0, "z"), ("z", 6 + 3, 1, "z"), ("primary_residual", 3, 0, "symbols"),
     ("secondary_residual", 3, 1, "symbols")],
)  # fmt: skip
@pytest.mark.parametrize("how", ["flip", "empty"])
def test_damage_is_located_and_stays_where_it_is(
    lively: Started, stream: Codestream, group: str, place: int, component: int, part: str, how: str
) -> None:
    data = bytearray(getattr(stream, group)[place].substream_data)
    data[len(data) // 2] ^= 4
    damaged = syntax.write(with_substream(stream, group, place, bytes(data) if how == "flip" else b""))
    with pytest.raises(DamageError, match=f"^region 3, component {component}: "):
        decoded(lively, damaged)
    whole, saved = decoded(lively, syntax.write(stream)), decoded(lively, damaged, conceal=True)
    (found,) = saved.damage
    assert (found.region_index, found.component_index, found.part) == (3, component, part)
    assert found.absent == (how == "empty") and saved.ended is None
    own = saved.symbols[component]
    for index, (a, b) in enumerate(zip(whole.symbols, saved.symbols, strict=True)):
        rows, columns = (slice(s.start // 16, -(-s.stop // 16)) for s in regions_of(stream, 3))
        for name in ("scale_index", "skip_mask", "symbols"):
            ours, theirs = getattr(a, name).copy(), getattr(b, name).copy()
            if index == component:
                ours[:, rows, columns] = theirs[:, rows, columns] = 0
            np.testing.assert_array_equal(ours, theirs)
        if index == component:
            assert not own.symbols[:, rows, columns].any()
    if stream.picture_header.independent_regions_flag:
        same = np.ones(whole.image.samples.shape[:2], bool)
        same[regions_of(stream, 3)] = False
        np.testing.assert_array_equal(whole.image.samples[same], saved.image.samples[same])
    assert not np.array_equal(whole.image.samples, saved.image.samples)


@settings(max_examples=12)
@given(st.sampled_from(["z", "primary_residual", "secondary_residual"]), st.integers(0, 11), st.data())
def test_any_flipped_bit_is_located(
    lively: Started, stream: Codestream, group: str, place: int, data: st.DataObject
) -> None:
    """Every component and region, z and residual: named, everything else exact, and the picture delivered."""
    parts = getattr(stream, group)
    place %= len(parts)
    own = bytearray(parts[place].substream_data)
    bit = data.draw(st.integers(0, 8 * len(own) - 1))
    own[bit // 8] ^= 128 >> bit % 8
    damaged = syntax.write(with_substream(stream, group, place, bytes(own)))
    region, component = parts[place].region_index, parts[place].component_index
    with pytest.raises(DamageError, match=f"^region {region}, component {component}: "):
        parse_regions(syntax.read(damaged), lively.model)
    whole = parse_regions(stream, lively.model).tensors
    saved = parse_regions(syntax.read(damaged), lively.model, conceal=True)
    assert {(d.region_index, d.component_index) for d in saved.damage} == {(region, component)}
    rows, columns = (slice(s.start // 16, -(-s.stop // 16)) for s in regions_of(stream, region))
    for index, (a, b) in enumerate(zip(whole, saved.tensors, strict=True)):
        same = np.ones(a.symbols.shape, bool)
        same[:, rows, columns] = index != component
        np.testing.assert_array_equal(a.symbols[same], b.symbols[same])
    shown = decoded(lively, damaged, conceal=True).image
    assert (shown.height, shown.width) == (400, 300)


def test_nothing_is_found_in_a_sound_stream(lively: Started, stream: Codestream) -> None:
    data = syntax.write(stream)
    saved = decoded(lively, data, conceal=True)
    assert saved.damage == () and saved.ended is None
    np.testing.assert_array_equal(saved.image.samples, decoded(lively, data).image.samples)


def test_an_altered_header_is_reported_and_the_tensors_used(lively: Started, stream: Codestream) -> None:
    header = replace(stream.picture_header, diff_display_width=1)
    saved = decoded(lively, syntax.write(replace(stream, picture_header=header)), conceal=True)
    assert len(saved.damage) == 12 and {d.part for d in saved.damage} == {"digest"}
    whole = decoded(lively, syntax.write(stream)).image.samples
    np.testing.assert_array_equal(saved.image.samples, whole[:, :-1])


def test_truncated_streams_show_what_arrived(lively: Started, stream: Codestream) -> None:
    data = syntax.write(stream)
    whole = decoded(lively, data).image.samples.astype(float)
    errors = []
    for share in (0.2, 0.5, 0.8, 0.999):
        cut = data[: int(share * len(data))]
        with pytest.raises(CodestreamError):
            decoded(lively, cut)
        saved = decoded(lively, cut, conceal=True)
        assert saved.ended is not None
        assert share == 0.999 or saved.damage
        errors.append(np.abs(saved.image.samples - whole).mean())
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] == 0
    with pytest.raises(CodestreamError):
        decoded(lively, data[:12], conceal=True)
