# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Drawn detail: none at 0, the same in every window, further from the source the more of it there is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsw import decode
from refsw.api import decode_picture, encode_picture
from refsw.cli.dec import main as command
from refsw.config import RegionsConfig
from refsw.decode import windows
from refsw.decode.realism import LAST_ROW, credibility, detail, draws
from refsw.decode.select import Selection
from refsw.errors import UsageError
from refsw.io import read_image
from refsw.syntax.geometry import Region
from refsw.types import Image
from tests.support.streams import code, psnr, without_tools
from tests.support.tiny import Started, picture

ROUNDING = 1  # of samples: windows change the order of sums in floating point


def textured(seed: int, height: int, width: int) -> Image:
    """A picture with fine texture, which quantisers take away."""
    noise = np.random.default_rng(seed).normal(0, 9, (height, width, 1))
    return Image((picture(seed, height, width).samples + noise).clip(0, 255).astype(np.uint8))


@settings(max_examples=40)
@given(st.integers(0, 99), st.integers(1, 20), st.integers(1, 20), st.integers(0, 1 << 20), st.integers(0, 1 << 20))
def test_a_part_draws_what_the_whole_draws(seed: int, height: int, width: int, top: int, left: int) -> None:
    random = np.random.default_rng(seed)
    rows = random.integers(0, 64, (12, height + 2, width + 2), dtype=np.uint8)
    symbols = (random.standard_normal(rows.shape) * rows / 20).round().astype(np.int16)
    whole = detail(rows, symbols, top, left, 0.7)
    y, x = random.integers(0, height), random.integers(0, width)
    part = detail(rows[:, y : y + 3, x : x + 3], symbols[:, y : y + 3, x : x + 3], top + y, left + x, 0.7)
    np.testing.assert_array_equal(part[:, 1, 1], whole[:, y + 1, x + 1])
    assert not whole[symbols != 0].any() and not whole[(rows == 0) | (rows > LAST_ROW)].any()
    assert np.abs(whole).max() <= 0.35


def test_draws_are_like_a_gaussian_and_unlike_each_other() -> None:
    found = draws(0, (64, 60, 60), 7, 9)
    assert abs(found.mean()) < 0.01 and abs(found.std() - 1) < 0.01 and np.abs(found).max() < 3.5
    assert abs((np.abs(found) < 1).mean() - 0.683) < 0.02
    for other in (draws(1, (64, 60, 60), 7, 9), np.roll(found, 1, 0), np.roll(found, 1, 1), np.roll(found, 1, 2)):
        assert abs((found * other).mean()) < 0.01
    np.testing.assert_array_equal(draws(0, (64, 5, 5), 17, 29), found[:, 10:15, 20:25])


def test_scales_are_believed_where_symbols_bear_them_out() -> None:
    rows = np.full((64, 30, 40), 30, np.uint8)
    sigma = 0.11 * (64 / 0.11) ** (30 / 63)
    symbols = np.random.default_rng(1).normal(0, sigma, rows.shape).round().astype(np.int32)
    symbols[:, :, 20:] = 0
    found = credibility(rows, symbols)
    assert found[:, :19].mean() > 0.9 and found[1:-1, 22:].max() < 0.01 and found.max() <= 1


@pytest.mark.parametrize("changes", [{}, {"independent": True}])
def test_windows_show_what_the_whole_shows(
    started: Started, changes: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    regions = RegionsConfig(2, 2, 2048, changes.get("independent", False))
    config = replace(started.config, regions=regions)
    data = encode_picture(textured(3, 200, 260), config, quality=40, model=started.model).data
    whole = decode_picture(data, model=started.model, realism=1, keep=False).image.samples
    np.testing.assert_array_equal(decode_picture(data, model=started.model, realism=1, keep=False).image.samples, whole)
    area = Region(61, 97, 150, 201)
    part = decode_picture(data, model=started.model, realism=1, selection=Selection(area), keep=False).image.samples
    assert np.abs(part.astype(int) - whole[61:150, 97:201]).max() <= ROUNDING
    monkeypatch.setattr(windows, "WINDOW", 8)
    monkeypatch.setattr(windows, "TILE", 4)
    small = decode_picture(data, model=started.model, realism=1, keep=False).image.samples
    assert np.abs(small.astype(int) - whole).max() <= ROUNDING


@pytest.mark.parametrize("steps", [None, 3])
def test_the_more_the_further_from_the_source(started: Started, steps: int | None) -> None:
    started, image = without_tools(started), textured(4, 100, 140)  # filtered chroma sees luma
    own = None if steps is None else np.full((7, 9), steps, np.int8)
    data = encode_picture(image, started.config, quality=40, model=started.model, steps=own).data
    shown = [decode_picture(data, model=started.model, realism=r) for r in (0, 0.3, 0.6, 1)]
    found = [psnr(image, one.image) for one in shown]
    assert sorted(found, reverse=True) == found and found[0] - 3 < found[3] < found[0] - 0.02
    np.testing.assert_array_equal(shown[0].image.samples, decode_picture(data, model=started.model).image.samples)
    np.testing.assert_array_equal(decode(data, realism=0.6).samples, shown[2].image.samples)
    for one in shown[1:]:  # what was decoded is what the codestream says: only synthesis sees more
        np.testing.assert_array_equal(one.latents[0].y_hat, shown[0].latents[0].y_hat)
        assert one.planes is not None and shown[0].planes is not None
        np.testing.assert_array_equal(one.planes.samples[1:], shown[0].planes.samples[1:])


def test_what_it_excludes(started: Started) -> None:
    data = code(started, picture(1, 40, 50)).data
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(UsageError, match=r"expected 0\.\.1"):
            decode_picture(data, model=started.model, realism=wrong)
    with pytest.raises(UsageError, match="picture-exact"):
        decode_picture(data, model=started.model, realism=0.5, exact="auto")
    layered = encode_picture(picture(1, 40, 50), started.config, model=started.model, lossless=True).data
    with pytest.raises(UsageError, match="lossless layer"):
        decode_picture(layered, model=started.model, realism=0.5)
    assert not decode_picture(layered, model=started.model, realism=0.5, lossy=True).lossless


def test_the_command(started: Started, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target, report = tmp_path / "a.jai", tmp_path / "a.png", tmp_path / "r.json"
    source.write_bytes(code(started, textured(5, 70, 60), 40).data)
    arguments = [str(source), "-o", str(target)]
    assert command([*arguments, "--realism", "0.5", "--report", str(report)]) == 0
    found = json.loads(report.read_text())
    assert found["realism"] == 0.5 and found["verified"] is False
    np.testing.assert_array_equal(read_image(target).samples, decode(source.read_bytes(), realism=0.5).samples)
    for wrong in (["--realism", "1.5"], ["--realism", "0.5", "--exact"]):
        assert command([*arguments, *wrong]) == 2
        assert "realism" in capsys.readouterr().err
