# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as PillowImage

from refsw.errors import UsageError
from refsw.train.data import Crops, batch, batches, load, pack
from refsw.train.recipe import SIDE


def flat(folder: Path, values: list[int], crops: tuple[int, int] = (1, 1)) -> Path:
    """One picture of a single colour for each value: a crop tells which picture it comes from."""
    folder.mkdir()
    for value in values:
        pixels = np.full((crops[0] * SIDE + 3, crops[1] * SIDE + 5, 3), value, np.uint8)
        PillowImage.fromarray(pixels).save(folder / f"p{value:03d}.png", compress_level=1)
    return folder


def sources(crops: Crops) -> tuple[set[int], set[int]]:
    """Values of the pictures in the training and the validation part."""
    training = {int(crops.training[i, 0, 0, 0]) for i in crops.training_index}
    return training, {int(v) for v in crops.validation[:, 0, 0, 0]}


def test_pictures_become_crops_on_a_grid(tmp_path: Path) -> None:
    pack(flat(tmp_path / "in", [10, 20, 30], (1, 2)), tmp_path / "cache")
    crops = load(tmp_path / "cache")
    assert crops.training.shape == (6, SIDE, SIDE, 3) and crops.training.dtype == np.uint8
    assert len(crops.training_index) + len(crops.validation) == 6


@pytest.mark.parametrize("values", [[1, 2], [7, 8, 9], list(range(20, 28))], ids=len)
def test_no_picture_is_on_both_sides(tmp_path: Path, values: list[int]) -> None:
    """Crops of one picture look alike: a split inside it would make validation look better than it is."""
    pack(flat(tmp_path / "in", values, (1, 2)), tmp_path / "cache")
    training, validation = sources(load(tmp_path / "cache"))
    assert training and validation
    assert not training & validation
    assert training | validation == set(values)


