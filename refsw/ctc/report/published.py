# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Rate-distortion curves that others published: not measured here, drawn with their source and marked as published."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from refsw.ctc.bdrate import Curve
from refsw.errors import UsageError

IMAGES = 24  # of the Kodak set: every published point is a mean over all of them
FILE = Path(__file__).with_name("published_kodak.json")


@dataclass(frozen=True)
class Published:
    """A published curve: means over the Kodak pictures.

    id: as the file has it; title: for readers; bpp: of each point; psnr_rgb: dB, mean of the pictures' PSNR;
    msssim_rgb_db: -10 log10(1 - mean MS-SSIM); a metric that was not published is empty.
    """

    id: str
    title: str
    source: str
    description: str
    bpp: tuple[float, ...]
    psnr_rgb: tuple[float, ...]
    msssim_rgb_db: tuple[float, ...]

    def curve(self, metric: str) -> Curve | None:
        """The curve of "psnr_rgb" or "msssim_rgb_db"; None where it was not published."""
        values = {"psnr_rgb": self.psnr_rgb, "msssim_rgb_db": self.msssim_rgb_db}.get(metric, ())
        return Curve.from_points(self.title, zip(self.bpp, values, strict=True)) if values else None


def published() -> tuple[Published, ...]:
    """All curves that travel with the package."""
    return tuple(_curve(entry) for entry in json.loads(FILE.read_text(encoding="utf-8"))["curves"])


def choose(*ids: str) -> tuple[Published, ...]:
    """The published curves of these ids, in this order. Raises UsageError for an unknown one."""
    known = {curve.id: curve for curve in published()}
    for name in ids:
        if name not in known:
            raise UsageError(f"no published curve {name!r}: there are {', '.join(known)}")
    return tuple(known[name] for name in ids)


def _curve(entry: dict[str, Any]) -> Published:
    return Published(
        id=entry["id"],
        title=entry["title"],
        source=entry["source"],
        description=entry["description"],
        bpp=tuple(entry["bpp"]),
        psnr_rgb=tuple(entry["psnr_rgb"]),
        msssim_rgb_db=tuple(entry["msssim_rgb_db"]),
    )
