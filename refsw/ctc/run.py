# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Measuring a codec and its anchors on pictures: the part of a run that a tool or a report builds on.

picture --Station--> Points of refsw     picture --anchor_points--> Points of the anchors     rows --compare--> BD
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

import refsw
from refsw.config import find_config, load_config
from refsw.ctc import anchors, metrics
from refsw.ctc.bdrate import bd_rate
from refsw.ctc.codec import Format
from refsw.ctc.points import Journal, Point, Row, curve, journal_key, tree_digest
from refsw.ctc.worker import CODEC, CodecProcess, DecodeRequest, EncodeRequest
from refsw.errors import InputError, UsageError
from refsw.io import read_image
from refsw.models import load_package
from refsw.resources import spec_dir
from refsw.types import Image

SUFFIXES = (".png", ".ppm", ".pgm")


@dataclass(frozen=True)
class Conditions:
    """What every codestream of a run has in common: configuration file, codec module, threads of each process."""

    config: str
    codec: str = CODEC
    threads: int = 1

    def key(self) -> str:
        """Digest of code, weights, specification, configuration and threads."""
        text = find_config(self.config).read_text(encoding="utf-8")
        # The package may lie outside the checkout (REFSW_MODELS); another codec than refsw's has its own.
        package = load_package(load_config(self.config).model).digest if self.codec == CODEC else ""
        return journal_key(code_digest(), self.codec, text, package, self.threads)


def find_pictures(folder: Path, count: int | None) -> list[Path]:
    """Pictures of a folder by name; with a count, that many, spread evenly."""
    found = sorted(path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES)
    if not found:
        raise InputError(f"{folder}: no pictures ({', '.join(SUFFIXES)})")
    if count is None or count >= len(found):
        return found
    if count < 1:
        raise UsageError(f"--images {count}: at least 1")
    return [found[n * len(found) // count] for n in range(count)]


def code_digest() -> str:
    """Digest of all code, weights and specification data: what refsw makes of a picture depends on nothing else."""
    return tree_digest(Path(refsw.__file__).parent, spec_dir())


class Station:
    """An encoder process and a decoder process that work together; started when first needed."""

    def __init__(self, conditions: Conditions, journal: Journal, stack: ExitStack, folder: Path) -> None:
        self._conditions, self._journal, self._stack, self._folder = conditions, journal, stack, folder
        self._key = conditions.key()
        self._pair: tuple[CodecProcess, CodecProcess] | None = None

    def measure(self, picture: Path, qualities: Iterable[float]) -> Iterator[Point]:
        """Points of one picture at all qualities."""
        source = tree_digest(picture)
        for quality in qualities:
            key = journal_key(self._key, source, quality)
            point = self._journal.find(key, picture.name)
            if point is None:
                point = self._point(key, picture, quality)
                self._journal.add(point)
            yield point

    def _processes(self) -> tuple[CodecProcess, CodecProcess]:
        if self._pair is None:
            self._folder.mkdir()
            use = self._conditions
            encoder, decoder = (
                self._stack.enter_context(CodecProcess(role, use.config, codec=use.codec, threads=use.threads))
                for role in ("encode", "decode")
            )
            self._pair = encoder, decoder
        return self._pair

    def _point(self, key: str, picture: Path, quality: float) -> Point:
        encoder, decoder = self._processes()
        stream, reconstruction, samples = (self._folder / n for n in ("picture.jai", "encoder.npy", "decoder.npy"))
        encoded = encoder.run(EncodeRequest(str(picture), quality, str(stream), str(reconstruction)))
        decoded = decoder.run(DecodeRequest(str(stream), str(samples)))
        theirs, ours = np.load(reconstruction), np.load(samples)
        same_shape = theirs.shape == ours.shape and theirs.dtype == ours.dtype
        image = read_image(picture)
        return make_point(
            (key, "refsw", picture.name, quality),
            stream.stat().st_size,
            image,
            Image(ours, image.bit_depth),
            (encoded.seconds, decoded.seconds, encoded.cpu_seconds, decoded.cpu_seconds),
            estimated_bits=encoded.estimated_bits,
            mismatches=int(np.count_nonzero(theirs != ours)) if same_shape else ours.size,
        )


def anchor_points(picture: Path, codecs: Iterable[anchors.Anchor], journal: Journal) -> Iterator[Point]:
    """Points of one picture with every anchor at all its qualities."""
    image, source = read_image(picture), tree_digest(picture)
    measuring_code = tree_digest(Path(anchors.__file__ or "").parent, Path(metrics.__file__ or "").parent)
    for codec in codecs:
        for quality in codec.qualities:
            key = journal_key(codec.name, codec.settings, anchors.library_versions(), measuring_code, source, quality)
            point = journal.find(key, picture.name)
            if point is None:
                start = perf_counter(), process_time()
                data = codec.encode(image, quality).data
                middle = perf_counter(), process_time()
                decoded = codec.decode(data, Format(image.channels, image.bit_depth)).image
                end = perf_counter(), process_time()
                times = (middle[0] - start[0], end[0] - middle[0], middle[1] - start[1], end[1] - middle[1])
                point = make_point((key, codec.name, picture.name, quality), len(data), image, decoded, times)
                journal.add(point)
            yield point


def make_point(
    name: tuple[str, str, str, float],
    size: int,
    image: Image,
    decoded: Image,
    times: tuple[float, float, float, float],
    *,
    estimated_bits: float | None = None,
    mismatches: int | None = None,
) -> Point:
    """A point with all metrics; name: key, codec, picture, quality; times: as in `Point`."""
    quality = metrics.measure(image, decoded)
    return Point(
        *name,
        size,
        image.height * image.width,
        quality.psnr,
        quality.psnr_y,
        quality.msssim,
        quality.msssim_y,
        quality.mse,
        *times,
        estimated_bits=estimated_bits,
        mismatches=mismatches,
    )


Comparison = tuple[str, float | None, float | None]  # anchor, BD-rate in PSNR, in MS-SSIM, %


def compare(rows: Sequence[Row], names: Iterable[str]) -> tuple[list[Comparison], list[str]]:
    """BD-rates of refsw against each anchor, and why one could not be computed."""
    comparisons: list[Comparison] = []
    problems: list[str] = []
    for name in names:
        values: list[float | None] = []
        for metric in ("psnr", "msssim_db"):
            try:
                values.append(bd_rate(curve(rows, name, metric), curve(rows, "refsw", metric)))
            except InputError as error:
                values.append(None)
                problems.append(f"BD-rate against {name} ({metric}): {error}")
        comparisons.append((name, values[0], values[1]))
    return comparisons, problems
