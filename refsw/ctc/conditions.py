# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Common test conditions: one complete file that says everything that a run does.

    load_conditions("cfg/ctc/kodak.yaml") -> Conditions          what may stand there: spec/schema/ctc.schema.json
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from refsw.config import find_config
from refsw.configfile import key_text, parse, problem, reason, suggestion
from refsw.ctc.document import from_plain
from refsw.errors import UsageError

SCHEMA = "ctc.schema.json"
BPP, QUALITY = "bpp", "quality"


@dataclass(frozen=True)
class Picture:
    """A source picture. file: its usual name in the folder of the data; sha256: of its samples (Annex C)."""

    name: str
    file: str
    sha256: str


@dataclass(frozen=True)
class Target:
    """What a codec is to meet. kind: "bpp" or "quality", the latter in the codec's own units."""

    kind: str
    value: float

    @property
    def text(self) -> str:
        """As results have it."""
        return f"{self.value:g} bpp" if self.kind == BPP else f"quality {self.value:g}"


@dataclass(frozen=True)
class Choice:
    """A codec of the run.

    name: in this file; codec: "refsw", or the name of an anchor; config: of refsw, a file or a shipped name;
    operating_point: of refsw, None for the configuration's own; targets: what this codec is to meet.
    """

    name: str
    codec: str
    config: str | None
    operating_point: str | None
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Conditions:
    """A run. anchor: name of a codec of it; rates: bpp, the part of the anchor's curve that BD-rates are taken over.

    tolerance, attempts: where the search of a rate stops; repetitions: of what is timed.
    """

    name: str
    pictures: tuple[Picture, ...]
    codecs: tuple[Choice, ...]
    metrics: tuple[str, ...]
    anchor: str
    bd_method: str
    rates: tuple[float, float] | None
    tolerance: float
    attempts: int
    repetitions: int

    def without(self, names: Iterable[str]) -> Conditions:
        """The run without some codecs, metrics or pictures. Raises UsageError for what it does not have."""
        known = [*(c.name for c in self.codecs), *self.metrics, *(p.name for p in self.pictures)]
        left_out = set(names)
        for name in left_out - set(known):
            raise UsageError(f"--without {name}: not in {self.name}{suggestion(name, known)}")
        if self.anchor in left_out:
            raise UsageError(f"--without {self.anchor}: is the anchor of {self.name}")
        return replace(
            self,
            pictures=tuple(p for p in self.pictures if p.name not in left_out),
            codecs=tuple(c for c in self.codecs if c.name not in left_out),
            metrics=tuple(m for m in self.metrics if m not in left_out),
        )


def load_conditions(path: str | Path) -> Conditions:
    """Reads and checks a file. Raises UsageError, one line with file, line, key, value and what is allowed."""
    file = find_config(path)
    try:
        values, lines = parse(file.read_text(encoding="utf-8"), lambda line: f"{file}:{line}" if line else str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: cannot be read: {reason(error)}") from None
    if not isinstance(values, dict):
        raise UsageError(f"{file}: common test conditions are a mapping of keys to values")
    found = problem(values, SCHEMA)
    if found is not None:
        place, message = found
        line = next(lines[place[:n]] for n in range(len(place), -1, -1) if place[:n] in lines)
        raise UsageError(f"{file}:{line}: {key_text(place)}: {message}")
    conditions = _build(values)
    for kind, names in (
        ("picture", [p.name for p in conditions.pictures]),
        ("codec", [c.name for c in conditions.codecs]),
    ):
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise UsageError(f"{file}: {kind} {twice!r} is there twice")
    codecs = [c.name for c in conditions.codecs]
    if conditions.anchor not in codecs:
        raise UsageError(f"{file}: bd.anchor: no codec {conditions.anchor!r}{suggestion(conditions.anchor, codecs)}")
    return conditions


def conditions_from_plain(values: Any, place: str) -> Conditions:
    """What `canonical` wrote. Raises InputError."""
    found: Conditions = from_plain(Conditions, values, place)
    return found


def _build(values: dict[str, Any]) -> Conditions:
    rates = tuple(Target(BPP, float(rate)) for rate in values["targets"]["bpp"])
    bd, search = values["bd"], values["search"]
    return Conditions(
        name=values["name"],
        pictures=tuple(Picture(**one) for one in values["pictures"]),
        codecs=tuple(_choice(one, rates) for one in values["codecs"]),
        metrics=tuple(values["metrics"]),
        anchor=bd["anchor"],
        bd_method=bd["method"],
        rates=None if bd["rates"] is None else (float(bd["rates"][0]), float(bd["rates"][1])),
        tolerance=float(search["tolerance"]),
        attempts=int(search["attempts"]),
        repetitions=int(values["repetitions"]),
    )


def _choice(values: dict[str, Any], rates: tuple[Target, ...]) -> Choice:
    qualities = tuple(Target(QUALITY, float(quality)) for quality in values.get("qualities", ()))
    return Choice(
        name=values.get("name", values["codec"]),
        codec=values["codec"],
        config=values.get("config"),
        operating_point=values.get("operating_point"),
        targets=qualities or rates,
    )
