# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Every program and .jaif: the same picture, the same metadata, and back to the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

import refsw
import refsw.pillow
from refsw import container
from refsw.cli.dec import main as decode
from refsw.cli.enc import main as encode
from refsw.cli.extract import main as extract
from refsw.cli.probe import main as probe
from refsw.io import read_image, write_image
from refsw.types import ContentLight, Metadata
from tests.support.boxes import CARRIED
from tests.support.tiny import Started, picture

METADATA = replace(CARRIED, content_light=ContentLight(1000, 400))


@pytest.fixture(scope="module")
def made(started: Started, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with photo.png and its .jai and .jaif."""
    folder = tmp_path_factory.mktemp("jaif")
    write_image(folder / "photo.png", replace(picture(3, 70, 90), metadata=METADATA))
    for name in ("photo.jai", "photo.jaif"):
        assert encode([f"{folder}/photo.png", "-o", f"{folder}/{name}", "--set", f"model={started.folder.name}"]) == 0
    return folder


def test_both_show_the_same_picture(made: Path, tmp_path: Path) -> None:
    for name in ("photo.jai", "photo.jaif"):
        assert decode([f"{made}/{name}", "-o", f"{tmp_path}/{name}.png"]) == 0
    first, second = (read_image(tmp_path / f"{name}.png") for name in ("photo.jai", "photo.jaif"))
    assert np.array_equal(first.samples, second.samples) and first.metadata == second.metadata
    assert replace(first.metadata, user_data=()) == METADATA
    assert refsw.decode((made / "photo.jaif").read_bytes()).metadata == METADATA


def test_out_and_in_again(made: Path, tmp_path: Path) -> None:
    assert extract([f"{made}/photo.jaif", "-o", f"{tmp_path}/a.jai"]) == 0
    assert (tmp_path / "a.jai").read_bytes() == (made / "photo.jai").read_bytes()
    assert extract([f"{tmp_path}/a.jai", "-o", f"{tmp_path}/a.jaif"]) == 0
    assert (tmp_path / "a.jaif").read_bytes() == (made / "photo.jaif").read_bytes()
    assert extract([f"{made}/photo.jaif", "-o", f"{tmp_path}/b.jaif", "--drop", "metadata"]) == 0
    assert container.opened((tmp_path / "b.jaif").read_bytes()).metadata == Metadata()


def test_probe(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert probe([f"{made}/photo.jaif"]) == 0
    shown = capsys.readouterr().out
    assert all(part in shown for part in ("(ftyp)", "(rfsw)", "image_width", "picture_header.bit_depth_idc"))
    assert probe([f"{made}/photo.jaif", "--validate"]) == 0
    assert probe([f"{made}/photo.jaif", "--complexity"]) == 0
    (tmp_path / "bad.jaif").write_bytes((made / "photo.jaif").read_bytes()[:-3])
    assert probe([f"{tmp_path}/bad.jaif", "--validate"]) == 3
    found = capsys.readouterr()
    assert found.err.count("\n") == 1 and "mdat" in found.err and "F.20.1" in found.err


def test_many_files(made: Path, tmp_path: Path, started: Started, capsys: pytest.CaptureFixture[str]) -> None:
    model = ["--set", f"model={started.folder.name}"]
    (tmp_path / "in").mkdir()
    for index in range(2):
        write_image(tmp_path / "in" / f"{index}.png", picture(index, 40, 50))
    assert encode([f"{tmp_path}/in", "-o", f"{tmp_path}/out/{{stem}}.jaif", *model]) == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["0.jaif", "1.jaif"]
    (tmp_path / "out" / "2.jaif").write_bytes(b"\0\0\0\x08ftyp")
    assert decode([f"{tmp_path}/out", "-o", f"{tmp_path}/shown"]) == 3
    assert sorted(p.name for p in (tmp_path / "shown").iterdir()) == ["0.png", "1.png"]
    assert "2.jaif: byte 8: ftyp" in capsys.readouterr().err


def test_a_file_that_ends_early(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = (made / "photo.jaif").read_bytes()
    (tmp_path / "cut.jaif").write_bytes(data[: len(data) - 300])
    assert decode([f"{tmp_path}/cut.jaif", "-o", f"{tmp_path}/cut.png"]) == 3
    assert not (tmp_path / "cut.png").exists()
    assert decode([f"{tmp_path}/cut.jaif", "-o", f"{tmp_path}/cut.png", "--conceal"]) == 0
    assert "reading ended early" in capsys.readouterr().err
    assert read_image(tmp_path / "cut.png").metadata.icc == METADATA.icc


def test_pillow(made: Path, tmp_path: Path) -> None:
    with PillowImage.open(made / "photo.jaif") as opened:
        assert (opened.format, opened.size, opened.mode) == ("JAIF", (90, 70), "RGB")
        assert opened.info["icc_profile"] == METADATA.icc and opened.info["xmp"] == METADATA.xmp
        again = np.asarray(opened)
    assert np.array_equal(again, np.asarray(PillowImage.open(made / "photo.jai")))


@pytest.fixture
def saved(started: Started, tmp_path: Path) -> Callable[[str], bytes]:
    from refsw.config import find_config

    text = find_config("base").read_text(encoding="utf-8").replace("model: base", f"model: {started.folder.name}")
    (tmp_path / "own.yaml").write_text(text, encoding="utf-8")

    def save(name: str) -> bytes:
        image = PillowImage.fromarray(picture(1, 30, 20).samples)
        image.save(tmp_path / name, config=str(tmp_path / "own.yaml"), icc_profile=b"profile")
        return (tmp_path / name).read_bytes()

    return save


def test_pillow_saves_by_extension(saved: Callable[[str], bytes]) -> None:
    assert container.wrapped(saved("a.jai")) == saved("a.jaif")
    assert container.opened(saved("a.jaif")).metadata.icc == b"profile"
