# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Local processes, Dask and Slurm (submitit's local executor) give one digest, and lose nothing with a lost worker."""

from __future__ import annotations

import importlib.util
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from refsw.ctc.cache import Cache
from refsw.ctc.engine import assemble, run_groups
from refsw.ctc.engines import Engine
from refsw.ctc.engines.dask_engine import Dask
from refsw.ctc.engines.local import Local
from refsw.ctc.engines.slurm import Slurm
from refsw.ctc.plan import Plan
from refsw.ctc.results import Results
from refsw.ctc.work import perform
from refsw.errors import UsageError
from tests.support.ctc import FATAL, ONCE, TARGETS, ToyCodec, toy_plan

ROOT = Path(__file__).resolve().parents[2]
needs_dask = pytest.mark.skipif(not importlib.util.find_spec("distributed"), reason="needs the package distributed")
needs_submitit = pytest.mark.skipif(not importlib.util.find_spec("submitit"), reason="needs the package submitit")


def measured(plan: Plan, folder: Path, engine: Engine) -> Results:
    cache = Cache(folder)
    return assemble(plan, cache, run_groups(plan.groups(cache), cache, engine, lambda group, outcomes: None), "")


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """One picture takes its first worker down once, in the middle of its group."""
    marks = tmp_path / "marks"
    marks.mkdir()
    return toy_plan(tmp_path / "data", 0, ONCE, 2, 3, codecs=(ToyCodec(folder=str(marks)),))


@pytest.fixture
def expected(plan: Plan, tmp_path: Path) -> str:
    """The digest without a loss: of the same pictures by a codec that notes nothing and therefore never dies."""
    calm = toy_plan(tmp_path / "data", 0, ONCE, 2, 3)
    cache = Cache(tmp_path / "calm")
    for group in calm.groups(cache):
        perform(group, cache)
    return assemble(calm, cache, {}, "").digest()


def test_local(plan: Plan, expected: str, tmp_path: Path) -> None:
    assert measured(plan, tmp_path / "local", Local(2)).digest() == expected


def test_local_when_a_process_dies_between_two_groups(
    plan: Plan, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pool is already broken when the next group is handed to it: that group waits for the next pool, unblamed."""
    submit, calls = ProcessPoolExecutor.submit, []

    def broken_once(pool: ProcessPoolExecutor, /, *args: Any) -> Future[Any]:
        calls.append(args)
        if len(calls) == 2:
            raise BrokenProcessPool("a child process terminated abruptly")
        return submit(pool, *args)

    monkeypatch.setattr(ProcessPoolExecutor, "submit", broken_once)
    assert measured(plan, tmp_path / "local", Local(2)).digest() == expected
    assert calls[1][1] in [call[1] for call in calls[2:]]


def test_local_names_the_picture_that_kills(tmp_path: Path) -> None:
    plan = toy_plan(tmp_path / "data", 0, FATAL, 2, targets=TARGETS[2:])
    results = measured(plan, tmp_path / "local", Local(2))
    (failure,) = results.failures
    assert failure.image == "p1" and "its process died" in failure.reason
    assert {point.image for point in results.points} == {"p0", "p2"}


@needs_dask
def test_dask_with_four_workers_of_which_one_dies(plan: Plan, expected: str, tmp_path: Path) -> None:
    assert measured(plan, tmp_path / "dask", Dask(4)).digest() == expected


@needs_dask
def test_no_scheduler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("refsw.ctc.engines.dask_engine.SECONDS_TO_CONNECT", 0.2)
    with pytest.raises(UsageError, match=r"--scheduler tcp://127\.0\.0\.1:9"):
        measured(toy_plan(tmp_path / "data", 0), tmp_path / "dask", Dask(1, "tcp://127.0.0.1:9"))


@needs_submitit
def test_slurm(plan: Plan, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    engine = Slurm(2, tmp_path / "logs", cluster="local")
    assert measured(plan, tmp_path / "slurm", engine).digest() == expected
