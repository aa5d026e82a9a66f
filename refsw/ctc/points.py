# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Measured points: one picture at one quality, their checks, their means, and the journal that keeps them.

Point, Point, ...  --summarise-->  Row per quality  --curve-->  bdrate.Curve per metric
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from refsw.ctc.bdrate import Curve
from refsw.ctc.metrics import decibels, ms_ssim_decibels
from refsw.errors import InputError

# The encoder's estimate may differ from the file by this much: what training prints is what the disk shows.
ESTIMATE_RELATIVE = 0.005
ESTIMATE_BYTES = 64


@dataclass(frozen=True)
class Point:
    """One picture, one codec, one quality.

    key: digest of everything that the point depends on, see `journal_key`; size: bytes of the whole file; pixels:
    H * W; psnr, psnr_y: dB; msssim, msssim_y: 0..1; mse: squared 8-bit steps; encode_s, decode_s: wall seconds;
    encode_cpu_s, decode_cpu_s: processor seconds; estimated_bits: of the file, None for an anchor;
    mismatches: samples in which decoder and encoder's reconstruction differ, None for an anchor.
    """

    key: str
    codec: str
    picture: str
    quality: float
    size: int
    pixels: int
    psnr: float
    psnr_y: float
    msssim: float
    msssim_y: float
    mse: float
    encode_s: float
    decode_s: float
    encode_cpu_s: float
    decode_cpu_s: float
    estimated_bits: float | None = None
    mismatches: int | None = None

    @property
    def bpp(self) -> float:
        """Bits of the whole file per pixel."""
        return 8 * self.size / self.pixels

    @property
    def estimate_error(self) -> float:
        """Estimate minus file, in bytes; 0 for an anchor."""
        return 0.0 if self.estimated_bits is None else self.estimated_bits / 8 - self.size

    def failures(self) -> tuple[str, ...]:
        """What is wrong with this point, one line each."""
        place = f"{self.picture} at quality {self.quality:g}"
        lines = []
        if self.mismatches:
            lines.append(f"{place}: {self.mismatches} decoded samples differ from the encoder's reconstruction")
        if abs(self.estimate_error) > ESTIMATE_RELATIVE * self.size + ESTIMATE_BYTES:
            lines.append(f"{place}: estimate is {self.estimate_error:+.0f} bytes off a file of {self.size} bytes")
        return tuple(lines)


@dataclass(frozen=True)
class Row:
    """Means over all pictures at one quality.

    psnr: mean of the pictures' PSNR; psnr_of_mean: of the mean squared error over all pictures, which hard pictures
    dominate; estimate_error: the relative error of largest magnitude; mismatches: samples, summed.
    """

    codec: str
    quality: float
    pictures: int
    bpp: float
    psnr: float
    psnr_of_mean: float
    psnr_y: float
    msssim: float
    msssim_y: float
    encode_s: float
    decode_s: float
    encode_cpu_s: float
    decode_cpu_s: float
    estimate_error: float
    mismatches: int

    @property
    def msssim_db(self) -> float:
        """-10 log10(1 - mean MS-SSIM)."""
        return ms_ssim_decibels(self.msssim)


def summarise(points: Iterable[Point]) -> tuple[Row, ...]:
    """Rows by codec and rising quality; every quality must have the same pictures."""
    groups: dict[tuple[str, float], list[Point]] = {}
    for point in points:
        groups.setdefault((point.codec, point.quality), []).append(point)
    rows = [_row(codec, quality, group) for (codec, quality), group in sorted(groups.items())]
    pictures = {frozenset(point.picture for point in group) for group in groups.values()}
    if len(pictures) > 1:
        raise InputError("means over different sets of pictures cannot be compared: the run is not complete")
    return tuple(rows)


def _row(codec: str, quality: float, points: Sequence[Point]) -> Row:
    def mean(name: str) -> float:
        return sum(float(getattr(point, name)) for point in points) / len(points)

    return Row(
        codec=codec,
        quality=quality,
        pictures=len(points),
        bpp=mean("bpp"),
        psnr=mean("psnr"),
        psnr_of_mean=decibels(mean("mse")),
        psnr_y=mean("psnr_y"),
        msssim=mean("msssim"),
        msssim_y=mean("msssim_y"),
        encode_s=mean("encode_s"),
        decode_s=mean("decode_s"),
        encode_cpu_s=mean("encode_cpu_s"),
        decode_cpu_s=mean("decode_cpu_s"),
        estimate_error=max((point.estimate_error / point.size for point in points), key=abs),
        mismatches=sum(point.mismatches or 0 for point in points),
    )


def curve(rows: Iterable[Row], codec: str, metric: str) -> Curve:
    """The curve of a codec over a metric of `Row`: "psnr", "msssim_db", ..."""
    return Curve.from_points(codec, [(row.bpp, float(getattr(row, metric))) for row in rows if row.codec == codec])


def journal_key(*parts: object) -> str:
    """Digest of everything that a point depends on: code, settings, picture, quality."""
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()[:24]


def tree_digest(*paths: Path) -> str:
    """SHA-256 over names and contents of files and folders; caches and hidden files left out."""
    state = hashlib.sha256()
    for root in paths:
        files = sorted(p for p in root.rglob("*") if p.is_file()) if root.is_dir() else [root]
        for file in files:
            name = file.relative_to(root).as_posix() if root.is_dir() else file.name
            if "__pycache__" in name or any(part.startswith(".") for part in name.split("/")):
                continue
            state.update(f"{name} {file.stat().st_size}\n".encode())
            state.update(file.read_bytes())
    return state.hexdigest()


class Journal:
    """Points as JSON lines, appended as they are measured, so that a stopped run can be continued.

    A point is found again by its key alone: with other code, weights, settings or pictures it is measured anew.
    """

    def __init__(self, path: Path | None, *, resume: bool = False) -> None:
        self._path = path
        self._points: dict[str, Point] = {}
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        if resume and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    point = Point(**json.loads(line))
                except (ValueError, TypeError):
                    continue  # a line that was cut off when the run was stopped: measured again
                self._points[point.key] = point
        kept = "".join(json.dumps(asdict(point)) + "\n" for point in self._points.values())
        path.write_text(kept, encoding="utf-8")

    def __len__(self) -> int:
        return len(self._points)

    def find(self, key: str, picture: str) -> Point | None:
        """The point of that key, under the picture's present name."""
        point = self._points.get(key)
        return None if point is None else replace(point, picture=picture)

    def add(self, point: Point) -> None:
        """Keeps a point, on disk at once."""
        self._points[point.key] = point
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(point)) + "\n")
