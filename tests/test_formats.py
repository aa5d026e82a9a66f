# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The grid of formats: what goes in comes out with the same size, format, range and metadata."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from refsw.decode.picture import decode_picture
from refsw.encode.picture import encode_picture
from refsw.syntax.headers import BIT_DEPTHS
from refsw.types import Cicp, Image, Metadata
from tests.support.formats import FULL_METADATA, KINDS, formatted
from tests.support.tiny import Started


def psnr(first: Image, second: Image) -> float:
    top = 2**first.bit_depth - 1
    error = float(((first.samples.astype(float) - second.samples) ** 2).mean()) / top**2
    return 10 * np.log10(1 / max(error, 1e-12))


def check(started: Started, image: Image) -> None:
    encoded = encode_picture(image, started.config, quality=60, model=started.model)
    decoded = decode_picture(encoded.data, model=started.model, keep=False)
    shown, header = decoded.image, decoded.codestream.picture_header
    if image.channels == 1 and image.chroma is None:
        assert len(header.components) == 1 and header.coded_chroma_format_idc == 0  # monochrome stays monochrome
    assert shown.samples.shape == image.samples.shape and shown.samples.dtype == image.samples.dtype
    assert (shown.bit_depth, shown.ycbcr, shown.chroma_format_idc) == (
        image.bit_depth, image.ycbcr, image.chroma_format_idc,
    )  # fmt: skip
    assert int(shown.samples.max()) < 2**image.bit_depth
    assert shown.metadata == image.metadata
    assert (shown.alpha is None) == (image.alpha is None)
    if image.alpha is not None and shown.alpha is not None:
        assert np.abs(shown.alpha.astype(int) - image.alpha).max() <= 2
    assert psnr(image, shown) > 20
    assert (shown.chroma is None) == (image.chroma is None)
    if image.chroma is not None and shown.chroma is not None:
        assert shown.chroma.samples.shape == image.chroma.samples.shape
        assert int(shown.chroma.samples.max()) < 2**image.bit_depth
    assert encoded.reconstruction is not None
    assert np.array_equal(encoded.reconstruction.samples, shown.samples)


RESIDUES = range(64)
LONGEST = 4096
METADATA = (
    FULL_METADATA, Metadata(), replace(FULL_METADATA, cicp=Cicp(1, 13, 1, True)), Metadata(user_data=(b"alone",)),
)  # fmt: skip


@st.composite
def pictures(draw: st.DrawFn) -> Image:
    """The whole grid: depth x chroma x alpha x sides of every residue modulo 64, one of them up to LONGEST."""
    residues = st.sampled_from(RESIDUES)
    height, width = (1 + draw(residues) + 64 * draw(st.sampled_from((0, 0, 1, 2))) for _ in "hw")
    if draw(st.integers(0, 7)) == 0:
        long, short = LONGEST - draw(residues), 1 + draw(residues)
        height, width = draw(st.sampled_from(((long, short), (short, long))))
    return formatted(
        draw(st.integers(0, 99)), height, width, draw(st.sampled_from(BIT_DEPTHS)), draw(st.sampled_from(KINDS)),
        draw(st.booleans()), draw(st.sampled_from(METADATA)),
    )  # fmt: skip


@settings(max_examples=30)
@given(pictures())
@example(formatted(0, 1, 1, 8, "4:2:0", True))
@example(formatted(0, 65, 63, 16, "4:2:0", True))
@example(formatted(0, 2, LONGEST, 10, "4:2:2"))
@example(formatted(0, LONGEST, 1, 16, "grey"))
def test_formats_come_back(started: Started, image: Image) -> None:
    check(started, image)


def test_every_residue_once(started: Started) -> None:
    """Each residue in both directions; depths, kinds and alpha take turns, so that every pair of them occurs."""
    turns = itertools.cycle(itertools.product(KINDS, BIT_DEPTHS, (False, True)))
    for residue, (kind, bit_depth, alpha) in zip(RESIDUES, turns, strict=False):
        height, width = 1 + residue, 1 + (residue * 37 + 11) % 64
        check(started, formatted(residue, height, width, bit_depth, kind, alpha, METADATA[residue % len(METADATA)]))


@pytest.mark.slow
@pytest.mark.parametrize("bit_depth", BIT_DEPTHS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_residue(started: Started, bit_depth: int, kind: str) -> None:
    """Each residue modulo 64 in both directions, alpha on and off, and the longest side in both directions."""
    for residue, alpha in itertools.product(RESIDUES, (False, True)):
        height, width = 1 + residue, 1 + (residue * 37 + 11) % 64
        metadata = METADATA[(residue + alpha) % len(METADATA)]
        check(started, formatted(residue, height, width, bit_depth, kind, alpha, metadata))
        check(started, formatted(residue, 64 + width, 64 + height, bit_depth, kind, alpha, metadata))
    for residue in range(0, 64, 7):
        check(started, formatted(residue, LONGEST - residue, 1 + residue, bit_depth, kind))
        check(started, formatted(residue, 64 - residue, LONGEST - residue, bit_depth, kind, True))
