# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Runs the vectors that a claim asks for: each in a folder of its own, within its limits, several at a time."""

from __future__ import annotations

import os
import queue
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from conformance.runner.adapter import Adapter, Places, fill
from conformance.runner.claim import Claim, as_claimed, outside
from conformance.runner.compare import Divergence, first_stage_divergence
from conformance.runner.errors import SuiteError, UsageError
from conformance.runner.judge import Verdict, judge
from conformance.runner.process import Limits, Outcome, run
from conformance.runner.session import Session
from conformance.runner.suite import Suite, Vector

_FILE_MIB = 16
TIERS = ("smoke", "core", "full")


@dataclass(frozen=True)
class Options:
    """How to run. time_scale: factor on the limits of seconds; models: folder of model packages."""

    jobs: int = 1
    time_scale: float = 1.0
    models: str = ""
    keep: Path | None = None
    sessions: bool = True


class Decoder(Protocol):
    """What decodes one vector."""

    def run(self, places: Places, limits: Limits) -> Outcome:
        """Decodes within limits."""

    def close(self) -> None:
        """Ends what is left of it."""


class Once:
    """A new process for each vector."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    def run(self, places: Places, limits: Limits) -> Outcome:
        """Decodes within limits; raises OSError where the command cannot be started."""
        words = self._adapter.command + (self._adapter.stages if places.stages is not None else ())
        return run(fill(words, self._adapter, places), places.work, self._adapter.environment, limits)

    def close(self) -> None:
        """Nothing is left."""


def decoder_of(adapter: Adapter, options: Options, work: Path) -> Decoder:
    """A decoder for one worker."""
    if adapter.session and options.sessions:
        return Session(adapter, {**os.environ, **adapter.environment}, work)
    return Once(adapter)


def select(suite: Suite, tier: str | None, only: Iterable[str] = ()) -> tuple[Vector, ...]:
    """Vectors up to a tier, or those with these ids. Raises UsageError."""
    names = tuple(only)
    if names:
        return tuple(suite.vector(name) for name in names)
    return tuple(v for v in suite.vectors if tier is None or TIERS.index(v.tier) <= TIERS.index(tier))


def execute(
    suite: Suite, vectors: tuple[Vector, ...], claim: Claim, adapter: Adapter, options: Options,
    done: Callable[[Verdict], None] = lambda verdict: None,
) -> tuple[Verdict, ...]:  # fmt: skip
    """Verdicts in the order of the vectors. Raises UsageError where the decoder cannot be started."""
    verdicts: dict[str, Verdict] = {}
    todo: list[Vector] = []
    for vector in vectors:
        reason = outside(claim, vector, suite)
        if reason:
            verdicts[vector.id] = Verdict(vector.id, "OUTSIDE", f"not claimed: {reason}")
        else:
            todo.append(as_claimed(claim, vector))
    with tempfile.TemporaryDirectory(prefix="refsw-conform-") as name:
        root = options.keep or Path(name)
        decoders: queue.SimpleQueue[Decoder] = queue.SimpleQueue()
        own = [decoder_of(adapter, options, Path(name)) for _ in range(options.jobs)]
        for decoder in own:
            decoders.put(decoder)

        def one(vector: Vector) -> Verdict:
            decoder = decoders.get()
            try:
                return run_vector(suite, vector, claim, adapter, options, root / vector.id, decoder)
            except SuiteError as error:
                return Verdict(vector.id, "SUITE-ERROR", str(error))
            finally:
                decoders.put(decoder)

        try:
            with ThreadPoolExecutor(options.jobs) as pool:
                for verdict in pool.map(one, todo):
                    verdicts[verdict.vector] = verdict
                    done(verdict)
            for vector in todo:
                if verdicts[vector.id].status == "TIMEOUT":  # once more alone: other vectors may have taken the time
                    again = run_vector(suite, vector, claim, adapter, options, root / f"{vector.id}.again", own[0])
                    verdicts[vector.id] = again if again.status != "TIMEOUT" else replace(
                        verdicts[vector.id], detail=verdicts[vector.id].detail + "; again when run alone"
                    )  # fmt: skip
        except OSError as error:
            raise UsageError(f"adapter {adapter.name}: cannot be started: {error}") from None
        finally:
            for decoder in own:
                decoder.close()
    return tuple(verdicts[vector.id] for vector in vectors)


def run_vector(
    suite: Suite, vector: Vector, claim: Claim, adapter: Adapter, options: Options, work: Path, decoder: Decoder
) -> Verdict:
    """One vector; where its planes are wrong and the adapter dumps stages, the first stage that diverges as well."""
    suite.stream(vector)
    work.mkdir(parents=True, exist_ok=True)
    places = Places(
        (suite.folder / vector.stream).resolve(), work / "planes.raw", work / "result.json", work,
        suite.folder.resolve(), vector.operating_point, options.models,
    )  # fmt: skip
    limits = limits_of(vector, options)
    outcome = decoder.run(places, limits)
    verdict = judge(suite, vector, claim, outcome, places.output, places.result)
    if verdict.status == "FAIL" and adapter.stages:
        found = _stage(suite, vector, claim, decoder, replace(places, stages=work / "stages"), limits)
        if found is not None:
            verdict = replace(verdict, divergence=found, detail=f"{found}; then {verdict.detail}")
    return verdict


def _stage(
    suite: Suite, vector: Vector, claim: Claim, decoder: Decoder, places: Places, limits: Limits
) -> Divergence | None:
    assert places.stages is not None
    decoder.run(replace(places, output=places.work / "again.raw", result=places.work / "again.json"), limits)
    found = first_stage_divergence(places.stages, suite.golden(vector), claim.strictness == "exact")
    return found if isinstance(found, Divergence) else None


def limits_of(vector: Vector, options: Options) -> Limits:
    """Limits of a vector on this machine."""
    wanted = vector.geometry.bytes if vector.geometry is not None else 0
    return Limits(vector.seconds * options.time_scale, vector.memory_mib, _FILE_MIB + 8 * (wanted >> 20))


class Progress:
    """A bar on a terminal, nothing elsewhere."""

    def __init__(self, total: int) -> None:
        self.total, self.count, self.bad = total, 0, 0
        self.shown = sys.stderr.isatty()

    def __call__(self, verdict: Verdict) -> None:
        """One more vector is done."""
        self.count += 1
        self.bad += verdict.status != "PASS"
        if self.shown:
            filled = 30 * self.count // max(1, self.total)
            bar = "#" * filled + "." * (30 - filled)
            sys.stderr.write(f"\r[{bar}] {self.count}/{self.total}  {self.bad} not passed  {verdict.vector:<32.32}")
            if self.count == self.total:
                sys.stderr.write("\n")
            sys.stderr.flush()
