# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Unit vectors: refsw and decoder A do each alike, errors of one step are found, the list obeys its schema."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from conformance.independent import (
    colour,
    enlarge,
    entropy,
    layers,
    lossless,
    residual,
    switched,
    symbols,
    tools,
)
from conformance.independent import planes as independent_planes
from conformance.independent import units as independent
from conformance.independent.errors import RejectedError
from conformance.independent.main import specification
from conformance.mutants.decoder import MUTANTS
from conformance.runner.cli import main
from conformance.runner.errors import SuiteError
from conformance.runner.suite import find_suite
from conformance.runner.units import KINDS, UNITS, Unit, content, load_units, tensor, verify_units
from refsw.entropy import oracle, rans
from refsw.errors import InputError
from tests.conformance.conftest import ROOT

SUITE = find_suite("smoke")[0]
ALL = load_units(SUITE)
NAMES = {unit.id: unit for unit in ALL}
SCHEMAS = ROOT / "conformance" / "schema"


def document(name: str) -> Any:
    return json.loads((SUITE / NAMES[name].file).read_bytes())


def test_list_and_files_obey_their_schemas() -> None:
    import referencing

    unit, listed = (json.loads((SCHEMAS / f"{name}.schema.json").read_bytes()) for name in ("unit", "units"))
    resource = referencing.Resource.from_contents(unit)
    registry: Any = referencing.Registry().with_resource("unit.schema.json", resource)
    for schema in (unit, listed):
        jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(listed, registry=registry).validate(json.loads((SUITE / UNITS).read_bytes()))
    for one in ALL:
        jsonschema.Draft202012Validator(unit).validate(document(one.id))
    assert set(unit["$defs"]["kind"]["enum"]) == {one.kind for one in ALL} == set(KINDS)


@pytest.mark.parametrize("unit", ALL, ids=lambda unit: unit.id)
def test_refsw_does_it(unit: Unit) -> None:
    """Of what stands in the file, not of what it was made from."""
    from suitegen.unit_answers import ANSWERS, tables_of

    own = content(SUITE, unit)
    if unit.result == "invalid":
        with pytest.raises(InputError):
            ANSWERS[unit.kind](own.given)
        return
    ((_, wanted),) = own.expected.items()
    expected = tensor(wanted)
    assert np.array_equal(ANSWERS[unit.kind](own.given), expected)
    if unit.kind == "entropy":  # and back: exactly one substream decodes to these symbols
        rows, tables, lanes = tensor(own.given["rows"]), tables_of(own.given), own.given["lanes"]
        assert (
            rans.encode(expected.astype(np.int32), rows.astype(np.int32), tables, lanes).hex() == own.given["substream"]
        )
        assert oracle.encode(expected.tolist(), rows.tolist(), tables, lanes).hex() == own.given["substream"]


def test_decoder_a_does_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert independent.main([str(SUITE / unit.file) for unit in ALL]) == 0
    assert f"{len(ALL)} units, 0 differ" in capsys.readouterr().out
    assert independent.main([]) == 2


@pytest.mark.parametrize("unit", [unit for unit in ALL if unit.result == "invalid"], ids=lambda unit: unit.id)
def test_decoder_a_names_the_clause(unit: Unit) -> None:
    clause = re.escape(unit.clause)
    with pytest.raises((entropy.DamagedError, RejectedError), match=rf"\({clause}\)|^clause {clause}:"):
        independent.STEPS[unit.kind](content(SUITE, unit).given, specification())


def test_files_come_from_seeds(capsys: pytest.CaptureFixture[str]) -> None:
    from make_suite import main as make

    assert make(["--units", "--check"]) == 0, capsys.readouterr().out


