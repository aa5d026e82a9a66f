# SPDX-License-Identifier: BSD-3-Clause-Clear
"""All anchors by name, with their ladders."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from refsw.ctc.anchors.anchor import Anchor, Versions
from refsw.ctc.anchors.heic import HeicSettings
from refsw.ctc.anchors.imagecodecs import DeepAvifSettings, Jpeg2000Settings, JpegXlSettings
from refsw.ctc.anchors.mozjpeg import MozjpegSettings
from refsw.ctc.anchors.pillow import AvifSettings, JpegSettings, WebpSettings
from refsw.ctc.anchors.vvc import VvcSettings
from refsw.errors import UsageError


@dataclass(frozen=True)
class _Range:
    """ladder: all settings, lowest rate first; qualities: of the dense curve, about 0.08..1.8 bpp on Kodak."""

    ladder: tuple[float, ...]
    qualities: tuple[float, ...]


def _whole(first: int, last: int) -> tuple[float, ...]:
    return tuple(map(float, range(first, last + 1) if first < last else range(first, last - 1, -1)))


JPEG = _Range(_whole(1, 95), (3, 5, 8, 12, 18, 28, 40, 58, 74, 84))
WEBP = _Range(tuple(n / 2 for n in range(201)), (0, 2, 6, 12, 22, 38, 56, 72, 82, 88))  # libwebp takes fractions
AVIF = _Range(_whole(0, 100), (4, 11, 18, 26, 34, 42, 50, 58, 67, 78))
DEEP_AVIF = _Range(_whole(0, 99), AVIF.qualities)
JPEG_2000 = _Range(tuple(round(16 + n / 10, 1) for n in range(401)), (23, 25, 27, 29, 31, 33, 35, 37, 39, 41))
JPEG_XL = _Range(tuple(round(25 * 0.96**n, 3) for n in range(153)), (25, 17, 12, 8, 6, 4, 3, 2, 1.4, 1))
HEIC = _Range(_whole(0, 100), (1, 6, 12, 18, 24, 30, 36, 42, 48, 54))
VVC = _Range(_whole(63, 0), (45, 42, 40, 37, 35, 32, 30, 27, 25, 22))

ANCHORS: tuple[Anchor, ...] = tuple(
    Anchor(name, settings, limits.ladder, limits.qualities)
    for name, settings, limits in (
        ("jpeg", JpegSettings(), JPEG),
        ("jpeg-444", JpegSettings(subsampling="4:4:4"), JPEG),
        ("jpeg-progressive", JpegSettings(progressive=True), JPEG),
        ("mozjpeg", MozjpegSettings(), JPEG),
        ("mozjpeg-444", MozjpegSettings(subsample=False), JPEG),
        ("jpeg2000", Jpeg2000Settings(), JPEG_2000),
        ("webp", WebpSettings(), WEBP),
        ("avif", AvifSettings(), AVIF),
        ("avif-default", AvifSettings(tune=""), AVIF),
        ("avif-ssim", AvifSettings(tune="ssim"), AVIF),
        ("avif-420", AvifSettings(subsampling="4:2:0"), AVIF),
        ("avif-deep", DeepAvifSettings(), DEEP_AVIF),
        ("jpeg-xl", JpegXlSettings(), JPEG_XL),
        ("heic", HeicSettings(), HEIC),
        ("heic-444", HeicSettings(chroma=444), HEIC),
        ("vvc", VvcSettings(), VVC),
        ("vvc-fast", VvcSettings(preset="fast"), VVC),
    )
)


def names() -> tuple[str, ...]:
    """Names of all anchors, installed or not."""
    return tuple(candidate.name for candidate in ANCHORS)


def available() -> tuple[str, ...]:
    """Names of the anchors that can run here."""
    return tuple(candidate.name for candidate in ANCHORS if candidate.settings.missing() is None)


def anchor(name: str) -> Anchor:
    """The anchor of that name; UsageError, with the nearest name, for an unknown one. It need not be installed."""
    for candidate in ANCHORS:
        if candidate.name == name:
            return candidate
    near = difflib.get_close_matches(name, names(), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names())}"
    raise UsageError(f"no anchor {name!r}: {hint}")


def library_versions() -> Versions:
    """(library, version) of everything that an anchor's bytes depend on here."""
    found = [pair for one in ANCHORS if one.settings.missing() is None for pair in one.settings.versions()]
    return tuple(dict(found).items())
