# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(A.1, Annex B) Networks and memory at each budget of a profile and just over it, in encoder and decoder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from refsw import memory, spec
from refsw.cli.dec import main as refsw_dec
from refsw.complexity import Complexity, decoder_complexity
from refsw.decode import parse
from refsw.decode.picture import decode_picture
from refsw.encode import attempts
from refsw.encode.picture import encode_picture, picture_header
from refsw.errors import LevelError, UnsupportedError
from refsw.syntax.budget import encoder_memory_bytes, memory_bytes
from refsw.types import Image
from tests.support.limits import BUDGETS
from tests.support.streams import code, without_tools
from tests.support.tiny import Started, picture

Patch = Callable[..., None]
NETWORKS: dict[str, Callable[[Complexity], float]] = {
    "max_kmac_per_sample": lambda own: own.kmac_per_sample,
    "max_parameters": lambda own: own.parameters,
    "window_bytes_per_sample": lambda own: own.window_bytes,
    "tile_bytes_per_sample": lambda own: own.tile_bytes,
    "region_bytes_per_sample": lambda own: own.region_bytes,
}
MEMORY = {"fixed_memory_bytes": 1, "window_bytes_per_sample": 200 * 200, "tile_bytes_per_sample": 200 * 200,
          "region_bytes_per_sample": 200 * 200}  # fmt: skip
"""Bytes that one unit of the column is, for the picture below."""


def test_every_budget_is_tested() -> None:
    assert NETWORKS.keys() | MEMORY.keys() == set(BUDGETS)


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets columns of profile base."""

    def change(**columns: float) -> None:
        rows = tuple(replace(row, **columns) if row.name == "base" else row for row in original)
        monkeypatch.setattr(spec, "profiles", lambda: rows)

    original = spec.profiles()
    return change


@pytest.mark.parametrize("column", NETWORKS)
def test_networks_of_the_model(started: Started, base: Patch, monkeypatch: pytest.MonkeyPatch, column: str) -> None:
    started = without_tools(started)
    need, image = NETWORKS[column](decoder_complexity(started.model.config, "bop")), picture(1, 20, 30)
    base(**{column: need})
    data = code(started, image).data
    decode_picture(data, model=started.model)
    less = need - 1 if isinstance(need, int) else need * 0.999
    base(**{column: less})
    message = r"operating point bop of model started takes .* over the .* of profile base"
    with pytest.raises(UnsupportedError, match=message):
        code(started, image)
    monkeypatch.setattr(parse, "_region", None)  # nothing is decoded
    with pytest.raises(LevelError, match=message):
        decode_picture(data, model=started.model)


def test_the_encoder_says_by_how_much(started: Started, base: Patch) -> None:
    started = without_tools(started)
    need = decoder_complexity(started.model.config, "bop").parameters
    base(max_parameters=need - 7)
    with pytest.raises(UnsupportedError, match=f"takes {need} parameters, 7 over the {need - 7} of profile base$"):
        code(started, picture(1, 8, 8))


@pytest.mark.parametrize("column", MEMORY)
def test_memory(
    started: Started, base: Patch, monkeypatch: pytest.MonkeyPatch, column: str, tmp_path: Path
) -> None:
    """A machine that has what the header predicts, and what a profile of one unit less would."""
    started, image = without_tools(started), picture(2, 200, 200)
    plain = picture_header(image, started.config, started.model, 1000)
    if column == "region_bytes_per_sample":  # it counts where it is more than windows and tiles are
        base(region_bytes_per_sample=500)
    value = getattr(spec.profile_named("base"), column)
    for predicted in (memory_bytes, encoder_memory_bytes):
        base(**{column: value})
        need = predicted(plain)
        base(**{column: value - 1})
        assert need - predicted(plain) == MEMORY[column]
    base(**{column: value})
    source, target = tmp_path / "in.jai", tmp_path / "out.png"
    source.write_bytes(code(started, image).data)
    need = encoder_memory_bytes(plain)
    monkeypatch.setattr(memory, "available_memory", lambda: need)
    code(started, image)
    monkeypatch.setattr(memory, "available_memory", lambda: need - 1)
    with pytest.raises(UnsupportedError, match=r"200 x 200 samples take 0.\d GiB of memory"):
        code(started, image)
    need = memory_bytes(plain)
    monkeypatch.setattr(memory, "available_memory", lambda: need)
    assert refsw_dec([str(source), "-o", str(target)]) == 0
    target.unlink()
    monkeypatch.setattr(memory, "available_memory", lambda: need - 1)
    assert refsw_dec([str(source), "-o", str(target)]) == UnsupportedError.exit_code
    assert not target.exists()


HEADER = {
    "synthesis_transforms": ((1,), (0,)), "max_components": (2, 1), "max_bit_depth_idc": (1, 0),
    "chroma_formats": ((3,), (0, 1, 2)),
}  # fmt: skip
"""What the picture below needs, and a profile that just does not have it."""


@pytest.mark.parametrize("column", HEADER)
def test_the_encoder_refuses_before_it_analyses(
    started: Started, base: Patch, monkeypatch: pytest.MonkeyPatch, column: str
) -> None:
    deep, (value, less) = Image(np.full((8, 8, 3), 700, np.uint16), 10), HEADER[column]
    base(**{column: value})
    code(started, deep)
    base(**{column: less})
    monkeypatch.setattr(attempts, "analyse_again", None)
    with pytest.raises((LevelError, UnsupportedError)):
        code(started, deep)


@pytest.mark.parametrize(("sides", "over"), [((262144, 1), (262145, 1)), ((32768, 16384), (32768, 16385))])
def test_the_encoder_at_the_highest_level(started: Started, sides: tuple[int, int], over: tuple[int, int]) -> None:
    """Pictures of one sample in memory."""

    def image(width: int, height: int) -> Image:
        return Image(np.broadcast_to(np.uint8(7), (height, width, 1)))

    assert picture_header(image(*sides), started.config, started.model, 0).level_idc == spec.levels()[-1].level_idc
    excess = max(over[0] - 262144, over[0] * over[1] - 536870912)
    with pytest.raises(LevelError, match=f"{excess} over"):
        encode_picture(image(*over), started.config, quality=50, model=started.model)


def test_the_encoder_at_most_regions(started: Started) -> None:
    image = Image(np.broadcast_to(np.uint8(7), (64 * 128, 64 * 128, 1)))
    for rows, columns in ((128, 32), (128, 33)):
        config = replace(started.config, regions=replace(started.config.regions, rows=rows, columns=columns))
        if columns == 32:
            assert picture_header(image, config, started.model, 0).num_regions == spec.levels()[-1].max_regions
            continue
        with pytest.raises(LevelError, match="4224 regions, 128 over the 4096 of level 8"):
            encode_picture(image, config, quality=50, model=started.model)
