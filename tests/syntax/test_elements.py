# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Every range, constraint and segment size of spec/ at its limit and just over it, in reader and writer.

Which limits there are is taken from the specification: one that is added is tested, or fails here for want of a place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from refsw import spec, syntax
from refsw.errors import RefswError
from refsw.syntax import Codestream, Substream, mutants
from refsw.syntax.definition import Field, SegmentKind
from refsw.syntax.definition import syntax as tables
from refsw.syntax.documents import fields_of
from refsw.syntax.engine import Scope, Value
from refsw.syntax.legal import encodable, illegal, violated
from refsw.syntax.violation import Violation
from refsw.syntax.writer import Writer

WIDE = 8  # bits up to which every value of an element is tried

UNREACHABLE = {"picture_header.tools_enabled_flag": "A.1.10"}
"""Constraints that nothing can break today: every profile has tools."""


@dataclass(frozen=True)
class Bound:
    """At `legal` the element breaks none of its clauses; at `wrong` it breaks `clause`."""

    path: str
    clause: str
    legal: int
    wrong: int


class _Scout(mutants._Mutator):
    """Finds where each element turns from legal to illegal, at the places of one codestream."""

    def __init__(self, codestream: Codestream) -> None:
        super().__init__(codestream, {})
        self.bounds: dict[tuple[str, int], Bound] = {}
        self.seen: set[str] = set()

    def value(self, field: Field, scope: Scope, index: int | None) -> Value:
        value = super().value(field, scope, index)
        self.seen.add(field.key)
        if isinstance(value, int) and field.descriptor.kind not in ("align", "f"):
            for place, bound in enumerate(self._edges(field, scope, value)):
                self.bounds.setdefault((f"{field.key} {bound.clause}", place), bound)
        return value

    def _edges(self, field: Field, scope: Scope, value: int) -> Iterator[Bound]:
        """Neighbouring codes of which one is legal."""
        codes, path = encodable(field, scope), ".".join(self.engine.path)
        near = {value, *(edge.evaluate(scope.lookup) for edge in (field.low, field.high))}
        for constraint in field.constraints:
            near |= {e.evaluate(scope.lookup) for e in (constraint.minimum, constraint.maximum) if e is not None}
        if codes.high - codes.low < 1 << WIDE:
            near |= set(range(codes.low, codes.high + 1))
        for legal in sorted(near):
            if not codes.low <= legal <= codes.high or violated(field, scope, legal):
                continue
            for wrong in (legal - 1, legal + 1):
                if codes.low <= wrong <= codes.high and (clauses := violated(field, scope, wrong)):
                    yield Bound(path, clauses[0], legal, wrong)
        for clause, wrong in illegal(field, scope).items():  # tests of a value have no neighbours
            yield Bound(path, clause, value, wrong)


class _Override(Writer):
    """The writer of the codec, with one element that its caller got wrong."""

    def __init__(self, codestream: Codestream, path: str, value: int) -> None:
        super().__init__(codestream)
        self.path, self.wrong = path, value

    def value(self, field: Field, scope: Scope, index: int | None) -> Value:
        return self.wrong if ".".join(self.engine.path) == self.path else super().value(field, scope, index)


def scouted(codestream: Codestream) -> _Scout:
    scout = _Scout(codestream)
    scout.run()
    return scout


def clauses_at(data: bytes) -> set[str]:
    return {violation.clause for violation in syntax.validate(data)}


def check(codestream: Codestream, bound: Bound) -> None:
    """Reader and writer."""
    legal = mutants._Mutator(codestream, {bound.path: bound.legal}).run()
    wrong = mutants._Mutator(codestream, {bound.path: bound.wrong}).run()
    assert bound.clause not in clauses_at(legal), bound
    first: Violation = syntax.validate(wrong)[0]
    assert first.clause == bound.clause and first.path == bound.path, (bound, first)
    with pytest.raises(RefswError):
        syntax.read(wrong)
    with pytest.raises(RefswError, match=rf"\[clause {bound.clause}\]"):
        _Override(codestream, bound.path, bound.wrong).run()


