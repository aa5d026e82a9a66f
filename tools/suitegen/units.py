# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Unit vectors to the files of a suite: units.json and units/ID.json."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from conformance.runner.planes import sha256
from conformance.runner.suite import SUMS, write_sums
from conformance.runner.units import UNITS
from refsw.errors import InputError
from suitegen import unit_integers, unit_layers, unit_pictures, unit_substreams
from suitegen.unit import Case, tensor_of
from suitegen.unit_answers import ANSWERS

EXPECTED = {
    "entropy": ("symbols", "i4"),
    "layer": ("output", "i4"),
    "gain": ("output", "i4"),
    "rectifier": ("output", "i4"),
    "planes": ("planes", "i4"),
    "colour": ("samples", "u2"),
    "chroma": ("samples", "u2"),
    "switched-enhancement": ("planes", "i4"),
    "linear-enhancement": ("planes", "i4"),
    "quality-map": ("steps", "i2"),
    "alpha": ("alpha", "u2"),
    "residual-row": ("rows", "i4"),
    "lossless": ("planes", "u2"),
    "resolution-change": ("planes", "i4"),
}
"""Name and type of what each kind expects."""


def cases() -> Iterator[Case]:
    """All unit vectors."""
    for module in (unit_substreams, unit_integers, unit_pictures, unit_layers):
        yield from module.cases()


def unit_files() -> dict[str, bytes]:
    """Every file of the unit vectors by its name in the suite."""
    files, entries = dict[str, bytes](), list[dict[str, Any]]()
    for case in cases():
        expected = answer(case)
        head = {
            "id": case.id, "revision": case.revision, "kind": case.kind, "title": case.title, "purpose": case.purpose,
            "clauses": list(case.clauses), "result": "invalid" if case.clause else "valid", "clause": case.clause,
        }  # fmt: skip
        name = f"units/{case.id}.json"
        assert name not in files, f"{name}: twice"
        files[name] = laid_out({"schema_version": 1, **head, "given": case.given, "expected": expected})
        entries.append(head | {"file": name, "bytes": len(files[name]), "sha256": sha256(files[name])})
    listed = {"schema_version": 1, "generator": "tools/make_suite.py --units", "licence": "CC0-1.0", "units": entries}
    files[UNITS] = (json.dumps(listed, indent=1, ensure_ascii=False) + "\n").encode()
    return files


def answer(case: Case) -> dict[str, Any]:
    """What a case expects, as refsw has it."""
    try:
        found = ANSWERS[case.kind](case.given)
    except InputError as error:
        assert case.clause, f"{case.id}: is refused: {error}"
        return {}
    assert not case.clause, f"{case.id}: is not refused"
    name, kind = EXPECTED[case.kind]
    if case.wanted is not None:
        assert np.array_equal(found, case.wanted), f"{case.id}: is not what was coded"
    return {name: tensor_of(found, kind)}


def laid_out(value: Mapping[str, Any]) -> bytes:
    """JSON with a line for each member of the file, and of what is given and expected."""

    def short(own: Any) -> str:
        return json.dumps(own, ensure_ascii=False, separators=(", ", ": "))

    def block(own: Mapping[str, Any]) -> str:
        return (
            "{\n" + ",\n".join(f"  {short(key)}: {short(inner)}" for key, inner in own.items()) + "\n }"
            if own
            else "{}"
        )

    lines = [
        f" {short(key)}: {block(own) if key in ('given', 'expected') else short(own)}" for key, own in value.items()
    ]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def unit_differences(folder: Path) -> list[str]:
    """Files of units that a suite has otherwise, or too many, one line each."""
    files = unit_files()
    names = files.keys() | {path.relative_to(folder).as_posix() for path in folder.glob("units/*")}
    return [
        f"{name}: differs"
        for name in sorted(names)
        if name not in files or not (folder / name).exists() or (folder / name).read_bytes() != files[name]
    ]


def write_units(folder: Path) -> int:
    """The units of a suite that is there, and SHA256SUMS; nothing else changes. Returns how many units there are."""
    files = unit_files()
    for path in folder.glob("units/*"):
        path.unlink()
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    all_files = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    write_sums(folder, [name for name in all_files if name != SUMS])
    return len(files) - 1
