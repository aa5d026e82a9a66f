# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What a run under common test conditions measured: the one thing that engine, metrics and report share.

    run  --Results-->  report          Results  --to_json-->  results.json  --from_json-->  Results
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import cast

from refsw.ctc.document import canonical, from_plain, parse


@dataclass(frozen=True)
class ImageRecord:
    """A source picture. sha256: of its samples; bit_depth: 8 to 16."""

    name: str
    file: str
    width: int
    height: int
    bit_depth: int
    sha256: str


@dataclass(frozen=True)
class CodecRecord:
    """A codec. kind: "refsw", "anchor" or "published"; settings: the exact arguments as text."""

    name: str
    kind: str
    version: str
    settings: str
    kmac_per_sample: float | None = None
    parameters: int | None = None
    model_bytes: int | None = None


@dataclass(frozen=True)
class MetricRecord:
    """A metric. version: of its definition; in_average: one of JPEG AI's seven."""

    name: str
    version: str
    unit: str
    higher_is_better: bool
    in_average: bool


@dataclass(frozen=True)
class Timing:
    """Wall seconds and peak memory of one repetition of a point; never part of a digest."""

    encode_seconds: float
    decode_seconds: float
    threads: int
    peak_bytes: int


@dataclass(frozen=True)
class Point:
    """A picture coded for a target ("0.25 bpp", "quality 40").

    samples: H * W; values: as Results.metrics; setting: of the codec, with which the target was met.
    """

    image: str
    codec: str
    target: str
    stream_bytes: int
    samples: int
    values: tuple[float, ...]
    stream_sha256: str = ""
    picture_sha256: str = ""
    timing: tuple[Timing, ...] = ()
    setting: str = ""

    @property
    def bits_per_sample(self) -> float:
        """Bits of the whole file per position of the picture: bpp."""
        return 8 * self.stream_bytes / self.samples


@dataclass(frozen=True)
class Failure:
    """A job that failed."""

    image: str
    codec: str
    target: str
    reason: str


@dataclass(frozen=True)
class Results:
    """All of a run. anchor: name of a codec; bd_method: "pchip" or "akima"; rate_range: bpp, see bdrate."""

    name: str
    images: tuple[ImageRecord, ...]
    codecs: tuple[CodecRecord, ...]
    metrics: tuple[MetricRecord, ...]
    points: tuple[Point, ...]
    failures: tuple[Failure, ...]
    anchor: str
    bd_method: str
    rate_range: tuple[float, float] | None
    environment: tuple[tuple[str, str], ...]
    command: str

    def digest(self) -> str:
        """SHA-256 of everything that must repeat: not of times, environment and command."""
        points = tuple(replace(point, timing=()) for point in self.points)
        return hashlib.sha256(canonical(replace(self, points=points, environment=(), command=""))).hexdigest()

    def to_json(self) -> bytes:
        """The whole of a results.json; equal results are equal bytes."""
        return canonical(self)

    @staticmethod
    def from_json(data: bytes, name: str = "results") -> Results:
        """What `to_json` wrote. Raises InputError, one line that begins with `name`."""
        return cast(Results, from_plain(Results, parse(data, name), name))
