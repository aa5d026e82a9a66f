# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.10, informative) Detail that the codestream does not have, drawn from what it says of its likely size.

    table rows ─► sigma ────────────────────────────┐
    table rows, symbols around ─► how true sigma is ─┤
    (component, channel, row, column) ─► draw ───────┴─► times the listener's strength, added to y_hat before synthesis

A quantiser codes most of fine texture as 0, and a decoder that shows 0 there is as close to the picture as it can be,
and smooth. The draw at a position depends on its place alone: windows, tiles, regions and threads show the same.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from refsw.entropy.gaussian import FRACTION, sigma
from refsw.entropy.tables import gaussian_tables
from refsw.errors import UsageError
from refsw.types import Int

COMPONENT = 0
"""The component that gets detail: luma, where texture is seen."""
LAST_ROW = 14
"""Of table rows whose zeros are drawn: sigma stays below 1/2. Wider zeros are structure, which no draw restores; those
of row 0 would lay grain over flat parts."""
REACH = 1
"""Positions around, at each side, whose symbols say how true sigma is."""
PRIOR = 2.0
"""Squared quantiser steps by which that is known beforehand."""
BYTES_PER_SAMPLE = 2
"""(informative) Memory for each luma sample: the table rows of all components, with room for their parts."""


def check_realism(realism: float, exact: str | None, lossless: bool) -> None:
    """Raises UsageError where the strength is not 0..1, or where it is more than 0 and the picture shall be exact.

    exact: back-end of picture-exact decoding, None for none; lossless: whether a lossless layer is to be used.
    """
    if not 0 <= realism <= 1:  # not a number is outside as well
        raise UsageError(f"realism {realism:g}: expected 0..1")
    if realism and exact is not None:
        raise UsageError("realism: drawn detail is not what a picture-exact decoder shows; choose one of them")
    if realism and lossless:
        raise UsageError("realism: this codestream has a lossless layer, which shows the picture itself; "
                         "with lossy (--lossy) it is left aside")  # fmt: skip


@cache
def _sigmas() -> NDArray[np.float32]:
    """Scale of each table row whose zeros are drawn, in quantiser steps, 0 for the others: float32 [rows]."""
    found = np.zeros(gaussian_tables().rows, np.float32)
    found[1 : LAST_ROW + 1] = [sigma(row) / (100 << FRACTION) for row in range(1, LAST_ROW + 1)]
    return found


@cache
def _expected_squares() -> NDArray[np.int64]:
    """Mean square of the symbols of each table row in 1/2^T, int64 [rows]; an escape is the value after the last."""
    tables = gaussian_tables()
    found = np.zeros(tables.rows, np.int64)
    for row in range(1, tables.rows):
        frequencies = tables.frequencies[tables.offsets[row] : tables.offsets[row + 1]]
        values = tables.minimum[row] + np.arange(len(frequencies))
        found[row] = (frequencies * values**2).sum()
    return found


def credibility(rows: NDArray[np.uint8], symbols: Int) -> NDArray[np.float32]:
    """How much of the energy that scales promise the symbols around a position have, at most 1: float32 [h, w].

    rows, symbols: [C, h, w]. Scales are coded for blocks of 64 samples: a flat part beside texture has large ones too.
    """
    unit = 1 << gaussian_tables().total_bits
    promised = _around(_expected_squares()[rows].sum(0))
    found = _around((symbols.astype(np.int64) ** 2).sum(0)) * unit
    prior = PRIOR * unit
    return np.minimum((found + prior) / (promised + prior), 1).astype(np.float32)


def _around(energy: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sum over a position and its neighbours, of [h, w]; integers, so that their order does not matter."""
    height, width = energy.shape
    padded = np.pad(energy, REACH)
    found = np.zeros_like(energy)
    for i, j in np.ndindex(2 * REACH + 1, 2 * REACH + 1):
        found += padded[i : i + height, j : j + width]
    return found


def _mixed(x: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """A permutation of 32 bits that leaves no trace of its argument's order (the finaliser of MurmurHash3)."""
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return x ^ (x >> np.uint32(16))


def draws(component: int, shape: tuple[int, ...], top: int, left: int) -> NDArray[np.float32]:
    """Nearly Gaussian numbers of mean 0 and variance 1 within 3.5, float32 [C, h, w], the same at a place in any part.

    top, left: of the part, on the latent grid of the picture. Sums of the four bytes of a hash.
    """
    channels, height, width = (np.arange(n, dtype=np.uint32) for n in shape)
    x = _mixed(channels + np.uint32((component + 1) << 16))[:, None, None]
    x = _mixed(x + (height + np.uint32(top))[:, None])
    x = _mixed(x + (width + np.uint32(left)))
    total = x.view(np.uint8).reshape(*x.shape, 4).sum(-1, dtype=np.int32)
    return np.asarray((total - 510) / np.sqrt(21845), np.float32)  # mean and variance of four bytes


def detail(
    rows: NDArray[np.uint8], symbols: Int, top: int, left: int, strength: float, component: int = COMPONENT
) -> NDArray[np.float32]:
    """What is added to y_hat, in quantiser steps: float32 [C, h, w], 0 where a symbol is not 0; never out of its bin.

    rows: table rows [C, h, w], 0 where nothing is known; symbols: [C, h, w]; top, left: as of `draws`; strength: 0..1.
    Sums at the rim of the part lack its neighbours: a part shall be wider than what is shown of it by REACH.
    """
    spread = _sigmas()[rows] * (symbols == 0)
    spread *= credibility(rows, symbols)
    spread *= draws(component, rows.shape, top, left)
    return np.asarray(spread.clip(-0.5, 0.5) * np.float32(strength))
