# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from refsw import syntax
from refsw.api import decode_picture
from refsw.cli.dec import main as refsw_dec
from refsw.colour import image_from_planes
from refsw.decode.picture import choose_operating_point
from refsw.errors import CodestreamError, LevelError, ModelError, UnsupportedError
from refsw.types import Image, Planes
from tests.support.streams import code, with_header
from tests.support.tiny import MODEL_ID, Started, picture


@pytest.fixture(scope="module")
def data(started: Started) -> bytes:
    return code(started, picture(3, 50, 70), 60).data


@pytest.fixture(scope="module")
def grey(started: Started) -> bytes:
    return code(started, picture(3, 50, 70, 1), 60).data


def test_stages_of_a_picture(started: Started, data: bytes) -> None:
    decoded = decode_picture(data, model=started.model)
    assert decoded.codestream == syntax.read(data)
    assert decoded.planes.samples.shape == (3, 50, 70) and decoded.planes.samples.dtype == np.int32
    assert decoded.planes.samples.min() >= 0 and decoded.planes.samples.max() <= 4080
    assert len(decoded.symbols) == len(decoded.latents) == 2
    for own, latents in zip(decoded.symbols, decoded.latents, strict=True):
        assert latents.mean.shape == latents.y_hat.shape == own.symbols.shape
        assert latents.mean.dtype == latents.y_hat.dtype == np.float32
        np.testing.assert_allclose(latents.y_hat, latents.mean + own.symbols, atol=1e-4)
    names = [name for name, _ in decoded.report.stages]
    assert names == ["headers", "load model", "symbols", "mean path", "synthesis", "colour"]
    assert decoded.report.operating_point == "bop"
    assert decoded.report.seconds == pytest.approx(sum(s for _, s in decoded.report.stages))


def test_luma_only_stream(started: Started, grey: bytes) -> None:
    decoded = decode_picture(grey, model=started.model)
    assert decoded.image.samples.shape == (50, 70, 1)
    assert len(decoded.symbols) == 1 and decoded.planes.samples.shape == (1, 50, 70)
    header = decoded.codestream.picture_header
    assert len(header.components) == 1 and header.coded_chroma_format_idc == 0


def test_display_size_is_cut_at_the_right_and_bottom(started: Started, data: bytes) -> None:
    whole = decode_picture(data, model=started.model).image.samples
    cut = with_header(data, diff_display_width=13, diff_display_height=7)
    np.testing.assert_array_equal(decode_picture(cut, model=started.model).image.samples, whole[:43, :57])


def test_model_is_found_by_the_header(started: Started, data: bytes) -> None:
    """No model given, and a model of other weights given: both find the right one."""
    wanted = decode_picture(data, model=started.model).image.samples
    np.testing.assert_array_equal(decode_picture(data).image.samples, wanted)


def test_decoding_twice_with_one_model_is_the_same(started: Started, data: bytes, grey: bytes) -> None:
    first = decode_picture(data, model=started.model).image.samples
    decode_picture(grey, model=started.model)
    np.testing.assert_array_equal(decode_picture(data, model=started.model).image.samples, first)


def test_wrong_weights(started: Started, data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = bytes.fromhex(started.model.package.digest[:8])
    altered = with_header(data, model_digest=bytes([own[0] ^ 1, *own[1:]]))
    with pytest.raises(ModelError, match="wrong weights") as caught:
        decode_picture(altered, model=started.model)
    assert caught.value.exit_code == 6
    (tmp_path / "x.jai").write_bytes(altered)
    assert refsw_dec([str(tmp_path / "x.jai"), "-o", str(tmp_path / "x.png")]) == 6
    message = capsys.readouterr().err
    assert len(message.splitlines()) == 1 and "wrong weights" in message
    assert not (tmp_path / "x.png").exists()


def test_unknown_model(data: bytes) -> None:
    with pytest.raises(ModelError, match=f"{MODEL_ID + 7}"):
        decode_picture(with_header(data, model_id=MODEL_ID + 7))


def test_operating_points(started: Started, data: bytes) -> None:
    header = syntax.read(data).picture_header
    assert choose_operating_point(header, started.model, None) == "bop"
    assert choose_operating_point(header, started.model, "bop") == "bop"
    for wanted in ("sop", "hop"):
        with pytest.raises(UnsupportedError, match=f"operating point {wanted}: this codestream lists bop"):
            decode_picture(data, operating_point=wanted, model=started.model)


def test_operating_points_that_are_listed_but_not_installed(started: Started, data: bytes) -> None:
    both = with_header(data, decoder_profile_idc=2, synthesis_transform_id=(2, 1))
    assert decode_picture(both, model=started.model).report.operating_point == "bop"  # the first that there is
    with pytest.raises(UnsupportedError, match="operating point hop: model started has bop, sop"):
        decode_picture(both, operating_point="hop", model=started.model)
    with pytest.raises(UnsupportedError, match="operating point hop: model started has bop, sop"):
        decode_picture(with_header(data, decoder_profile_idc=2, synthesis_transform_id=(2,)), model=started.model)


def test_operating_points_decode_one_codestream(started: Started, data: bytes) -> None:
    """Symbols and latents are the same, samples are not."""
    both = with_header(data, synthesis_transform_id=(1, 0))
    first, second = (decode_picture(both, operating_point=p, model=started.model) for p in ("bop", "sop"))
    assert (first.report.operating_point, second.report.operating_point) == ("bop", "sop")
    for a, b, c, d in zip(first.symbols, second.symbols, first.latents, second.latents, strict=True):
        assert np.array_equal(a.symbols, b.symbols) and np.array_equal(c.y_hat, d.y_hat)
    assert first.image.samples.shape == second.image.samples.shape
    assert not np.array_equal(first.image.samples, second.image.samples)


def test_colour_transform_of_the_header_is_applied(started: Started, data: bytes) -> None:
    decoded = decode_picture(with_header(data, colour_transform_idc=0), model=started.model)
    np.testing.assert_array_equal(decoded.image.samples.transpose(2, 0, 1), ((decoded.planes.samples + 8) >> 4))
    custom = {
        "colour_transform_idc": 2,
        "colour_matrix": (8192, 0, 0, 0, 8192, 0, 0, 0, 8192),
        "colour_offset": (0, 0, 0),
    }
    same = decode_picture(with_header(data, **custom), model=started.model)
    np.testing.assert_array_equal(same.image.samples, decoded.image.samples)
    assert decoded.image.ycbcr and not same.image.ycbcr


@pytest.mark.parametrize("size", [0, 1, 20, -1, -5])
def test_truncated_streams_are_rejected(data: bytes, started: Started, size: int) -> None:
    with pytest.raises(CodestreamError):
        decode_picture(data[:size], model=started.model)


def test_streams_over_their_level_are_rejected(started: Started, data: bytes) -> None:
    wide = bytearray(data)
    with pytest.raises((LevelError, CodestreamError)):
        wide = bytearray(with_header(data, coded_width_minus1=60000, coded_height_minus1=60000))
        decode_picture(bytes(wide), model=started.model)


def test_rounded_planes_are_the_picture(started: Started, grey: bytes) -> None:
    decoded = decode_picture(grey, model=started.model)
    shown: Image = image_from_planes(Planes(decoded.planes.samples), 0)
    np.testing.assert_array_equal(shown.samples, decoded.image.samples)