@pytest.mark.parametrize("name", ["usual", "tiny", "full", "tooled"])
def test_elements_at_their_limits_and_just_over(name: str, request: pytest.FixtureRequest) -> None:
    codestream = request.getfixturevalue(name)
    for bound in scouted(codestream).bounds.values():
        check(codestream, bound)


def test_constraints_of_every_region_count(strip: Codestream) -> None:
    for (key, _), bound in scouted(strip).bounds.items():
        if "splits" in key or "region" in key:
            check(strip, bound)


def constraints_of(table: str) -> list[Field]:
    """Elements with a limit that stands in Table A-1 (profile) or A-2 (level)."""
    found = []
    for structure in tables().structures.values():
        for field in fields_of(structure):
            for constraint in field.constraints:
                expressions = (constraint.minimum, constraint.maximum, constraint.test)
                if any(f"{table}." in expression.text for expression in expressions if expression is not None):
                    found.append(field)
    return found


@pytest.mark.parametrize("level", spec.levels(), ids=lambda level: level.name)
def test_constraints_of_every_level(usual: Codestream, level: spec.Level) -> None:
    header = replace(usual.picture_header, level_idc=level.level_idc, coded_width_minus1=127, coded_height_minus1=63,
                     region_partitioning_flag=True, num_ver_splits_minus1=0, num_hor_splits_minus1=1)  # fmt: skip
    parts = tuple(Substream(component_index=c, region_index=r, substream_data=b"") for c in (0, 1) for r in (0, 1))
    own = Codestream(picture_header=header, z=parts, primary_residual=parts[:2], secondary_residual=parts[2:])
    bounds = scouted(own).bounds
    keys = {field.key for field in constraints_of("level")}
    tested = {bound.clause for (key, _), bound in bounds.items() if key.split()[0] in keys}
    assert tested >= {"A.2.1", "A.2.2"}
    for (key, _), bound in bounds.items():
        if key.split()[0] in keys:
            check(own, bound)


@pytest.mark.parametrize("profile", spec.profiles(), ids=lambda profile: profile.name)
def test_constraints_of_every_profile(tiny: Codestream, profile: spec.Profile) -> None:
    experimental = profile.decoder_profile_idc == 15
    header = replace(tiny.picture_header, decoder_profile_idc=profile.decoder_profile_idc,
                     stream_profile_idc=15 if experimental else 0)  # fmt: skip
    own = replace(tiny, picture_header=header)
    keys = {field.key for field in constraints_of("profile")}
    for (key, _), bound in scouted(own).bounds.items():
        if key.split()[0] in keys:
            check(own, bound)


def test_every_constraint_has_a_bound(
    usual: Codestream, tiny: Codestream, full: Codestream, tooled: Codestream
) -> None:
    """A constraint, or an element, that is new to spec/ and stands in none of the streams above fails here."""
    header = replace(usual.picture_header, level_idc=10, coded_width_minus1=63, coded_height_minus1=4095,
                     region_partitioning_flag=True, num_ver_splits_minus1=15)  # fmt: skip
    parts = tuple(Substream(component_index=c, region_index=r, substream_data=b"") for c in (0, 1) for r in range(16))
    tall = Codestream(picture_header=header, z=parts, primary_residual=parts[:16], secondary_residual=parts[16:])
    wide = replace(tall, picture_header=replace(header, coded_width_minus1=4095, coded_height_minus1=63,
                   num_ver_splits_minus1=0, num_hor_splits_minus1=15))  # fmt: skip
    scouts = [scouted(codestream) for codestream in (usual, tiny, tooled, full, tall, wide)]
    seen = set().union(*(scout.seen for scout in scouts))
    broken = {key for scout in scouts for key, _ in scout.bounds}
    for scout, codestream in zip(scouts[4:], (tall, wide), strict=True):
        for (key, _), bound in scout.bounds.items():
            if "splits" in key:
                check(codestream, bound)
    missing = []
    for structure in tables().structures.values():
        for field in fields_of(structure):
            if field.descriptor.kind != "align" and field.key not in seen:
                missing.append(field.key)
            for constraint in field.constraints:
                if f"{field.key} {constraint.clause}" not in broken and UNREACHABLE.get(field.key) != constraint.clause:
                    missing.append(f"{field.key}: {constraint.clause} {constraint.text}")
    assert missing == []


