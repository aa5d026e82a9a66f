# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Training pictures: packed once into one array, then cropped at random."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as PillowImage

from refsw.errors import UsageError
from refsw.train.recipe import SIDE

SUFFIXES = (".png", ".jpg", ".jpeg", ".ppm", ".webp")
HELD_OUT_SHARE = 40  # one source picture in 40 is kept for validation


@dataclass(frozen=True)
class Crops:
    """uint8 [N, 320, 320, 3] each, disjoint by source picture."""

    training: NDArray[np.uint8]
    validation: NDArray[np.uint8]
    training_index: NDArray[np.int64]


def _pictures(source: Path) -> list[tuple[str, bytes]]:
    """(source picture, encoded bytes) of every crop, sorted by name."""
    if source.is_dir():
        files = sorted(p for p in source.rglob("*") if p.suffix.lower() in SUFFIXES)
        return [(p.name, p.read_bytes()) for p in files]
    with zipfile.ZipFile(source) as archive:
        names = sorted(n for n in archive.namelist() if n.lower().endswith(SUFFIXES))
        origin = {}
        if "index.tsv" in archive.namelist():
            rows = archive.read("index.tsv").decode().splitlines()[1:]
            origin = {name: file for name, _, file, *_ in (row.split("\t") for row in rows)}
        return [(origin.get(Path(n).name, n), archive.read(n)) for n in names]


def _identity(source: Path) -> str:
    """Names and sizes of all pictures, as 64 hexadecimal digits."""
    if source.is_dir():
        listed = [(p.name, p.stat().st_size) for p in source.rglob("*") if p.suffix.lower() in SUFFIXES]
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            listed = [(i.filename, i.file_size) for i in archive.infolist()]
    else:
        raise UsageError(f"{source}: expected a folder or a zip archive of training pictures")
    return hashlib.sha256(repr(sorted(listed)).encode()).hexdigest()


def _squares(data: bytes) -> list[NDArray[np.uint8]]:
    """Crops of 320 x 320 on a grid; smaller pictures are left out."""
    pixels = np.asarray(PillowImage.open(io.BytesIO(data)).convert("RGB"))
    rows, columns = pixels.shape[0] // SIDE, pixels.shape[1] // SIDE
    return [pixels[r * SIDE :, c * SIDE :][:SIDE, :SIDE] for r in range(rows) for c in range(columns)]


def _held_out(origins: set[str]) -> set[str]:
    """Source pictures for validation, chosen by name alone; never none of them, never all."""
    chosen = {o for o in origins if hashlib.sha256(o.encode()).digest()[0] * HELD_OUT_SHARE < 256}
    return chosen if 0 < len(chosen) < len(origins) else set(sorted(origins)[::HELD_OUT_SHARE])


def pack(source: Path, cache: Path) -> None:
    """Decode all crops of `source` into cache/crops.npy and their held-out flags into cache/held_out.npy.

    Raises UsageError where `source` has no pictures to train and to validate on, or one that cannot be read.
    """
    if not source.exists():
        raise UsageError(f"{source}: training pictures not found")
    identity = _identity(source)
    if (cache / "held_out.npy").exists() and (cache / "source.txt").exists():
        if (cache / "source.txt").read_text() != identity:
            raise UsageError(f"{source}: the run in {cache.parent} began with other pictures; give it a new folder")
        return
    cache.mkdir(parents=True, exist_ok=True)
    squares: list[NDArray[np.uint8]] = []
    origins: list[str] = []
    for origin, data in _pictures(source):
        try:
            found = _squares(data)
        except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for damaged pictures
            raise UsageError(f"{source}: {origin}: cannot be read as a picture: {error}") from None
        squares += found
        origins += [origin] * len(found)
    if len(set(origins)) < 2:
        raise UsageError(f"{source}: expected at least two pictures of {SIDE} x {SIDE} or more, one to validate on")
    kept = _held_out(set(origins))
    held_out = [origin in kept for origin in origins]
    np.save(cache / "crops.npy", np.stack(squares))
    np.save(cache / "held_out.npy", np.array(held_out))
    (cache / "source.txt").write_text(identity)


def load(cache: Path) -> Crops:
    """Open packed crops; the training crops stay on disk (memory map)."""
    crops = np.load(cache / "crops.npy", mmap_mode="r")
    held_out = np.load(cache / "held_out.npy")
    return Crops(crops, np.ascontiguousarray(crops[held_out]), np.flatnonzero(~held_out))


def batch(crops: Crops, count: int, side: int, seed: tuple[int, ...], reduce: float = 0.0) -> torch.Tensor:
    """Random crops, mirrored and transposed: float32 [count, 3, side, side], 0..1. Same seed, same batch.

    reduce: share of the crops that come from a larger square, reduced.
    """
    random = np.random.default_rng(seed)
    out = np.empty((count, side, side, 3), np.uint8)
    for i, chosen in enumerate(random.choice(crops.training_index, count)):
        square = int(random.integers(side, SIDE + 1)) if random.random() < reduce else side
        top, left = random.integers(0, SIDE - square + 1, 2)
        piece = crops.training[chosen, top : top + square, left : left + square]
        if square > side:
            piece = np.asarray(PillowImage.fromarray(piece).resize((side, side), PillowImage.Resampling.BICUBIC))
        if random.random() < 0.5:
            piece = piece[:, ::-1]
        if random.random() < 0.5:
            piece = piece.swapaxes(0, 1)
        out[i] = piece
    return torch.from_numpy(out).permute(0, 3, 1, 2).float() / 255


def batches(
    crops: Crops, count: int, side: int, seed: tuple[int, int], reduce: float, steps: Sequence[int], threads: int = 0
) -> Iterator[torch.Tensor]:
    """The batch of each step, seeded by (seed[0], step, seed[1]); threads make them ahead, or none and it is made here.

    The batches are the same for any number of threads.
    """

    def make(step: int) -> torch.Tensor:
        return batch(crops, count, side, (seed[0], step, seed[1]), reduce)

    if not threads:
        yield from map(make, steps)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[torch.Tensor]] = deque()
        for step in steps:
            waiting.append(pool.submit(make, step))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