def test_zip_with_index_is_split_by_source_picture(tmp_path: Path) -> None:
    archive = tmp_path / "crops.zip"
    with zipfile.ZipFile(archive, "w") as out:
        rows = ["crop\tset\tfile\tleft"]
        for value in range(12):
            path = tmp_path / "one.png"
            PillowImage.fromarray(np.full((SIDE, SIDE, 3), value, np.uint8)).save(path, compress_level=1)
            out.write(path, f"crops/{value}.png")
            rows.append(f"{value}.png\ttrain\tsource{value // 3}.jpg\t0")
        out.writestr("index.tsv", "\n".join(rows) + "\n")
    pack(archive, tmp_path / "cache")
    training, validation = sources(load(tmp_path / "cache"))
    assert training and validation
    assert not {v // 3 for v in training} & {v // 3 for v in validation}


def test_the_split_is_the_same_every_time(tmp_path: Path) -> None:
    source = flat(tmp_path / "in", [1, 2, 3])
    for name in ("a", "b"):
        pack(source, tmp_path / name)
    assert sources(load(tmp_path / "a")) == sources(load(tmp_path / "b"))


def test_packed_data_is_kept(tmp_path: Path) -> None:
    source = flat(tmp_path / "in", [1, 2])
    pack(source, tmp_path / "cache")
    before = (tmp_path / "cache" / "crops.npy").stat().st_mtime_ns
    pack(source, tmp_path / "cache")
    assert (tmp_path / "cache" / "crops.npy").stat().st_mtime_ns == before


def refused(source: Path, cache: Path) -> str:
    with pytest.raises(UsageError) as caught:
        pack(source, cache)
    assert not (cache / "held_out.npy").exists()
    text = str(caught.value)
    assert "\n" not in text and str(source) in text
    return text


def test_sources_that_do_not_serve(tmp_path: Path) -> None:
    assert "not found" in refused(tmp_path / "none", tmp_path / "cache")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", tmp_path / "cache")
    small = tmp_path / "small"
    small.mkdir()
    for name in "ab":
        PillowImage.new("RGB", (SIDE - 1, SIDE)).save(small / f"{name}.png")
    assert str(SIDE) in refused(small, tmp_path / "cache")
    refused(flat(tmp_path / "one", [5], (1, 2)), tmp_path / "cache")  # nothing left to validate on


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    text = tmp_path / "crops.zip"
    text.write_text("no archive")
    refused(text, tmp_path / "cache")
    broken = flat(tmp_path / "broken", [1, 2])
    (broken / "x.png").write_bytes(b"no picture")
    assert "x.png" in refused(broken, tmp_path / "cache")


def test_batches_are_repeatable_crops(packed: Path) -> None:
    crops = load(packed)
    first, again, other = (batch(crops, 5, 64, seed) for seed in ((1, 2, 0), (1, 2, 0), (1, 3, 0)))
    assert first.shape == (5, 3, 64, 64) and first.dtype == torch.uint8
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert batch(crops, 1, SIDE, (0, 0, 0)).shape == (1, 3, SIDE, SIDE)


def test_batches_never_show_validation_pictures(tmp_path: Path) -> None:
    pack(flat(tmp_path / "in", [1, 2, 3]), tmp_path / "cache")
    crops = load(tmp_path / "cache")
    seen = {int(v) for v in (batch(crops, 64, 64, (0, 0, 0))[:, 0, 0, 0])}
    training, validation = sources(crops)
    assert seen == training and not seen & validation


def test_batches_are_the_same_for_any_number_of_threads(tmp_path: Path) -> None:
    pack(flat(tmp_path / "in", [10, 20, 30, 40], (1, 2)), tmp_path / "cache")
    crops = load(tmp_path / "cache")
    made = [list(batches(crops, 3, 64, (7, 1), 0.5, 0.5, range(4, 9), threads)) for threads in (0, 1, 3)]
    assert [len(m) for m in made] == [5, 5, 5]
    for alone, one, three in zip(*made, strict=True):
        assert torch.equal(alone, one) and torch.equal(alone, three)
    assert torch.equal(made[0][2], batch(crops, 3, 64, (7, 6, 1), 0.5, 0.5))


def test_reduced_crops_show_more_of_the_picture(tmp_path: Path) -> None:
    """On a picture that brightens to the right, a reduced crop spans more grey levels than one at full size."""
    (tmp_path / "in").mkdir()
    for value in range(2):
        pixels = np.broadcast_to(np.linspace(0, 250, SIDE)[None, :, None] + value, (SIDE, SIDE, 3)).astype(np.uint8)
        PillowImage.fromarray(np.ascontiguousarray(pixels)).save(tmp_path / "in" / f"{value}.png")
    pack(tmp_path / "in", tmp_path / "cache")
    crops = load(tmp_path / "cache")

    def spans(reduce: float) -> list[float]:
        pictures = batch(crops, 24, 64, (1,), reduce).float() / 255
        return [float(p.max() - p.min()) for p in pictures]

    assert max(spans(0.0)) < 0.25 < 0.4 < max(spans(1.0)) and min(spans(1.0)) > 0.15


def test_tone_changes_a_crop_as_light_does(tmp_path: Path) -> None:
    """Half of the crops of a grey ramp take on colour; each colour's levels keep their order."""
    (tmp_path / "in").mkdir()
    ramp = np.linspace(20, 235, SIDE)[None, :, None].repeat(SIDE, 0).repeat(3, 2)
    for value in range(2):
        PillowImage.fromarray((ramp + value).astype(np.uint8)).save(tmp_path / "in" / f"{value}.png")
    pack(tmp_path / "in", tmp_path / "cache")
    crops = load(tmp_path / "cache")
    plain, changed = batch(crops, 1, 64, (3,)), batch(crops, 1, 64, (3,), 0.0, 1.0)
    assert torch.equal(plain, batch(crops, 1, 64, (3,), 0.0, 0.0)) and not torch.equal(plain, changed)
    for before, after in zip(plain.reshape(3, -1), changed.reshape(3, -1), strict=True):
        assert bool((after[before.argsort()].int().diff() >= 0).all())
    pictures = batch(crops, 40, 64, (3,), 0.0, 0.5)
    assert 10 <= sum(bool((p[0] != p[1]).any()) for p in pictures) <= 30


def test_crops_come_in_all_eight_orientations(tmp_path: Path) -> None:
    quarters = np.array([[40, 80], [120, 160]], np.uint8)
    corners = quarters.repeat(SIDE // 2, 0).repeat(SIDE // 2, 1)[..., None].repeat(3, 2)
    crops = Crops(corners[None], corners[None], np.zeros(1, np.int64))
    first, last = [0, 0, -1], [0, -1, 0]
    seen = {tuple(piece[0, first, last].tolist()) for piece in batch(crops, 128, SIDE, (3,))}
    assert len(seen) == 8