@pytest.fixture(scope="module")
def small(full: Codestream) -> Codestream:
    """Every segment, at level 1, whose segments are smallest."""
    header = replace(full.picture_header, coded_width_minus1=511, coded_height_minus1=511, level_idc=10)
    return replace(full, picture_header=header)


@pytest.mark.parametrize("kind", tables().segments, ids=lambda kind: kind.marker)
def test_segments_at_their_size_and_a_byte_over(small: Codestream, kind: SegmentKind) -> None:
    level = spec.level(small.picture_header.level_idc)
    limit = kind.max_size.evaluate(lambda name: getattr(level, name.removeprefix("level.")))
    data, rule = syntax.write(small), tables().rules["segment_limit"].clause
    own = next(s for s in mutants._split(data, syntax.trace(data)[0]) if s.kind == kind)
    for size in (limit, limit + 1):
        padded = (data[own.payload : own.end] + bytes(limit + 1))[:size]
        grown = data[: own.start] + mutants._framed(kind.first_value, padded) + data[own.end :]
        assert (rule in clauses_at(grown)) == (size > limit)
    if kind.name not in ("picture_header", "digest_segment"):  # whose sizes follow from counts, and stay below
        half = syntax.write(filled(small, kind, limit // 2))
        own = next(s for s in mutants._split(half, syntax.trace(half)[0]) if s.kind == kind)
        lead = own.end - own.payload - limit // 2
        syntax.write(filled(small, kind, limit - lead))
        with pytest.raises(RefswError, match=f"{limit + 1} bytes, .*{limit} "):
            syntax.write(filled(small, kind, limit + 1 - lead))


def filled(codestream: Codestream, kind: SegmentKind, size: int) -> Codestream:
    """The codestream with `size` bytes of data in the first segment of this kind."""
    value = getattr(codestream, kind.name)
    first = value[0] if isinstance(value, tuple) else value
    inner = {"tool_header": "tools", "rendering_information": "blocks"}.get(kind.name)
    part = getattr(first, inner)[0] if inner else first
    structure = {"tools": "tool", "blocks": "metadata_block"}.get(inner or "", kind.structure)
    name = [f.name for f in fields_of(tables().structures[structure]) if f.descriptor.kind == "b"][-1]
    part = replace(part, **{name: bytes(size)})
    first = replace(first, **{inner: (part, *getattr(first, inner)[1:])}) if inner else part
    return replace(codestream, **{kind.name: (first, *value[1:]) if isinstance(value, tuple) else first})


@pytest.mark.parametrize("kind", [k for k in tables().segments if k.maximum.text.startswith("level.")],
                         ids=lambda kind: kind.marker)  # fmt: skip
def test_numbers_of_optional_segments(small: Codestream, kind: SegmentKind) -> None:
    level = spec.level(small.picture_header.level_idc)
    limit = getattr(level, kind.maximum.text.removeprefix("level."))
    part = getattr(small, kind.name)[-1]
    most = syntax.write(replace(small, **{kind.name: (part,) * limit}))
    assert syntax.validate(most) == ()
    own = [s for s in mutants._split(most, syntax.trace(most)[0]) if s.kind == kind][-1]
    over = most[: own.end] + most[own.start : own.end] + most[own.end :]
    assert clauses_at(over) == {kind.clause}
    with pytest.raises(RefswError, match=f"{limit + 1} segments {kind.marker}, expected 0..{limit}"):
        syntax.write(replace(small, **{kind.name: (part,) * (limit + 1)}))
