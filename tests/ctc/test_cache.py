# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The cache gives back what it was given, and nothing that is damaged."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from refsw.ctc.cache import Cache, Coding, Value
from refsw.ctc.results import Timing
from refsw.errors import OutputError

STREAM = b"codestream"
CODING = Coding(
    "toy", 64, "quality 3", 10, hashlib.sha256(STREAM).hexdigest(), "ab" * 32, None, (Timing(0.5, 0.25, 1, 0),), 0.125
)
VALUE = Value("psnr_y", 64, 31.5, 0.5)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    filled = Cache(tmp_path / "cache")
    filled.put_coding("c" * 64, CODING, STREAM)
    filled.put_value("v" * 64, VALUE)
    return filled


def test_what_was_kept_comes_back(cache: Cache) -> None:
    assert cache.coding("c" * 64) == CODING
    assert cache.value("v" * 64) == VALUE
    assert cache.stream(CODING.stream_sha256) == STREAM
    assert list(cache.codings()) == [CODING] and list(cache.values()) == [VALUE]


def test_what_was_not_kept_is_absent(cache: Cache, tmp_path: Path) -> None:
    assert cache.coding("d" * 64) is None and cache.value("d" * 64) is None and cache.stream("d" * 64) is None
    assert list(Cache(tmp_path / "none").codings()) == []


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: b"", lambda data: data.replace(b"10", b"ten")])
def test_a_damaged_file_is_absent_and_can_be_written_again(cache: Cache, damage: object) -> None:
    for path in [path for path in cache.folder.rglob("*") if path.is_file()]:
        path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    assert cache.coding("c" * 64) is None
    assert damage(STREAM) == STREAM or cache.stream(CODING.stream_sha256) is None  # type: ignore[operator]
    cache.put_coding("c" * 64, CODING, STREAM)
    assert cache.coding("c" * 64) == CODING and cache.stream(CODING.stream_sha256) == STREAM


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be made"):
        Cache(tmp_path / "file").put_value("v" * 64, VALUE)