WRONG: dict[str, tuple[object, str, Callable[[Any], Any], str]] = {
    "rectifier without rounding": (layers, "act", lambda own: lambda x: np.where(x >= 0, x, x >> 3), "rectifier"),
    "half of a shift forgotten": (layers.Layer, "half", lambda own: lambda x: own(x) - (x.shift == 2), "layer-halves"),
    "channels of depth to space": (
        layers, "depth_to_space", lambda own: lambda v: own(v[[0, 2, 1, 3, 4, 5, 6, 7]]), "layer-depth-to-space",
    ),
    "sums in binary32": (
        layers, "convolution", lambda own: lambda w, x: own(w, x).astype(np.float32).astype(np.int64), "layer-wide",
    ),
    "sums in int32": (
        layers, "convolution", lambda own: lambda w, x: own(w, x).astype(np.int32) + 0, "layer-near-2-to-53",
    ),
    "gain of the next quality": (
        layers, "gain_at", lambda own: lambda g, q, limits: own(g, min(q + 1, 512), limits), "gain-301",
    ),
    "chroma rounded down": (colour, "reduce_chroma", lambda own: lambda p, r, t: own(p - 1, r, t), "chroma-420-odd"),
    "plane of 21 bits": (independent_planes, "EXACT_PLANE_BITS", lambda own: 21, "planes-1"),
    "matrix transposed": (colour, "product", lambda own: lambda m, p: own(m.T, p), "colour-bt709-8"),
    "no rounding of samples": (colour, "full", lambda own: lambda p, t: np.clip(p >> 4, 0, t), "colour-grey"),
    "order of rings": (tools, "RINGS", lambda own: own[::-1], "linear-both"),
    "gradients transposed": (switched, "gradient_sum", lambda own: lambda y, i, j: own(y, j, i), "switched-stripes"),
    "23 zeros at most": (entropy, "ESCAPE_ZEROS", lambda own: 23, "entropy-escape-alone"),
    "values up to 2**25": (entropy, "SYMBOL_LIMIT", lambda own: 1 << 25, "entropy-2-to-24"),
    "steps up to 17": (symbols, "STEP_LIMIT", lambda own: 17, "map-broken-17"),
    "rows without phases": (residual.Coding, "rows", lambda own: lambda x, f: own(x, f * 0), "residual-row-8"),
    "phased up to scale 20": (residual, "PHASED_SCALES", lambda own: 21, "residual-row-10"),
    "widest width 74": (residual, "WIDEST", lambda own: 74, "residual-row-16"),
    "context one too far": (lossless, "contexts", lambda own: lambda *given: own(*given) + 1, "lossless-grey"),
    "planes do not see each other": (lossless, "alike", lambda own: lambda planes, number: [], "lossless-three"),
    "upper low bits first": (lossless, "split_of", lambda own: lambda n: own(n)[::-1], "lossless-16-bits"),
    "filter of rows ignored": (lossless, "_unfiltered", lambda own: lambda r, s: r[:, 1:], "lossless-deflate-8"),
    "sums of samples round down": (
        enlarge, "rounded", lambda own: lambda total: total >> 7, "resolution-2-3-even"
    ),
    "kernels reversed": (enlarge, "KERNELS", lambda own: {i: k[::-1] for i, k in own.items()}, "resolution-1-2-odd"),
    "taps one too far": (enlarge, "FIRST", lambda own: -1, "resolution-1-2-cut"),
}  # fmt: skip
"""Where decoder A is made wrong, how, and the unit that finds it."""


@pytest.mark.parametrize("name", WRONG)
def test_errors_are_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place, attribute, change, own = WRONG[name]
    unit = f"unit-{own}"
    assert independent.difference(document(unit), specification()) == ""
    monkeypatch.setattr(place, attribute, change(getattr(place, attribute)))
    assert independent.difference(document(unit), specification()) != ""


def test_every_wrong_line_of_a_post_filter_is_found() -> None:
    """Also those that the streams find with some weights alone (RARE)."""
    for prefix in ("linear", "switched"):
        mutants = {name: patch for name, patch in MUTANTS.items() if name.startswith(f"{prefix}-")}
        units = [document(unit.id) for unit in ALL if unit.kind == f"{prefix}-enhancement"]
        assert len(mutants) > 15
        for name, patch in mutants.items():
            with patch.applied():
                assert any(independent.difference(unit, specification()) for unit in units), name


def test_the_runner_lists_shows_and_verifies(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--units"]) == 0
    out = capsys.readouterr().out
    assert all(unit.id in out for unit in ALL) and f"{len(ALL)} unit vectors" in out
    assert main(["show", "unit-layer-3x3"]) == 0
    out = capsys.readouterr().out
    assert "weight: i2 4x3x3x3 sha256" in out and "D.2" in out
    assert main(["verify"]) == 0
    assert f"{len(ALL)} unit vectors, 0 things wrong" in capsys.readouterr().out


def test_the_example_of_the_vendors_page() -> None:
    page = (ROOT / "docs" / "vendor" / "README.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "unit-rectifier: equal\n", done.stderr


def test_damage_is_found(tmp_path: Path) -> None:
    shutil.copytree(SUITE / "units", tmp_path / "units")
    shutil.copy(SUITE / UNITS, tmp_path / UNITS)
    assert verify_units(tmp_path, load_units(tmp_path)) == []
    path = tmp_path / "units" / "unit-rectifier.json"
    path.write_bytes(path.read_bytes().replace(b"-34", b"-35"))
    assert [line.split(":")[0] for line in verify_units(tmp_path, load_units(tmp_path))] == ["unit-rectifier"]
    listed = json.loads((SUITE / UNITS).read_bytes())
    for change in ({"id": 1}, {"file": "../a.json"}, {"kind": "none"}, {"clauses": None}, {"more": 1}):
        entry = listed["units"][0] | change
        (tmp_path / UNITS).write_text(json.dumps(listed | {"units": [entry]}), encoding="utf-8")
        with pytest.raises(SuiteError):
            load_units(tmp_path)
    assert load_units(tmp_path / "units") == ()


@pytest.mark.parametrize(
    "change", [{"type": "u1"}, {"shape": [2]}, {"values": [1, 2, 4]}, {"values": ["a"]}, {"type": "O"}]
)
def test_tensors_are_what_they_say(change: dict[str, Any]) -> None:
    from suitegen.unit import tensor_of

    right = tensor_of([1, 2, -3], "i4")
    assert tensor(right).tolist() == [1, 2, -3]
    with pytest.raises(SuiteError):
        tensor(right | change)
