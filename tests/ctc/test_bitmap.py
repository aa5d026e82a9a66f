# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The bit map accounts for every ideal bit, and puts it where it was spent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from refsw import api
from refsw.config import load_config
from refsw.ctc.bitmap import bit_map, heat, heat_stops
from refsw.encode.picture import load_model
from refsw.types import Image


@pytest.mark.parametrize(("height", "width", "channels"), [(80, 100, 3), (17, 130, 1), (1, 1, 3)])
def test_sum_is_the_ideal_length(tiny_model: str, height: int, width: int, channels: int) -> None:
    config = replace(load_config("cfg/base.yaml"), model=tiny_model)
    model = load_model(config)
    samples = np.random.default_rng(1).integers(0, 256, (height, width, channels), dtype=np.uint8)
    encoded = api.encode_picture(Image(samples), config, quality=70, model=model)
    decoded = api.decode_picture(encoded.data, model=model)
    headers = decoded.codestream.picture_header.components
    maps = [
        bit_map(symbols, scale, header.quality_index)
        for symbols, scale, header in zip(decoded.symbols, model.scales, headers, strict=False)
    ]
    assert len(maps) == (2 if channels == 3 else 1)
    assert all(m.total.shape == (-(-height // 16), -(-width // 16)) for m in maps)
    assert sum(float(m.total.sum()) for m in maps) == pytest.approx(encoded.report.ideal_bits, rel=1e-9)


def test_a_symbol_counts_in_its_own_block(tiny_model: str) -> None:
    config = replace(load_config("cfg/base.yaml"), model=tiny_model)
    model = load_model(config)
    grey = Image(np.full((96, 128, 1), 128, np.uint8))
    (symbols,) = api.decode_picture(api.encode_picture(grey, config, quality=50, model=model).data, model=model).symbols
    louder = symbols.symbols.copy()
    place = tuple(int(axis[0]) for axis in np.nonzero(~symbols.skip_mask))
    louder[place] += 200  # an escape in most rows
    before = bit_map(symbols, model.scales[0], 1024).residual
    after = bit_map(replace(symbols, symbols=louder), model.scales[0], 1024).residual
    assert [tuple(at) for at in np.argwhere(before != after)] == [place[1:]]
    assert after[place[1:]] > before[place[1:]] + 8


def test_heat_runs_from_dark_to_bright() -> None:
    colours = heat(np.linspace(0, 120, 50)[None], 100.0)[0].astype(int)
    brightness = colours @ (299, 587, 114)
    assert np.all(np.diff(brightness) >= 0)
    assert (colours[-1] == colours[-5]).all()  # clipped above `top`
    assert tuple(heat_stops()[0][4:-1].split()) == tuple(map(str, colours[0]))
