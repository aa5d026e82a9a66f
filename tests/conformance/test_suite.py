# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The shipped suite: its manifest obeys its schema, every file is what its digest says, damage is found."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from conformance.runner.claim import load_claim, outside
from conformance.runner.cli import main
from conformance.runner.errors import SuiteError
from conformance.runner.suite import Suite, left_aside, load_suite, verify
from refsw import syntax
from refsw.decode.picture import OPERATING_POINTS
from refsw.models import load_package
from tests.conformance.conftest import ROOT

SCHEMA = ROOT / "conformance" / "schema" / "manifest.schema.json"


def test_manifest_obeys_its_schema(suite: Suite) -> None:
    schema = json.loads(SCHEMA.read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads((suite.folder / "manifest.json").read_bytes()), schema)


def test_suite_is_whole(suite: Suite) -> None:
    assert verify(suite) == []


def test_suite_is_of_the_shipped_weights(suite: Suite) -> None:
    shipped = {name: load_package(name).digest for name in ("base", "visual")}
    assert dict(suite.weights) == shipped, "run tools/make_suite.py"


def test_suite_is_small(suite: Suite) -> None:
    size = sum(path.stat().st_size for path in suite.folder.rglob("*") if path.is_file())
    assert size < 10_000_000
    assert len(suite.vectors) > 200 and sum(vector.result == "invalid" for vector in suite.vectors) > 80


def test_vectors_with_an_optional_tool_say_what_holds_without_it(suite: Suite) -> None:
    own = [vector for vector in suite.vectors if vector.without is not None]
    assert {"lossless", "quality-map", "resolution-change"} <= set(suite.tools) and len(own) > 60
    for vector in own:
        bare = left_aside(vector)
        assert bare.result == "valid" and suite.planes(bare), vector.id
        if vector.result == "valid":
            assert suite.golden(vector).planes != suite.golden(bare).planes, vector.id


def test_vectors_say_what_they_are_for(suite: Suite) -> None:
    for vector in suite.vectors:
        assert vector.purpose.endswith((".", "]")) or vector.kind == "negative", vector.id
        assert vector.clauses or vector.kind == "negative", vector.id


@pytest.mark.parametrize("name", ["streams/size-17x33.jai", "golden/size-17x33.planes", "golden/size-17x33.json"])
def test_damage_is_found(suite: Suite, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "suite"
    shutil.copytree(suite.folder, folder)
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    (folder / "extra").write_bytes(b"")
    assert main(["verify", "--suite", str(folder)]) == 3
    out = capsys.readouterr().out
    assert f"{name}: another file" in out and "extra: is not in SHA256SUMS" in out


def test_a_manifest_that_is_no_manifest(tmp_path: Path) -> None:
    for text in ("", "[]", '{"schema_version": 1}', '{"schema_version": 2}', "[" * 100_000):
        (tmp_path / "manifest.json").write_text(text)
        with pytest.raises(SuiteError):
            load_suite(tmp_path)


def test_profile_simple_is_claimed_by_itself(suite: Suite) -> None:
    claims = ROOT / "conformance" / "claims"
    simple, base = (load_claim(claims / f"{name}-1-exact.yaml", suite) for name in ("simple", "base"))
    own = [vector for vector in suite.vectors if not outside(simple, vector, suite)]
    assert sum(v.result == "valid" for v in own) > 50 and sum(v.result == "invalid" for v in own) > 50
    assert {(v.profile, v.operating_point) for v in own} == {("simple", "sop")}
    assert all(not outside(base, vector, suite) for vector in own), "a decoder of base with SOP decodes them too"
    bop = replace(base, operating_points=("bop",))
    assert all(outside(bop, vector, suite) for vector in own)


def test_golden_planes_belong_to_a_listed_operating_point(suite: Suite) -> None:
    for vector in suite.vectors:
        if vector.golden is not None:
            listed = syntax.read(suite.stream(vector)).picture_header.synthesis_transform_id
            assert OPERATING_POINTS.index(vector.operating_point) in listed, vector.id


def test_simple_is_another_synthesis_of_the_same_symbols(suite: Suite) -> None:
    for name in ("size-65x63", "chroma-420", "region-both-independent"):
        one, other = (suite.golden(suite.vector(prefix + name)) for prefix in ("", "simple-"))
        assert one.planes != other.planes, name
        latent = [stage for stage in one.stages if stage != "planes"]
        assert latent and all(one.stages[stage] == other.stages[stage] for stage in latent), name
