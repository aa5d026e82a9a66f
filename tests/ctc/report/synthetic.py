# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Results without a codec: curves of known shape, as many pictures as wanted."""

from __future__ import annotations

import math
from dataclasses import replace

from refsw.ctc.results import CodecRecord, Failure, ImageRecord, MetricRecord, Point, Results, Timing

TARGETS = (0.12, 0.25, 0.5, 0.75, 1.0)
METRICS = (
    MetricRecord("msssim", "1", "", True, True),
    MetricRecord("nlpd", "1", "", False, True),
    MetricRecord("psnr_y", "1", "dB", True, False),
)
CODECS = (
    CodecRecord("jpeg 4:2:0", "anchor", "libjpeg-turbo 3.1", "quality=..., subsampling=4:2:0, optimize"),
    CodecRecord("refsw base bop", "refsw", "0.2", "cfg/base.yaml", 24.9, 3_100_000, 6_300_000),
    CodecRecord("refsw base sop", "refsw", "0.2", "cfg/base.yaml, synthesis sop", 13.2, 2_100_000, 6_300_000),
)
FACTORS = {"jpeg 4:2:0": 1.0, "refsw base bop": 0.6, "refsw base sop": 0.7}


def point(image: int, name: str, codec: CodecRecord, target: float, factor: float) -> Point:
    """A point whose rate is `factor` times the anchor's at equal quality."""
    samples = 768 * 512
    size = round(target * samples / 8)
    quality = 30 + 2 * math.sin(image) + 6 * math.log2(target / 0.12 / factor)  # dB
    values = (1 - 10 ** (-(quality - 18) / 10), 2 * 10 ** (-quality / 20), quality)
    times = (Timing(0.2 / factor**3, 0.1 / factor**3, 1, 400 << 20), Timing(0.15, 0.08, 2, 420 << 20))
    return Point(name, codec.name, f"{target:g} bpp", size, samples, values, f"{image:064x}", f"{image:064x}", times)


def results(images: int = 3, codecs: tuple[CodecRecord, ...] = CODECS, names: tuple[str, ...] = ()) -> Results:
    """A run over `images` pictures."""
    named = names or tuple(f"kodim{n + 1:02d}" for n in range(images))
    pictures = tuple(ImageRecord(name, f"{name}.png", 768, 512, 8, "ab" * 32) for name in named)
    points = tuple(
        point(n, name, codec, target, FACTORS.get(codec.name, 0.8) * (1 + 0.02 * math.cos(n) * (codec != codecs[0])))
        for n, name in enumerate(named)
        for codec in codecs
        for target in TARGETS
    )
    environment = (("machine", "x86_64, 2 cores"), ("refsw", "0.2"), ("Python", "3.12"))
    return Results("kodak", pictures, codecs, METRICS, points, (), codecs[0].name, "pchip", (0.1, 1.5), environment,
                   "refsw-ctc run cfg/ctc/kodak.yaml --jobs 2")  # fmt: skip


def with_failure(run: Results) -> Results:
    """The same run with its last point lost."""
    lost = run.points[-1]
    failure = Failure(lost.image, lost.codec, lost.target, "the encoder process ended with signal 9")
    return replace(run, points=run.points[:-1], failures=(failure,))
