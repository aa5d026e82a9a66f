# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Pictures are found by what they are, whatever they are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from refsw.ctc.data import VARIABLE, find_sources
from refsw.errors import ImageError, InputError, UsageError
from refsw.io import read_image, write_image
from tests.support.ctc import write_pictures


def test_by_name_in_the_order_asked_for(tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path / "data", 0, 1)
    sources = find_sources(pictures[::-1], tmp_path / "data")
    assert [source.record.name for source in sources] == ["p1", "p0"]
    assert sources[0].record.sha256 == pictures[1].sha256
    assert (sources[0].record.width, sources[0].record.height, sources[0].record.bit_depth) == (64, 48, 8)
    assert sources[0].read().samples.shape == (48, 64, 3)


def test_by_samples_under_another_name_and_format(tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path / "data", 0, 1)
    (tmp_path / "data" / "deep").mkdir()
    write_image(tmp_path / "data" / "deep" / "other.ppm", read_image(tmp_path / "data" / "p1.png"))
    (tmp_path / "data" / "p1.png").write_bytes((tmp_path / "data" / "p0.png").read_bytes())
    (tmp_path / "data" / "junk.png").write_bytes(b"junk")
    sources = find_sources(pictures, tmp_path / "data")
    assert [(s.record.name, s.record.file) for s in sources] == [("p0", "p0.png"), ("p1", "deep/other.ppm")]


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path / "data", *range(6))
    for index in range(1, 6):
        (tmp_path / "data" / f"p{index}.png").unlink()
    with pytest.raises(InputError, match="no file has the samples of p1, p2, p3 and 2 more"):
        find_sources(pictures, tmp_path / "data")


def test_a_worker_looks_in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = find_sources(write_pictures(tmp_path / "data", 0), tmp_path / "data")
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    with pytest.raises(ImageError):
        source.read()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "elsewhere"))
    assert source.read().width == 64


def test_a_picture_that_changed_is_refused(tmp_path: Path) -> None:
    (source,) = find_sources(write_pictures(tmp_path / "data", 0), tmp_path / "data")
    write_pictures(tmp_path / "data", 1)
    with pytest.raises(ImageError, match="not those of p0"):
        source.read()


def test_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(UsageError, match="--data FOLDER"):
        find_sources((), None)
    with pytest.raises(InputError, match="no such folder"):
        find_sources((), tmp_path / "none")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert find_sources((), None) == ()
