# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) What an error of a plane is worth: the trade between bits and samples that decisions are made by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from refsw.colour import CUSTOM, FIXED_TRANSFORMS, colour_transform, plane_range
from refsw.constants import QUALITY_ANCHOR_BITS
from refsw.decode.model import Model
from refsw.encode.similarity import scales, similarity_worth
from refsw.syntax.headers import PictureHeader
from refsw.tools.quadratic import Quadratic
from refsw.tools.tool import Plane

MS_SSIM_SCALE = 1270.0
"""Squared 8-bit steps that one unit of 1 - MS-SSIM weighs: models tuned for either then meet at equal lambda."""


def sample_matrix(header: PictureHeader, planes: int) -> NDArray[np.float64]:
    """float64 [channels, P]: errors of displayed samples from errors of planes, both in units of the full range."""
    if header.colour_transform_idc in FIXED_TRANSFORMS:
        transform = colour_transform(header.colour_transform_idc)
        return np.asarray(transform.inverse / (1 << transform.precision_bits), np.float64)
    if header.colour_transform_idc == CUSTOM:
        return np.array(header.colour_matrix, np.float64).reshape(3, 3) / 8192
    return np.eye(planes)


def _lagrangian(model: Model, header: PictureHeader) -> float:
    position = header.components[0].quality_index / ((model.config.quality_anchors - 1) << QUALITY_ANCHOR_BITS)
    return float(model.config.lagrangian(position))


def plane_weights(model: Model, header: PictureHeader, fidelity: float) -> NDArray[np.float64]:
    """float64 [P]: bits that one squared plane step (9.4.3) is worth, where errors of planes are independent.

    fidelity: weight of the distortion, relative to the one that the model was trained with at this quality.
    """
    planes = 1 if header.source_chroma_format_idc == 0 else 3
    matrix = sample_matrix(header, planes)
    step = 255 / plane_range(header.bit_depth)
    worth = fidelity * _lagrangian(model, header) * step**2 / len(matrix)
    return np.asarray(worth * np.square(matrix).sum(0), np.float64)


class Measure(Protocol):
    """What decisions about post-filters compare pictures by."""

    @property
    def weight(self) -> NDArray[np.float64]:
        """float64 [P]: of `plane_weights`."""

    def worth(self, source: Plane, decoded: Plane, corrections: Sequence[NDArray[Any]]) -> Quadratic:
        """Of corrections [n, H, W] of each plane to a part of a picture, int32 [P, H, W] each."""


@dataclass(frozen=True)
class SquaredError:
    """Errors of planes count by themselves."""

    weight: NDArray[np.float64]

    def worth(self, source: Plane, decoded: Plane, corrections: Sequence[NDArray[Any]]) -> Quadratic:
        """See Measure."""
        count = sum(map(len, corrections))
        total, begin = Quadratic.nothing(count), 0
        for index, own in enumerate(corrections):
            flat = own.reshape(len(own), source[index].size).astype(np.float64)
            error = (source[index] - decoded[index]).ravel().astype(np.float64)
            chosen = slice(begin, begin + len(own))
            total.matrix[chosen, chosen] = self.weight[index] * (flat @ flat.T)
            total.vector[chosen] = self.weight[index] * (flat @ error)
            begin += len(own)
        return total


@dataclass(frozen=True)
class Similarity:
    """MS-SSIM of the displayed colours; squared error where a part is too small to have one.

    bits: that one unit of 1 - MS-SSIM is worth in each luma sample.
    """

    weight: NDArray[np.float64]
    colours: NDArray[np.float64]
    bits: float
    largest: int

    def worth(self, source: Plane, decoded: Plane, corrections: Sequence[NDArray[Any]]) -> Quadratic:
        """See Measure."""
        if not scales(*source.shape[1:]):
            return SquaredError(self.weight).worth(source, decoded, corrections)
        unit = np.float32(1 / self.largest)
        own = similarity_worth(source * unit, decoded * unit, [c * unit for c in corrections], self.colours)
        return own.times(self.bits * source[0].size)


def measure(kind: str, model: Model, header: PictureHeader, fidelity: float) -> Measure:
    """The measure of a configuration's `coding.distortion`: "mse" or "ms_ssim"; fidelity: as of `plane_weights`."""
    weight = plane_weights(model, header, fidelity)
    if kind == "mse":
        return SquaredError(weight)
    bits = fidelity * _lagrangian(model, header) * MS_SSIM_SCALE
    return Similarity(weight, sample_matrix(header, len(weight)), bits, plane_range(header.bit_depth))
