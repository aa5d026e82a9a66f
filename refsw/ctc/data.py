# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Source pictures: files of a folder that have the samples which common test conditions ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from refsw.ctc.conditions import Picture
from refsw.ctc.results import ImageRecord
from refsw.errors import ImageError, InputError, UsageError
from refsw.io import read_image
from refsw.types import Image, digest

VARIABLE = "REFSW_CTC_DATA"
SUFFIXES = (".png", ".ppm", ".pgm", ".tif", ".tiff", ".webp", ".bmp")
NAMED = 3  # missing pictures that a message names
LOSSLESS = (".png", ".ppm", ".pgm")


@dataclass(frozen=True)
class Source:
    """A picture and where it is. file below folder, so that a worker elsewhere can look in a folder of its own."""

    record: ImageRecord
    folder: Path

    @property
    def path(self) -> Path:
        """On this machine: below the folder, or else below that of the environment variable."""
        own = self.folder / self.record.file
        other = os.environ.get(VARIABLE)
        return own if own.exists() or not other else Path(other) / self.record.file

    def read(self) -> Image:
        """The picture without what the metrics do not look at. Raises ImageError, also if it is not the planned one."""
        image = plain_image(read_image(self.path))
        if digest(image.samples) != self.record.sha256:
            raise ImageError(f"{self.path}: its samples are not those of {self.record.name} in the plan")
        return image


def plain_image(image: Image) -> Image:
    """Samples alone: alpha and metadata would be counted in some files and not in others."""
    if image.chroma is not None or image.ycbcr:
        raise ImageError("a source picture is grey or RGB, not Y Cb Cr")
    return Image(image.samples, image.bit_depth)


def find_pictures(folder: Path, count: int | None = None) -> list[Path]:
    """Pictures right inside a folder by name; with a count, that many, spread evenly. Raises InputError, UsageError."""
    found = sorted(path for path in folder.glob("*") if path.suffix.lower() in LOSSLESS)
    if not found:
        raise InputError(f"{folder}: no pictures ({', '.join(LOSSLESS)})")
    if count is None or count >= len(found):
        return found
    if count < 1:
        raise UsageError(f"--images {count}: at least 1")
    return [found[n * len(found) // count] for n in range(count)]


def find_sources(pictures: Sequence[Picture], folder: Path | None) -> tuple[Source, ...]:
    """The files of all pictures, in their order.

    folder: None for that of the environment variable. Raises UsageError without a folder, InputError if one is absent.
    """
    folder = _folder(folder)
    found: dict[str, Source] = {}
    for picture in pictures:
        path = folder / picture.file
        if path.is_file():
            _add(found, path, folder)
    if any(picture.sha256 not in found for picture in pictures):
        known = {picture.file for picture in pictures}
        for path in _files(folder):
            if path.relative_to(folder).as_posix() not in known:
                _add(found, path, folder)
    lacking = [picture.name for picture in pictures if picture.sha256 not in found]
    if lacking:
        names = ", ".join(lacking[:NAMED]) + (f" and {len(lacking) - NAMED} more" if len(lacking) > NAMED else "")
        raise InputError(f"{folder}: no file has the samples of {names}")
    return tuple(_renamed(found[picture.sha256], picture.name) for picture in pictures)


def _folder(folder: Path | None) -> Path:
    if folder is None:
        given = os.environ.get(VARIABLE)
        if not given:
            raise UsageError(f"where are the pictures? --data FOLDER, or the environment variable {VARIABLE}")
        folder = Path(given)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    return folder.resolve()


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())


def _add(found: dict[str, Source], path: Path, folder: Path) -> None:
    try:
        image = plain_image(read_image(path))
    except InputError:  # some other file of the folder, or a damaged copy: what is missing in the end is named
        return
    sha256 = digest(image.samples)
    name = path.relative_to(folder).as_posix()
    record = ImageRecord(path.stem, name, image.width, image.height, image.bit_depth, sha256)
    found.setdefault(sha256, Source(record, folder))


def _renamed(source: Source, name: str) -> Source:
    old = source.record
    record = ImageRecord(name, old.file, old.width, old.height, old.bit_depth, old.sha256)
    return Source(record, source.folder)
