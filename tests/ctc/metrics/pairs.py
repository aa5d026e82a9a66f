# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Pictures for metrics, from integer formulas and a fixed generator: the same on every machine."""

from __future__ import annotations

import numpy as np

from refsw.types import Image

# name: height, width, channels, bit depth. Even and odd sides, colour and grey, above and below JPEG AI's least sides.
CASES = {
    "rgb 8": (288, 352, 3, 8),
    "rgb 8 odd": (277, 301, 3, 8),
    "rgb 10": (272, 304, 3, 10),
    "rgb 12 odd": (201, 185, 3, 12),
    "grey 8": (264, 280, 1, 8),
    "grey 10": (180, 230, 1, 10),
    "rgb 8 small": (70, 90, 3, 8),
}


def reference(height: int, width: int, channels: int = 3, bit_depth: int = 8, seed: int = 1) -> Image:
    """Ramps, edges, ripples and grain."""
    row, column = np.mgrid[0:height, 0:width]
    grain = np.random.default_rng(seed).integers(0, 64, (height, width, channels))
    planes = []
    for c in range(channels):
        ramp = np.abs((row * (9 + 4 * c) + column * (7 - c)) % 4000 - 2000)
        edge = 900 * (((row // 37) + (column // 29) + c) % 2)
        ripple = ((row * row // 11 + column * (5 + c)) % 97 - 48) * ((row // 64 + column // 48) % 3) * 3
        planes.append(300 + ramp + edge + ripple)
    twelve = np.clip(np.stack(planes, axis=-1) + grain * 4, 0, 4095)  # 12 bits
    samples = (twelve * (2**bit_depth - 1) + 2047) // 4095
    return Image(samples.astype(np.uint8 if bit_depth == 8 else np.uint16), bit_depth)


def damaged(image: Image, step: int = 14, seed: int = 2) -> Image:
    """Quantised in steps of `step` 8-bit units in 4 x 4 cells of mixed strength, with noise."""
    peak = 2**image.bit_depth - 1
    unit = max(1, step * peak // 255)
    samples = image.samples.astype(np.int64)
    row, column = np.mgrid[0 : image.height, 0 : image.width]
    coarse = np.where(((row // 4 + column // 4) % 3 == 0)[..., None], samples // unit * unit + unit // 2, samples)
    noise = np.random.default_rng(seed).integers(-unit // 2, unit // 2 + 1, samples.shape)
    return Image(np.clip(coarse + noise, 0, peak).astype(image.samples.dtype), image.bit_depth)


def case(name: str) -> tuple[Image, Image]:
    """The pair of a name in CASES."""
    height, width, channels, bit_depth = CASES[name]
    image = reference(height, width, channels, bit_depth)
    return image, damaged(image)
