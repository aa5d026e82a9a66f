# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Lossless streams through encoder and decoder, whole and in part, sound and damaged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsw import syntax
from refsw.cli.dec import main as refsw_dec
from refsw.cli.enc import main as refsw_enc
from refsw.cli.extract import main as refsw_extract
from refsw.config import Config
from refsw.decode.picture import decode_picture
from refsw.decode.select import Selection
from refsw.decode.verify import verify_planes
from refsw.encode.picture import encode_picture
from refsw.errors import DamageError, UnsupportedError, UsageError
from refsw.io import read_image, write_image
from refsw.syntax.geometry import Region
from refsw.types import Chroma, Image
from tests.support.tiny import Started, picture


def same(found: Image, wanted: Image) -> bool:
    chroma = found.chroma is None and wanted.chroma is None
    if found.chroma is not None and wanted.chroma is not None:
        chroma = np.array_equal(found.chroma.samples, wanted.chroma.samples)
    alpha = found.alpha is wanted.alpha is None or np.array_equal(found.alpha, wanted.alpha)
    return chroma and alpha and found.bit_depth == wanted.bit_depth and np.array_equal(found.samples, wanted.samples)


def of_form(form: str, depth: int, height: int, width: int, noise: bool, seed: int) -> Image:
    """A picture in any format."""
    random, kind, top = np.random.default_rng(seed), np.uint8 if depth == 8 else np.uint16, (1 << depth) - 1
    smooth = picture(seed, height, width).samples.astype(np.int64) * top // 255
    samples = (random.integers(0, top + 1, smooth.shape) if noise else smooth).astype(kind)
    alpha = samples[..., 0].copy() if "alpha" in form else None
    if form.startswith("grey"):
        return Image(samples[..., :1].copy(), depth, alpha=alpha)
    if form in ("4:2:0", "4:2:2"):
        rows = int(form == "4:2:0")
        small = samples[:: 1 + rows, ::2, 1:].transpose(2, 0, 1)
        return Image(samples[..., :1].copy(), depth, ycbcr=True, chroma=Chroma(np.ascontiguousarray(small), rows, 1))
    return Image(samples, depth, ycbcr=form == "4:4:4", alpha=alpha)


@settings(max_examples=12)
@given(
    form=st.sampled_from(["grey", "grey alpha", "rgb", "rgb alpha", "4:4:4", "4:2:2", "4:2:0"]),
    depth=st.sampled_from([8, 10, 16]), height=st.integers(1, 70), width=st.integers(1, 70), noise=st.booleans(),
    quality=st.sampled_from([0.0, 60.0]), seed=st.integers(0, 9),
)  # fmt: skip
def test_every_sample_returns(
    started: Started, form: str, depth: int, height: int, width: int, noise: bool, quality: float, seed: int
) -> None:
    image = of_form(form, depth, height, width, noise, seed)
    config = replace(started.config, profile="high") if depth > 10 or form == "4:2:2" else started.config
    encoded = encode_picture(image, config, quality=quality, model=started.model, lossless=True)
    assert syntax.validate(encoded.data) == ()
    decoded = decode_picture(encoded.data, model=started.model)
    assert decoded.lossless and same(decoded.image, image)


def in_regions(config: Config, independent: bool) -> Config:
    return replace(config, regions=replace(config.regions, side=64, independent=independent))


@pytest.fixture(scope="module")
def image() -> Image:
    return picture(5, 120, 180)


@pytest.fixture(scope="module", params=[True, False], ids=["independent", "dependent"])
def data(request: pytest.FixtureRequest, started: Started, image: Image) -> bytes:
    """Six regions."""
    config = in_regions(started.config, request.param)
    return encode_picture(image, config, quality=30, model=started.model, lossless=True).data


@pytest.mark.parametrize("area", [(0, 0, 120, 180), (3, 5, 9, 8), (60, 60, 70, 130), (119, 179, 120, 180)])
def test_parts_of_the_picture(started: Started, image: Image, data: bytes, area: tuple[int, int, int, int]) -> None:
    own = Region(*area)
    found = decode_picture(data, model=started.model, selection=Selection(area=own)).image
    np.testing.assert_array_equal(found.samples, image.samples[own.top : own.bottom, own.left : own.right])


def test_parts_of_subsampled_chroma(started: Started) -> None:
    image = of_form("4:2:0", 8, 91, 131, False, 2)
    data = encode_picture(image, in_regions(started.config, True), model=started.model, lossless=True).data
    found = decode_picture(data, model=started.model, selection=Selection(area=Region(60, 20, 91, 131))).image
    assert found.chroma is not None and image.chroma is not None
    np.testing.assert_array_equal(found.samples, image.samples[60:91, 20:131])
    np.testing.assert_array_equal(found.chroma.samples, image.chroma.samples[:, 30:46, 10:66])


