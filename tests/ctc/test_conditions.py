# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Files of common test conditions: the shipped ones are complete, and what is wrong is one line with a hint."""

from __future__ import annotations

from pathlib import Path

import pytest

from refsw.ctc.conditions import conditions_from_plain, load_conditions
from refsw.ctc.document import canonical, parse
from refsw.ctc.metrics import JPEG_AI_SEVEN, names
from refsw.errors import UsageError
from refsw.resources import cfg_dir

KODAK = (cfg_dir() / "ctc" / "kodak.yaml").read_text(encoding="utf-8")


def test_kodak_is_what_the_issue_asks_for() -> None:
    found = load_conditions("cfg/ctc/kodak.yaml")
    assert len({picture.sha256 for picture in found.pictures}) == 24
    assert {target.text for target in found.codecs[0].targets} == {
        "0.12 bpp", "0.25 bpp", "0.5 bpp", "0.75 bpp", "1 bpp",
    }  # fmt: skip
    assert set(JPEG_AI_SEVEN) <= set(found.metrics) <= set(names())
    assert {choice.codec for choice in found.codecs} == {"jpeg", "webp", "avif", "jpeg-xl", "refsw"}


@pytest.mark.parametrize("name", ["kodak", "quick"])
def test_shipped_files_and_their_canonical_form(name: str) -> None:
    found = load_conditions(f"cfg/ctc/{name}.yaml")
    assert conditions_from_plain(parse(canonical(found), "c"), "c") == found


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("metrics:", "metric:", "unknown key; did you mean 'metrics'?"),
        ("tolerance: 0.01", "tolerance: 2", "search.tolerance: 2 is not allowed"),
        ("anchor: jpeg\n", "anchor: jpg\n", "bd.anchor: no codec 'jpg'; did you mean 'jpeg'?"),
        ("method: pchip", "method: pchp", "did you mean 'pchip'?"),
        ("{codec: webp}", "{codec: jpeg}", "codec 'jpeg' is there twice"),
        ("name: kodim02,", "name: kodim01,", "picture 'kodim01' is there twice"),
        ("repetitions: 1\n", "", "repetitions: missing"),
        ("bpp: [0.12, 0.25, 0.5, 0.75, 1.0]", "bpp: []", "targets.bpp: [] is not allowed"),
        ("sha256: 397e92", "sha256: 397E92", "sha256"),
        ("{codec: webp}", "{codec: webp, qualty: [3]}", "codecs[1].qualty: unknown key; did you mean 'qualities'?"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in KODAK
    path = tmp_path / "wrong.yaml"
    path.write_text(KODAK.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UsageError) as raised:
        load_conditions(path)
    assert message in str(raised.value) and str(path) in str(raised.value) and "\n" not in str(raised.value)


def test_leaving_out() -> None:
    kodak = load_conditions("cfg/ctc/kodak.yaml")
    smaller = kodak.without(["vmaf", "avif", "kodim01"])
    assert "vmaf" not in smaller.metrics and len(smaller.codecs) == 4 and len(smaller.pictures) == 23
    with pytest.raises(UsageError, match="did you mean 'vmaf'"):
        kodak.without(["vmav"])
    with pytest.raises(UsageError, match="is the anchor"):
        kodak.without(["jpeg"])


def test_fixed_qualities_take_the_place_of_rates(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(KODAK.replace("{codec: webp}", "{codec: webp, qualities: [5, 60]}"), encoding="utf-8")
    assert [target.text for target in load_conditions(path).codecs[1].targets] == ["quality 5", "quality 60"]
