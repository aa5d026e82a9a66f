# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Replays tests/hostile/corpus, what the fuzzers found or reached, and tests the fuzzers themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz_checks import check, reduced, with_digest
from fuzz_decoder import signature
from fuzz_worker import FILES, hostile_at
from hostile_files import wrapped_with_everything

from refsw import syntax
from refsw.decode import parse
from refsw.decode.model import Model
from refsw.decode.picture import decode_picture, load_model
from refsw.decode.select import Selection
from refsw.errors import RefswError
from refsw.syntax import reader

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*"))


@pytest.fixture(scope="module")
def model(sound: list[bytes]) -> Model:
    return load_model(syntax.read(sound[0]).picture_header)


def test_the_corpus_is_small() -> None:
    assert CORPUS and sum(path.stat().st_size for path in CORPUS) < 128 << 10


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_corpus(path: Path, model: Model) -> None:
    data = with_digest(path.read_bytes(), model)
    assert check(data, model).complaint == ""
    for conceal in (False, True):
        try:
            decoded = decode_picture(data, model=model, keep=False, selection=Selection(conceal=conceal))
        except RefswError as error:
            assert error.exit_code in (3, 6)
        else:
            header = decoded.codestream.picture_header
            assert (decoded.image.width, decoded.image.height) == (header.width, header.height)


def test_sound_files_pass(sound: list[bytes], model: Model) -> None:
    for data in sound:
        for own in (data, wrapped_with_everything(data)):
            assert check(own, model) == check(with_digest(own, model), model)
            assert (check(own, model).code, check(own, model).complaint) == (0, "")


def test_mutants_pass(sound: list[bytes], model: Model) -> None:
    files = [wrapped_with_everything(data) for data in sound]
    codes, kinds = set[int](), set[str]()
    for index in range(160):
        mutant = hostile_at(sound, files, index, 2)
        if mutant is not None:
            found = check(mutant.data, model)
            assert found.complaint == "", (index, mutant.kind)
            codes.add(found.code)
            kinds.add(mutant.kind.partition("_")[0])
    assert codes == {0, 3, 6} and len(kinds) == 11
    first, again = (hostile_at(sound, files, FILES * 7, 2) for _ in range(2))
    assert first == again is not None


def test_a_defect_is_found_and_reduced(sound: list[bytes], model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks are checked: a reader that reads too much, a traceback, a reader that disagrees with the writer."""
    def broken(header: object, model: object) -> None:
        raise IndexError("list index out of range")

    with monkeypatch.context() as patch:
        patch.setattr(parse, "check_supported", broken)
        found = check(sound[0] + b"\0" * 9, model)
        assert found.code == 5 and signature(found.complaint) == "IndexError in parse.py:parse_regions"
    sound_value = reader.BitReader.unsigned
    with monkeypatch.context() as patch:
        patch.setattr(reader.BitReader, "unsigned", lambda self, bits: sound_value(self, bits) & ~(bits == 12))
        assert "written back" in check(sound[1], model).complaint
    data = bytes(100) + b"needle" + bytes(57)
    assert reduced(data, lambda part: b"needle" in part) == b"needle"
