# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Unit vectors: one step of decoding each, without a codestream around it, for those who build bottom up.

suites/2026.1/units.json              what there is, and digests; conformance/schema/units.schema.json
              units/ID.json           what is given and what is expected; conformance/schema/unit.schema.json

A tensor is {type, shape, values, sha256}: numbers in C order, and the digest of their canonical layout (Annex C).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.runner.compare import canonical_sha256
from conformance.runner.errors import SuiteError
from conformance.runner.planes import sha256
from conformance.runner.suite import read

UNITS = "units.json"
KINDS = (
    "entropy", "layer", "gain", "rectifier", "planes", "colour", "chroma", "switched-enhancement", "linear-enhancement",
    "quality-map", "alpha", "residual-row", "lossless", "resolution-change",
)  # fmt: skip
TYPES = ("i2", "i4", "i8", "u1", "u2")
_SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Unit:
    """A step and what it shall give. result: valid; or invalid: what is given shall be refused, by this clause."""

    id: str
    revision: int
    kind: str
    title: str
    purpose: str
    clauses: tuple[str, ...]
    result: str
    clause: str
    file: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Content:
    """What a file of a unit says, as it stands there; `tensor` reads its tensors."""

    given: Mapping[str, Any]
    expected: Mapping[str, Any]


def load_units(folder: Path) -> tuple[Unit, ...]:
    """Units of a suite, none where it has no list of them. Raises SuiteError."""
    path = folder / UNITS
    if not path.exists():
        return ()
    found = _json(path)
    if not isinstance(found, dict) or found.get("schema_version") != _SCHEMA_VERSION:
        raise SuiteError(f"{path}: schema_version is not {_SCHEMA_VERSION}")
    try:
        units = tuple(Unit(**(entry | {"clauses": tuple(entry["clauses"])})) for entry in found["units"])
        for unit in units:
            if unit.file != f"units/{unit.id}.json" or "/" in unit.id or unit.kind not in KINDS:
                raise ValueError(f"{unit.id}: kind or file")
    except (KeyError, TypeError, ValueError) as error:
        raise SuiteError(f"{path}: {type(error).__name__}: {error}") from None
    return units


def content(folder: Path, unit: Unit) -> Content:
    """What is given and expected. Raises SuiteError where the file is not the one of the list."""
    path = folder / unit.file
    if sha256(read(path)) != unit.sha256:
        raise SuiteError(f"{path}: is not the file of {UNITS}")
    found = _json(path)
    try:
        return Content(found["given"], found["expected"])
    except (KeyError, TypeError) as error:
        raise SuiteError(f"{path}: {type(error).__name__}: {error}") from None


def is_tensor(value: object) -> bool:
    """Whether a value of a file is a tensor."""
    return isinstance(value, dict) and "values" in value


def tensor(entry: Mapping[str, Any]) -> NDArray[np.int64]:
    """The numbers of a tensor, in its shape. Raises SuiteError where they are not what it states."""
    try:
        kind = np.dtype(f"<{entry['type']}")
        numbers = np.array(entry["values"], np.int64).reshape(entry["shape"])
        stored = numbers.astype(kind)
        right = entry["type"] in TYPES and np.array_equal(stored, numbers)
        right = right and canonical_sha256(stored) == entry["sha256"]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise SuiteError(f"a tensor is wrong: {error}") from None
    if not right:
        raise SuiteError(f"a tensor {entry['type']} {entry['shape']} is not what its type and digest say")
    return numbers


def verify_units(folder: Path, units: Sequence[Unit]) -> list[str]:
    """What is wrong with the files of units, one line each."""
    wrong = []
    for unit in units:
        try:
            own = content(folder, unit)
            for value in (*own.given.values(), *own.expected.values()):
                if is_tensor(value):
                    tensor(value)
        except SuiteError as error:
            wrong.append(f"{unit.id}: {error}")
    names = [unit.id for unit in units]
    return wrong + [f"{name}: stands twice in {UNITS}" for name in sorted({n for n in names if names.count(n) > 1})]


def unit_listing(units: Sequence[Unit]) -> Iterator[str]:
    """One line for each unit."""
    width = max((len(unit.id) for unit in units), default=0)
    for unit in units:
        yield f"{unit.id:<{width}}  {unit.kind:<20} {unit.result:<7} {unit.bytes:>6} B  {unit.purpose}"
    yield f"{len(units)} unit vectors, {sum(unit.bytes for unit in units)} bytes"


def unit_shown(folder: Path, unit: Unit) -> Iterator[str]:
    """Everything about one unit, but the numbers of its tensors."""
    yield f"{unit.id} (revision {unit.revision}): {unit.title}"
    yield f"  purpose    {unit.purpose}"
    yield f"  clauses    {', '.join(unit.clauses)}"
    yield f"  kind       {unit.kind}"
    yield f"  file       {folder / unit.file}, {unit.bytes} bytes, sha256 {unit.sha256}"
    yield f"  result     {unit.result}" + (f", clause {unit.clause}" if unit.clause else "")
    for name, values in asdict(content(folder, unit)).items():
        for key, value in values.items():
            yield f"  {name:<10} {key}: {_short(value)}"


def _short(value: Any) -> str:
    if is_tensor(value):
        return f"{value['type']} {'x'.join(map(str, value['shape']))} sha256 {value['sha256']}"
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:56]} ... ({len(value)})" if hasattr(value, "__len__") else text


def _json(path: Path) -> Any:
    try:
        return json.loads(read(path))
    except (ValueError, RecursionError) as error:
        raise SuiteError(f"{path}: no JSON: {error}") from None
