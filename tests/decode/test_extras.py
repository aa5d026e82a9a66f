# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.5.5, 9.7.4) The alpha plane: exact, bounded, and damaged in every way that a zlib stream can be."""

from __future__ import annotations

import tracemalloc
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsw import syntax
from refsw.cli.dec import main as decode
from refsw.decode.extras import alpha_of
from refsw.decode.picture import decode_picture
from refsw.decode.select import Selection
from refsw.encode.picture import encode_picture
from refsw.errors import DamageError
from refsw.syntax.headers import AlphaPlane, Codestream
from refsw.types import Image
from tests.support.formats import formatted
from tests.support.tiny import Started


@pytest.fixture(scope="module")
def image() -> Image:
    return formatted(1, 60, 90, 10, "rgb", alpha=True)


@pytest.fixture(scope="module")
def stream(started: Started, image: Image) -> Codestream:
    return syntax.read(encode_picture(image, started.config, quality=40, model=started.model).data)


def with_alpha(stream: Codestream, data: bytes) -> bytes:
    return syntax.write(replace(stream, alpha=AlphaPlane(alpha_data=data)))


def wrong(data: bytes, size: int) -> dict[str, bytes]:
    plain = zlib.decompress(data)
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 4
    return {
        "empty": b"", "cut": data[:-3], "checksum": data[:-1] + bytes([data[-1] ^ 1]), "flipped": bytes(flipped),
        "short": zlib.compress(plain[:-1]), "long": zlib.compress(plain + b"\0"), "more": data + b"\0",
        "noise": b"\x78\x9c" + bytes(range(40)), "bomb": zlib.compress(bytes(200 * size)),
    }  # fmt: skip


def test_every_damage_is_found_and_concealed(started: Started, stream: Codestream, image: Image) -> None:
    assert stream.alpha is not None and image.alpha is not None
    whole = decode_picture(syntax.write(stream), model=started.model).image
    assert whole.alpha is not None and np.array_equal(whole.alpha, image.alpha)
    for name, data in wrong(stream.alpha.alpha_data, 2 * image.alpha.size).items():
        broken = with_alpha(stream, data)
        with pytest.raises(DamageError, match=r"alpha plane: .*\[clause 9\.5\.5\]"):
            decode_picture(broken, model=started.model)
        shown = decode_picture(broken, model=started.model, selection=Selection(conceal=True))
        assert shown.image.alpha is None and np.array_equal(shown.image.samples, whole.samples), name
        assert [(d.part, str(d).split(":")[0]) for d in shown.damage] == [("alpha", "alpha plane")]


def test_the_command_line_names_it(
    stream: Codestream, tmp_path: Path, capsys: pytest.CaptureFixture[str], started: Started
) -> None:
    (tmp_path / "a.jai").write_bytes(with_alpha(stream, b"x"))
    arguments = [str(tmp_path / "a.jai"), "-o", str(tmp_path / "a.png")]
    assert decode(arguments) == 3 and not (tmp_path / "a.png").exists()
    assert capsys.readouterr().err.count("\n") == 1
    assert decode([*arguments, "--conceal"]) == 0 and (tmp_path / "a.png").exists()
    assert "concealed: alpha plane: does not hold" in capsys.readouterr().err


def test_a_bomb_is_cut_at_the_size_of_the_picture(stream: Codestream) -> None:
    bomb = zlib.compress(bytes(1 << 26))
    tracemalloc.start()
    with pytest.raises(DamageError, match="does not hold 10800 bytes exactly"):
        alpha_of(AlphaPlane(alpha_data=bomb), stream.picture_header)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


@settings(max_examples=80)
@given(st.binary(max_size=60))
def test_any_bytes_are_damage(data: bytes) -> None:
    from refsw.syntax.headers import PictureHeader

    header = PictureHeader(
        level_idc=10, synthesis_transform_id=(0,), model_id=1, model_digest=b"abcd", coded_width_minus1=99,
        coded_height_minus1=99, components=(),
    )  # fmt: skip
    with pytest.raises(DamageError):
        alpha_of(AlphaPlane(alpha_data=data), header)