def test_the_picture_under_the_layer_is_the_exact_one(started: Started, data: bytes) -> None:
    without = syntax.write(replace(syntax.read(data), lossless=(), digest_segment=None))
    base = decode_picture(without, model=started.model, exact="oracle")
    lossy = decode_picture(data, model=started.model, lossy=True)
    assert not base.lossless and not lossy.lossless
    np.testing.assert_array_equal(lossy.image.samples, base.image.samples)
    luma = decode_picture(data, model=started.model, selection=Selection(luma=True))
    assert not luma.lossless and luma.image.channels == 1


def test_plane_digests_are_those_of_the_input(started: Started, data: bytes) -> None:
    decoded = decode_picture(data, model=started.model)
    verify_planes(decoded.codestream, decoded.image)
    with pytest.raises(DamageError, match="plane 0"):
        verify_planes(decoded.codestream, decode_picture(data, model=started.model, lossy=True).image)


def damaged(data: bytes, region: int, **changes: object) -> bytes:
    codestream = syntax.read(data)
    layers = list(codestream.lossless)
    layers[region] = replace(layers[region], **changes)
    return syntax.write(replace(codestream, lossless=tuple(layers), digest_segment=None))


def test_damage_names_region_and_plane(started: Started, image: Image, data: bytes) -> None:
    own = syntax.read(data).lossless[4]
    bytes_ = bytearray(own.lossless_data)
    bytes_[len(bytes_) // 2] ^= 4
    wrong_bytes = damaged(data, 4, lossless_data=bytes(bytes_))
    a, b, c = own.lossless_digest
    wrong_digest = damaged(data, 4, lossless_digest=(a, b, c ^ 1))
    for wrong, place in ((wrong_bytes, "region 4, component 0"), (wrong_digest, "region 4, component 2")):
        with pytest.raises(DamageError, match=place):
            decode_picture(wrong, model=started.model)
        kept = decode_picture(wrong, model=started.model, selection=Selection(conceal=True))
        assert [(d.region_index, d.part) for d in kept.damage] == [(4, "lossless")]
        box = kept.codestream.picture_header.region(4)
        differs = (kept.image.samples != image.samples).any(2)
        assert differs[box.top : box.bottom, box.left : box.right].any()
        differs[box.top : box.bottom, box.left : box.right] = False
        assert not differs.any()
        outside = decode_picture(wrong, model=started.model, selection=Selection(area=Region(0, 0, 50, 50)))
        np.testing.assert_array_equal(outside.image.samples, image.samples[:50, :50])


def test_regions_without_a_layer_show_the_picture_under_it(started: Started, image: Image, data: bytes) -> None:
    lossy = decode_picture(data, model=started.model, lossy=True).image.samples
    fewer = replace(syntax.read(data), lossless=syntax.read(data).lossless[:2], digest_segment=None)
    found = decode_picture(syntax.write(fewer), model=started.model).image.samples
    for index in range(6):
        box = fewer.picture_header.region(index)
        part = np.s_[box.top : box.bottom, box.left : box.right]
        np.testing.assert_array_equal(found[part], (image.samples if index < 2 else lossy)[part])


def test_other_operating_points_are_refused(started: Started, image: Image) -> None:
    config = replace(started.config, operating_points=("bop", "sop"))
    data = encode_picture(image, config, model=started.model, lossless=True).data
    with pytest.raises(UnsupportedError, match="operating point sop"):
        decode_picture(data, model=started.model, operating_point="sop")
    assert not decode_picture(data, model=started.model, operating_point="sop", lossy=True).lossless


def test_targets_are_refused(started: Started, image: Image) -> None:
    with pytest.raises(UsageError, match="lossless"):
        encode_picture(image, started.config, bpp=1, model=started.model, lossless=True)


def test_programs(started: Started, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target, shown = (str(tmp_path / n) for n in ("a.png", "a.jai", "b.png"))
    write_image(Path(source), picture(6, 70, 90))
    model = ["--set", f"model={started.folder.name}"]
    assert refsw_enc([source, "-o", target, "--lossless", *model]) == 0
    assert refsw_dec([target, "-o", shown]) == 0
    assert same(read_image(Path(shown)), read_image(Path(source)))
    assert refsw_dec([target, "-o", shown, "--exact", "--verify"]) == 0
    assert refsw_dec([target, "-o", shown, "--lossy"]) == 0
    lossy = read_image(Path(shown)).samples
    bare = str(tmp_path / "bare.jai")
    assert refsw_extract([target, "-o", bare, "--drop", "lossless"]) == 0
    assert refsw_dec([bare, "-o", shown, "--exact"]) == 0
    np.testing.assert_array_equal(read_image(Path(shown)).samples, lossy)
    assert refsw_extract([target, "-o", bare, "--channels", "3"]) == 0
    assert not syntax.read(Path(bare).read_bytes()).lossless
    assert refsw_enc([source, "-o", target, "--lossless", "--bpp", "1", *model]) == 2
    assert refsw_dec([target, "-o", shown, "--lossy", "--exact", "--verify"]) == 2
    Path(target).write_bytes(damaged(Path(target).read_bytes(), 0, lossless_data=b"\0" * 40))
    assert refsw_dec([target, "-o", shown]) == 3
    assert "component 0: lossless layer: " in capsys.readouterr().err
