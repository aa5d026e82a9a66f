# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Jobs and their keys: everything that a result depends on is in them, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from refsw.ctc.cache import Cache
from refsw.ctc.conditions import Choice, load_conditions
from refsw.ctc.plan import make_plan
from refsw.errors import UnsupportedError, UsageError
from tests.support.ctc import ToyCodec, conditions, toy_plan, write_pictures


def test_jobs_in_the_order_of_results(tmp_path: Path) -> None:
    plan = toy_plan(tmp_path, 0, 1, codecs=(ToyCodec("a"), ToyCodec("b")))
    places = [(j.source.record.name, j.codec.record.name, j.target.text) for j in plan.jobs]
    assert places[:4] == [("p0", "a", "2 bpp"), ("p0", "a", "4 bpp"), ("p0", "a", "quality 40"), ("p0", "b", "2 bpp")]
    assert len(places) == len(set(places)) == 12
    assert [len(group.tasks) for group in plan.groups(Cache(tmp_path / "none"))] == [3, 3, 3, 3]
    assert plan.anchor == "a"


def keys(folder: Path, first: int = 0, codec: ToyCodec = ToyCodec(), **changes: object) -> list[str]:  # noqa: B008
    return [job.key for job in toy_plan(folder, first, codecs=(codec,), **changes).jobs]


def test_keys_change_with_what_bytes_depend_on(tmp_path: Path) -> None:
    base = keys(tmp_path)
    others = [
        keys(tmp_path, 1), keys(tmp_path, codec=ToyCodec(version="2")), keys(tmp_path, codec=ToyCodec("other")),
        keys(tmp_path, repetitions=2),
    ]  # fmt: skip
    assert len(set(base)) == 3
    assert all(not set(base) & set(other) for other in others)
    searched = keys(tmp_path, tolerance=0.02)
    assert not set(base[:2]) & set(searched[:2]) and base[2] == searched[2]  # a fixed quality has no search


def test_keys_do_not_change_with_anything_else(tmp_path: Path) -> None:
    assert keys(tmp_path, metrics=("psnr_y",), bd_method="akima", name="other") == keys(tmp_path)


def test_metrics_have_keys_of_their_own(tmp_path: Path) -> None:
    first, second = toy_plan(tmp_path, 0).metrics
    assert len({first.key("a", "b"), first.key("b", "a"), second.key("a", "b")}) == 3


def test_names_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'psnr_y'"):
        toy_plan(tmp_path, 0, metrics=("psnr_x",))
    with pytest.raises(UsageError, match="two codecs are called 'toy'"):
        toy_plan(tmp_path, 0, codecs=(ToyCodec(), ToyCodec(version="2")))
    pictures = write_pictures(tmp_path, 0)
    wanted = replace(conditions(pictures), codecs=(Choice("x", "jpg", None, None, ()),), anchor="x")
    with pytest.raises(UsageError, match="jpg"):
        make_plan(wanted, tmp_path)
    wanted = replace(wanted, codecs=(Choice("x", "jpeg", None, "sop", ()),))
    with pytest.raises(UsageError, match="operating_point is for refsw alone"):
        make_plan(wanted, tmp_path)


def test_what_is_not_installed_can_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("refsw.ctc.metrics.vmaf.program", lambda: None)
    with pytest.raises(UnsupportedError, match=r"metric vmaf: .*imageio-ffmpeg \(or --without vmaf\)"):
        toy_plan(tmp_path, 0, metrics=("vmaf",))


def test_the_shipped_plan_of_two_pictures() -> None:
    samples = Path(__file__).resolve().parents[2] / "samples"
    plan = make_plan(load_conditions("cfg/ctc/quick.yaml").without(["refsw base bop"]), samples)
    assert len(plan.jobs) == 2 * 2 * 3
