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
TONE_EXPONENT, TONE_GAIN, TONE_COLOUR = 0.35, 0.25, 0.1  # octaves each way: about as far as cameras differ


@dataclass(frozen=True)
class Crops:
    """uint8 [N, 320, 320, 3] each, disjoint by source picture."""

    training: NDArray[np.uint8]
    validation: NDArray[np.uint8]
    training_index: NDArray[np.int64]


def origins(archive: zipfile.ZipFile) -> dict[str, str]:
    """Source picture of every picture in an archive: what its index.tsv says, else the picture itself."""
    names = [n for n in archive.namelist() if n.lower().endswith(SUFFIXES)]
    listed = {}
    if "index.tsv" in archive.namelist():
        rows = archive.read("index.tsv").decode().splitlines()[1:]
        listed = {name: file for name, _, file, *_ in (row.split("\t") for row in rows)}
    return {n: listed.get(Path(n).name, n) for n in names}


def _archives(source: Path) -> list[Path]:
    """The archive that `source` is, or those that lie in it. Raises UsageError."""
    found = sorted(source.rglob("*.zip")) if source.is_dir() else [source]
    for path in found:
        if not zipfile.is_zipfile(path):
            raise UsageError(f"{path}: expected a folder or a zip archive of training pictures")
    return found


def _loose(source: Path) -> list[Path]:
    return sorted(p for p in source.rglob("*") if p.suffix.lower() in SUFFIXES) if source.is_dir() else []


def _pictures(source: Path) -> list[tuple[str, bytes]]:
    """(source picture, encoded bytes) of every crop, sorted by name."""
    out = [(p.name, p.read_bytes()) for p in _loose(source)]
    for path in _archives(source):
        with zipfile.ZipFile(path) as archive:
            out += [(origin, archive.read(name)) for name, origin in sorted(origins(archive).items())]
    return out


def _identity(source: Path) -> str:
    """Names and sizes of all pictures, as 64 hexadecimal digits."""
    listed = [(p.name, p.stat().st_size) for p in _loose(source)]
    for path in _archives(source):
        with zipfile.ZipFile(path) as archive:
            listed += [(i.filename, i.file_size) for i in archive.infolist()]
    return hashlib.sha256(repr(sorted(listed)).encode()).hexdigest()


def _squares(data: bytes) -> list[NDArray[np.uint8]]:
    """Crops of 320 x 320 on a grid; smaller pictures are left out."""
    pixels = np.asarray(PillowImage.open(io.BytesIO(data)).convert("RGB"))
    rows, columns = pixels.shape[0] // SIDE, pixels.shape[1] // SIDE
    return [pixels[r * SIDE :, c * SIDE :][:SIDE, :SIDE] for r in range(rows) for c in range(columns)]


def is_held_out(origin: str) -> bool:
    """Whether a source picture is for validation, chosen by its name alone."""
    return hashlib.sha256(origin.encode()).digest()[0] * HELD_OUT_SHARE < 256


def _held_out(origins: set[str]) -> set[str]:
    """Source pictures for validation: never none of them, never all."""
    chosen = {o for o in origins if is_held_out(o)}
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
    found_in: list[str] = []
    for origin, data in _pictures(source):
        try:
            found = _squares(data)
        except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for damaged pictures
            raise UsageError(f"{source}: {origin}: cannot be read as a picture: {error}") from None
        squares += found
        found_in += [origin] * len(found)
    if len(set(found_in)) < 2:
        raise UsageError(f"{source}: expected at least two pictures of {SIDE} x {SIDE} or more, one to validate on")
    kept = _held_out(set(found_in))
    held_out = [origin in kept for origin in found_in]
    np.save(cache / "crops.npy", np.stack(squares))
    np.save(cache / "held_out.npy", np.array(held_out))
    (cache / "source.txt").write_text(identity)


def load(cache: Path) -> Crops:
    """Open packed crops; the training crops stay on disk (memory map)."""
    crops = np.load(cache / "crops.npy", mmap_mode="r")
    held_out = np.load(cache / "held_out.npy")
    return Crops(crops, np.ascontiguousarray(crops[held_out]), np.flatnonzero(~held_out))


def _toned(piece: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """A crop as under other light: one exponent, and a gain for all colours and for each."""
    exponent = np.exp2(random.uniform(-TONE_EXPONENT, TONE_EXPONENT))
    gain = np.exp2(random.uniform(-TONE_GAIN, TONE_GAIN) + random.uniform(-TONE_COLOUR, TONE_COLOUR, 3))
    table = np.minimum(np.linspace(0, 1, 256)[:, None] ** exponent * gain * 255, 255).round().astype(np.uint8)
    return table[piece, np.arange(3)]


def batch(
    crops: Crops, count: int, side: int, seed: tuple[int, ...], reduce: float = 0.0, tone: float = 0.0
) -> torch.Tensor:
    """Random crops in one of eight orientations: uint8 [count, 3, side, side]. Same seed, same batch.

    reduce: share of the crops that come from a larger square, reduced; tone: share that is seen as under other light.
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
            piece = piece[::-1]
        if random.random() < 0.5:
            piece = piece.swapaxes(0, 1)
        if tone and random.random() < tone:
            piece = _toned(piece, random)
        out[i] = piece
    return torch.from_numpy(out).permute(0, 3, 1, 2)


def unit_range(samples: torch.Tensor, device: str) -> torch.Tensor:
    """uint8 [B, 3, H, W] -> float32, 0..1, on the device: bytes travel there, not floats."""
    return samples.to(device, non_blocking=True).float() / 255


def batches(
    crops: Crops,
    count: int,
    side: int,
    seed: tuple[int, int],
    reduce: float,
    tone: float,
    steps: Sequence[int],
    threads: int = 0,
) -> Iterator[torch.Tensor]:
    """The batch of each step, seeded by (seed[0], step, seed[1]); threads make them ahead, or none and it is made here.

    The batches are the same for any number of threads.
    """

    def make(step: int) -> torch.Tensor:
        return batch(crops, count, side, (seed[0], step, seed[1]), reduce, tone)

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
