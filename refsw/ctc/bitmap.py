# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Where the bits of a codestream are spent: ideal code length per 16x16 block, from symbols and their table rows.

symbols ─┐
         ├─ frequency tables ─► bits of each symbol ─ sum over channels ─► [h, w], one value per 16x16 block
rows ────┘                      bits of z: each of its positions is shared by 4 x 4 blocks
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refsw.decode.model import ScaleModel
from refsw.decode.parse import scale_row, z_rows
from refsw.entropy.cost import code_lengths
from refsw.entropy.tables import gaussian_tables
from refsw.types import ComponentSymbols

Float = NDArray[np.float64]
BLOCK = 16  # samples of a block, per side: one position of y
SHARED = 4  # blocks that a position of z reaches over, per side


@dataclass(frozen=True)
class BitMap:
    """Bits per block of one component, float64 [h, w] each: of its hyper-latent and of its residual symbols."""

    hyper: Float
    residual: Float

    @property
    def total(self) -> Float:
        """float64 [h, w]."""
        return self.hyper + self.residual


def bit_map(symbols: ComponentSymbols, scale: ScaleModel, quality_index: int) -> BitMap:
    """The bit map of one component. Its sum is the ideal length of the component's substreams."""
    channels, height, width = symbols.symbols.shape
    coded = ~symbols.skip_mask
    residual = np.zeros((channels, height, width))
    residual[coded] = code_lengths(symbols.symbols[coded], scale_row(symbols.scale_index[coded]), gaussian_tables())
    z = symbols.z.astype(np.int32)
    z_bits = code_lengths(z.ravel(), z_rows(z.shape[0], z.shape[1:]), scale.z_tables(quality_index)).reshape(z.shape)
    return BitMap(_share(z_bits.sum(axis=0), height, width), residual.sum(axis=0))


def _share(bits: Float, height: int, width: int) -> Float:
    """Bits per position of z -> bits per block [height, width], shared evenly among the blocks that exist."""
    rows, columns = np.arange(height) // SHARED, np.arange(width) // SHARED
    blocks = np.outer(np.bincount(rows), np.bincount(columns))
    shared: Float = (bits / blocks)[rows][:, columns]
    return shared


# Dark to bright, violet over red to yellow; lightness rises steadily, so that it reads in grey as well.
_HEAT = (
    (9, 8, 20), (46, 16, 90), (104, 28, 108), (162, 46, 96), (213, 76, 64), (244, 128, 28), (249, 194, 52),
    (252, 252, 180),
)  # fmt: skip


def heat(bits: Float, top: float) -> NDArray[np.uint8]:
    """Bits per block -> colours, uint8 [h, w, 3]; the colour follows the square root of bits / top, clipped at 1."""
    position = np.sqrt(np.clip(bits / top, 0, 1)) * (len(_HEAT) - 1)
    channels = [np.interp(position, np.arange(len(_HEAT)), channel) for channel in zip(*_HEAT, strict=True)]
    colours: NDArray[np.uint8] = np.rint(np.stack(channels, axis=-1)).astype(np.uint8)
    return colours


def heat_stops() -> tuple[str, ...]:
    """The palette of `heat` as CSS colours, evenly spaced over the square root."""
    return tuple(f"rgb({r} {g} {b})" for r, g, b in _HEAT)
