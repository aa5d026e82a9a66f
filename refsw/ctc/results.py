# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What a run under common test conditions measured: the one thing that engine, metrics and report share.

How results are kept on disk belongs to the engine.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass


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
    """A picture coded for a target ("0.25 bpp", "quality 40"). samples: H * W; values: as Results.metrics."""

    image: str
    codec: str
    target: str
    stream_bytes: int
    samples: int
    values: tuple[float, ...]
    stream_sha256: str = ""
    picture_sha256: str = ""
    timing: tuple[Timing, ...] = ()

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
        """Of everything that must repeat."""
        fields = asdict(self)
        for name in ("environment", "command"):
            del fields[name]
        for point in fields["points"]:
            del point["timing"]
        return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
