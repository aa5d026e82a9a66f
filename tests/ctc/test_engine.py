# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A plan from end to end: nothing is measured twice, nothing stops the rest, a killed run ends in the same digest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from refsw.ctc.cache import Cache
from refsw.ctc.engine import assemble, progress, run_groups
from refsw.ctc.plan import Group, Plan, plan_of
from refsw.ctc.results import Results
from refsw.ctc.work import Outcome, perform
from tests.support.ctc import REFUSED, ToyCodec, conditions, toy_plan, write_pictures

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Here:
    """An engine without processes."""

    def run(self, groups: Sequence[Group], cache: Cache) -> Iterator[tuple[Group, tuple[Outcome, ...]]]:
        for group in groups:
            yield group, perform(group)


def measured(plan: Plan, cache: Cache) -> Results:
    failures = run_groups(plan.groups(cache), cache, Here(), lambda group, outcomes: None)
    return assemble(plan, cache, failures, "command")


def test_results_come_in_the_order_of_the_plan_and_again_for_nothing(tmp_path: Path) -> None:
    plan = toy_plan(tmp_path / "data", 0, 1, codecs=(ToyCodec("a"), ToyCodec("b")))
    cache = Cache(tmp_path / "cache")
    assert progress(plan, plan.groups(cache)).done == 0
    first = measured(plan, cache)
    assert [(p.image, p.codec, p.target) for p in first.points] == [
        (j.source.record.name, j.codec.record.name, j.target.text) for j in plan.jobs
    ]
    assert progress(plan, plan.groups(cache)).done == len(plan.jobs) == 12
    assert plan.groups(cache) == ()
    again = measured(plan, cache)
    assert again == first  # times included: they come from the cache
    assert Results.from_json(first.to_json()).digest() == first.digest()


def test_a_failure_is_reported_and_does_not_stop_the_rest(tmp_path: Path) -> None:
    plan = toy_plan(tmp_path / "data", REFUSED, 1)
    results = measured(plan, Cache(tmp_path / "cache"))
    assert [(f.image, f.target, f.reason) for f in results.failures] == [
        ("p0", target, "this picture is refused") for target in ("2 bpp", "4 bpp", "quality 40")
    ]
    assert {point.image for point in results.points} == {"p1"}


def test_what_was_measured_under_other_names_counts(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    pictures = write_pictures(tmp_path / "data", 0, 1)
    measured(plan_of(conditions(pictures), tmp_path / "data", (ToyCodec(),)), cache)
    renamed = tuple(replace(picture, name=f"other {n}") for n, picture in enumerate(pictures))[::-1]
    again = plan_of(conditions(renamed, name="another run"), tmp_path / "data", (ToyCodec(),))
    assert progress(again, again.groups(cache)).done == 6
    assert [point.image for point in assemble(again, cache, {}, "").points][::3] == ["other 1", "other 0"]


def test_killed_at_any_moment_it_ends_in_the_same_digest(tmp_path: Path) -> None:
    plan = toy_plan(tmp_path / "data", 0, 1, 2, 3)
    whole = measured(plan, Cache(tmp_path / "whole")).digest()
    program = textwrap.dedent(f"""
        from pathlib import Path
        from refsw.ctc.cache import Cache
        from refsw.ctc.engine import run_groups
        from refsw.ctc.engines.local import Local
        from tests.support.ctc import toy_plan
        if __name__ == "__main__":
            plan = toy_plan(Path({str(tmp_path / "data")!r}), 0, 1, 2, 3)
            cache = Cache(Path({str(tmp_path / "cache")!r}))
            run_groups(plan.groups(cache), cache, Local(2), lambda group, outcomes: None)
    """)
    script = tmp_path / "run.py"
    script.write_text(program)
    cache = Cache(tmp_path / "cache")
    environment = dict(os.environ, PYTHONPATH=str(ROOT), OMP_NUM_THREADS="1")
    process = subprocess.Popen([sys.executable, str(script)], env=environment, start_new_session=True)
    while progress(plan, plan.groups(cache)).done == 0 and process.poll() is None:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(0.2)  # its processes see that it is gone
    for part in cache.folder.rglob("*.part"):
        part.unlink()
    assert progress(plan, plan.groups(cache)).done > 0
    assert measured(plan, cache).digest() == whole
