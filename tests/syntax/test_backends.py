# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Back-ends coverage, mutate, document and the bounds of the probe."""

from __future__ import annotations

import random

from refsw.errors import RefswError
from refsw.syntax import Codestream, all_bins, coverage, mutate, read, validate, write
from refsw.syntax.budget import budget
from refsw.syntax.definition import syntax
from refsw.syntax.documents import fields_of, segment_table, structure_semantics, structure_table

UNREACHABLE = {
    "5.2.2.1": "a wrong EOC is an unknown marker (5.3.5)",
    "5.3.1": "every number is a marker; unknown ones are 5.3.5",
    "5.3.2": "every Exp-Golomb code is in range; greater ones are 5.1.6",
    "A.1.10": "every profile has tools",
}


def test_bins_are_distinct_and_enough(usual: Codestream, full: Codestream) -> None:
    bins = all_bins()
    assert len(bins) == len(set(bins)) > 200
    hit = coverage(write(usual)) | coverage(write(full))
    assert hit <= set(bins)
    for wanted in (
        "picture_header.bit_depth_idc = 1 (10)",
        "picture_header: if colour_transform_idc == 2 = 1",
        "picture_header: if colour_transform_idc == 2 = 0",
        "picture_header.diff_display_width = max",
        "picture_header: for synthesis_transform_id = max",
        "component_header: if skip_enabled_flag [skip_threshold] = 0",
        "segments: UDI = some",
        "segments: TOH = 0",
        "digest_segment.tensor_digest = max",
    ):
        assert wanted in hit, wanted


def test_every_condition_is_met_both_ways_by_two_streams(usual: Codestream, full: Codestream) -> None:
    hit = coverage(write(usual)) | coverage(write(full))
    rendering = "rendering_information: if "  # present in one of the two only, and there in full
    missing = {name for name in all_bins() if ": if " in name and not name.startswith(rendering)} - hit
    assert missing == set()


def test_mutants_break_exactly_one_clause(usual: Codestream, full: Codestream) -> None:
    for stream in (usual, full):
        for mutant in mutate(write(stream)):
            violations = validate(mutant.data)
            assert violations and violations[0].clause == mutant.clause, mutant


def test_mutants_reach_every_clause_that_can_be_broken(
    usual: Codestream, full: Codestream, tiny: Codestream, tooled: Codestream, strip: Codestream
) -> None:
    reached = {mutant.clause for stream in (usual, full, tiny, tooled, strip) for mutant in mutate(write(stream))}
    tables = syntax()
    wanted = {rule.clause for rule in tables.rules.values()}
    for structure in tables.structures.values():
        for field in fields_of(structure):
            if field.descriptor.kind in ("b", "align"):
                continue
            wanted |= {constraint.clause for constraint in field.constraints}
            bits = field.descriptor.size
            widest = field.descriptor.encodable(bits.evaluate(lambda name: 0)) if bits.text.isdecimal() else (0, -1)
            whole = (field.low.text, field.high.text) == (str(widest[0]), str(widest[1]))
            if not whole or (field.values is not None and len(field.values) <= widest[1]):
                wanted.add(field.clause)
    wanted |= {kind.clause for kind in tables.segments if kind.minimum.text != "0" or kind.maximum.text == "1"}
    other_strip = {"A.2.4", "A.2.5"}  # one strip shows each
    assert wanted - reached <= UNREACHABLE.keys() | other_strip, wanted - reached - UNREACHABLE.keys()
    assert len(other_strip & reached) == 1


def test_junk_never_escapes(full: Codestream) -> None:
    """Bytes overwritten at random in a rich stream: typed errors only, and no mutant of a mutant crashes."""
    data, source = write(full), random.Random(11)
    for _ in range(400):
        damaged = bytearray(data)
        for _ in range(source.randrange(1, 6)):
            damaged[source.randrange(len(damaged))] = source.randrange(256)
        try:
            assert write(read(bytes(damaged))) == damaged
        except RefswError as error:
            assert error.exit_code in (3, 6)


def test_documents_name_every_element() -> None:
    for name, structure in syntax().structures.items():
        text = structure_table(name) + structure_semantics(name)
        for field in fields_of(structure):
            if field.descriptor.kind != "align":
                assert text.count(f"**{field.name}**") == 2
                assert field.semantics in text
    assert all(kind.marker in segment_table() for kind in syntax().segments)


def test_budget(usual: Codestream) -> None:
    bounds = budget(usual)
    assert (bounds.profile, bounds.level, bounds.samples) == ("base", "2", 768 * 512)
    assert bounds.macs == 28_000 * 768 * 512
    assert bounds.components[0].symbols == 160 * 32 * 48
    assert (bounds.components[1].z_bytes, bounds.components[1].residual_bytes) == (40, 100)
