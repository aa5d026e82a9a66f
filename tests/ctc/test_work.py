# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What a worker makes of a group: rates met, pictures checked, failures told apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from refsw.ctc.cache import Cache
from refsw.ctc.plan import Group
from refsw.ctc.work import Outcome, perform, store
from tests.support.ctc import BROKEN, REFUSED, WRONG, ToyCodec, toy_plan


def only(folder: Path, first: int = 0, **changes: object) -> Group:
    codec = ToyCodec(folder=str(folder))
    (group,) = toy_plan(folder / "data", first, codecs=(codec,), **changes).groups(Cache(folder / "none"))
    return group


def results(outcomes: tuple[Outcome, ...]) -> list[object]:
    """What must not depend on the order of work: everything but times."""
    codings = [None if o.coding is None else replace(o.coding, timing=(), cpu_seconds=0.0) for o in outcomes]
    return [(o.key, c, o.stream, [(k, v.value) for k, v in o.values]) for o, c in zip(outcomes, codings, strict=True)]


def test_targets_are_met(tmp_path: Path) -> None:
    outcomes = perform(only(tmp_path))
    assert [outcome.reason for outcome in outcomes] == ["", "", ""]
    low, high, fixed = (outcome.coding for outcome in outcomes)
    assert low and high and fixed
    assert low.stream_bytes < high.stream_bytes
    assert 8 * high.stream_bytes / high.samples == pytest.approx(4.0, rel=0.1)  # the toy's settings are coarse
    assert fixed.setting == "step 24"
    assert [len(outcome.values) for outcome in outcomes] == [2, 2, 2]
    assert low.timing[0].encode_seconds > 0 and low.timing[0].threads == 1


def test_what_a_job_finds_does_not_depend_on_its_company(tmp_path: Path) -> None:
    group = only(tmp_path)
    together = perform(group)
    alone = tuple(perform(replace(group, tasks=(task,)))[0] for task in reversed(group.tasks))
    assert results(together) == results(alone[::-1])


def test_a_picture_other_than_the_encoders_fails(tmp_path: Path) -> None:
    outcomes = perform(only(tmp_path, WRONG))
    assert {outcome.reason for outcome in outcomes} == {"1 decoded samples differ from the encoder's reconstruction"}
    assert all(outcome.coding is None and outcome.exit_code == 5 for outcome in outcomes)


@pytest.mark.parametrize(("first", "reason", "code"), [(REFUSED, "is refused", 3), (BROKEN, "ZeroDivisionError", 5)])
def test_errors_become_outcomes(tmp_path: Path, first: int, reason: str, code: int) -> None:
    outcomes = perform(only(tmp_path, first))
    assert all(reason in outcome.reason and outcome.exit_code == code for outcome in outcomes)


def test_an_absent_picture_fails_every_task(tmp_path: Path) -> None:
    group = only(tmp_path)
    (tmp_path / "data" / "p0.png").unlink()
    assert [outcome.exit_code for outcome in perform(group)] == [3, 3, 3]


def test_another_codec_than_planned_is_refused(tmp_path: Path) -> None:
    group = only(tmp_path)
    other = replace(group, codec=replace(group.codec, codec=ToyCodec(version="2")))
    assert all("this worker has another toy than the plan" in outcome.reason for outcome in perform(other))
    task = group.tasks[0]
    older = replace(task, missing=(replace(task.missing[0], identity="another"),))
    assert "another metric psnr_y than the plan" in perform(replace(group, tasks=(older,)))[0].reason


def test_outcomes_are_kept_as_they_come(tmp_path: Path) -> None:
    plan = toy_plan(tmp_path / "data", 0)
    cache = Cache(tmp_path / "cache")
    (group,) = plan.groups(cache)
    perform(replace(group, tasks=group.tasks[:2]), cache)
    (left,) = plan.groups(cache)
    assert left.tasks == group.tasks[2:]


def test_a_new_metric_needs_no_encoder(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    codec = ToyCodec(folder=str(tmp_path))
    (group,) = toy_plan(tmp_path / "data", 0, codecs=(codec,), metrics=("psnr_y",)).groups(cache)
    perform(group, cache)
    for mark in tmp_path.glob("*-toy-encoded"):
        mark.unlink()
    (more,) = toy_plan(tmp_path / "data", 0, codecs=(codec,), metrics=("psnr_y", "psnr_rgb")).groups(cache)
    assert [[metric.record.name for metric in task.missing] for task in more.tasks] == [["psnr_rgb"]] * 3
    outcomes = perform(more)
    assert all(outcome.coding is None and len(outcome.values) == 1 for outcome in outcomes)
    assert not list(tmp_path.glob("*-toy-encoded"))


def test_a_lost_codestream_is_coded_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    (group,) = toy_plan(tmp_path / "data", 0, metrics=("psnr_y",)).groups(cache)
    for outcome in perform(group):
        store(outcome, cache)
    for path in (cache.folder / "streams").rglob("*"):
        if path.is_file():
            path.write_bytes(b"")
    (more,) = toy_plan(tmp_path / "data", 0).groups(cache)
    assert all(task.coding is None for task in more.tasks)
    assert all(outcome.coding is not None for outcome in perform(more))


def test_repetitions_are_timed_one_by_one(tmp_path: Path) -> None:
    outcome = perform(only(tmp_path, repetitions=3))[0]
    assert outcome.coding and len(outcome.coding.timing) == 3
