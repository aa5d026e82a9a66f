# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.9) The lossless layer of a region: from base samples to those of the encoder's input."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conformance.independent.entropy import DamagedError, Decoder
from conformance.independent.lattices import GROUPS, Pass, Places, neighbours, passes, places
from conformance.independent.layers import Tensor, clip
from conformance.independent.residual import CONTEXTS, Coding, coding_of, split_of
from conformance.independent.segments import LosslessLayer
from conformance.independent.symbols import FrequencyTable

CLASSES = 4  # 9.9.4
PARAMETER_LIMIT = 1 << 15  # 9.9.2
WEIGHT_BITS = 8  # 9.9.4
SHAPES = 4


@dataclass(frozen=True)
class Group:
    """(9.9.2) Parameters of a group of passes of a plane. weights: [1 or 4, K]; threshold: None without classes."""

    threshold: int | None
    weights: Tensor
    error_weights: Tensor
    steps: Tensor
    shapes: Tensor


@dataclass(frozen=True)
class Plane:
    """(9.9.1) A plane of a region; samples and errors are complete up to the pass that is being decoded."""

    base: Tensor
    samples: Tensor
    errors: Tensor

    @staticmethod
    def over(base: Tensor) -> Plane:
        """Nothing decoded yet."""
        return Plane(base, np.zeros_like(base), np.zeros_like(base))


def decode_lattices(layer: LosslessLayer, base: Sequence[Tensor], bit_depth: int, gaussian: FrequencyTable,
                    residual: FrequencyTable) -> list[Tensor]:  # fmt: skip
    """(9.9.2 to 9.9.6) Samples of the planes of a region, in coding order. Raises DamagedError."""
    planes = [Plane.over(own) for own in base]
    parameters = read_parameters(layer, planes, gaussian)
    coded = Decoder(layer.data, residual.total_bits, residual.rows, 1 << layer.log2_lanes)
    for own in passes():
        for number, plane in enumerate(planes):
            at = places(own, *plane.base.shape)
            if 0 in at.shape:
                continue
            group = parameters[number][own.group]
            n = plane.samples[at.neighbour_rows, at.neighbour_columns]
            v, sign, phase = predict(planes, number, own, at, n, group, bit_depth)
            context = contexts(planes, number, at, n, v, group)
            samples = read_samples(coded, coding_of(context, group.steps, group.shapes, bit_depth), v, sign, phase)
            if samples.min() < 0 or samples.max() >> bit_depth:
                raise DamagedError(f"plane {number}: a sample is outside its bit depth (9.9.6)")
            plane.samples[at.rows, at.columns] = samples
            plane.errors[at.rows, at.columns] = np.abs(samples - v)
    coded.finish()
    return [plane.samples for plane in planes]


def alike(planes: Sequence[Plane], number: int) -> list[int]:
    """(9.9.1) Numbers of the other planes of the same size."""
    return [i for i, own in enumerate(planes) if i != number and own.base.shape == planes[number].base.shape]


def read_parameters(layer: LosslessLayer, planes: Sequence[Plane], gaussian: FrequencyTable) -> list[list[Group]]:
    """(9.9.2) Parameters of each plane and group. Raises DamagedError."""
    coded = Decoder(layer.parameters, gaussian.total_bits, gaussian.rows, 1)

    def take(count: int, kind: int, low: int = 1 - PARAMETER_LIMIT, high: int = PARAMETER_LIMIT - 1) -> Tensor:
        values = np.array(coded.symbols([layer.parameter_row[kind]] * count), np.int64)
        if count and (values.min() < low or values.max() > high):
            raise DamagedError(f"a parameter is outside {low}..{high} (9.9.2)")
        return values

    flags = take(GROUPS * len(planes), 3, 0, 1).reshape(len(planes), GROUPS)
    found: list[list[Group]] = []
    for number in range(len(planes)):
        others = alike(planes, number)
        earlier = sum(other < number for other in others)
        found.append([])
        for group, flag in enumerate(flags[number]):
            count = neighbours(group)
            if count:
                features, estimates = count + 5 + 4 + earlier + 4 * len(others) + 1, 12 + 2 + 4 + earlier + 1 + 4 + 1
            else:
                features, estimates = 4 + earlier + 1, earlier + 1 + 4 + 1
            threshold = int(take(1, 1)[0]) if flag else None
            weights = take(features * (CLASSES if flag else 1), 0).reshape(-1, features)
            found[-1].append(
                Group(threshold, weights, take(estimates, 1), take(CONTEXTS, 2), take(CONTEXTS, 3, 0, SHAPES - 1))
            )
    coded.finish()
    return found


def beside(base: Tensor, at: Places) -> list[Tensor]:
    """(9.9.4, item 3) Base samples at the left, right, upper and lower, minus that of the sample itself."""
    height, width = base.shape
    left, right = np.maximum(at.columns - 1, 0), np.minimum(at.columns + 1, width - 1)
    upper, lower = np.maximum(at.rows - 1, 0), np.minimum(at.rows + 1, height - 1)
    own = base[at.rows, at.columns]
    return [base[at.rows, left] - own, base[at.rows, right] - own, base[upper, at.columns] - own,
            base[lower, at.columns] - own]  # fmt: skip


def reference(plane: Plane, at: Places) -> Tensor:
    """(9.9.4) Mean of the first four neighbours, or the base sample where there are none."""
    if not len(at.neighbour_rows):
        return plane.base[at.rows, at.columns]
    n = plane.samples[at.neighbour_rows[:4], at.neighbour_columns[:4]]
    mean: Tensor = (n.sum(0) + 2) >> 2
    return mean


def predict(planes: Sequence[Plane], number: int, own: Pass, at: Places, n: Tensor, group: Group,
            bit_depth: int) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """(9.9.4) Prediction, sign and phase of the samples of a pass. n: their neighbours, [n, a, b]."""
    plane, seed = planes[number], not own.distances
    p, r = plane.base[at.rows, at.columns], reference(plane, at)
    first = at.neighbour_rows[:4], at.neighbour_columns[:4]
    features = [*(n - r)]
    if not seed:
        features += [p - r, *(plane.base[first] - p)]
    features += beside(plane.base, at)
    for i in alike(planes, number):
        other, r_y = planes[i], reference(planes[i], at)
        if i < number:
            features.append(other.samples[at.rows, at.columns] - r_y)
        if not seed:
            features += [*(other.samples[first] - r_y)]
    features.append(np.ones_like(p))
    sums = np.einsum("sk,kab->sab", group.weights, np.stack(features))
    chosen = sums[0]
    if group.threshold is not None:
        spread = np.abs(n[:4] - r).sum(0) if not seed else np.zeros_like(p)
        steeper = np.abs(n[0] - n[1]) > np.abs(n[2] - n[3]) if not seed else np.zeros_like(p)
        chosen = np.take_along_axis(sums, (2 * (spread >= group.threshold) + steeper)[None], 0)[0]
    u = clip((r << WEIGHT_BITS) + chosen, (0, ((1 << bit_depth) - 1) << WEIGHT_BITS))
    v = (u + 128) >> 8
    t = u - 256 * v
    return v, np.where(t < 0, -1, 1), np.minimum(2, (6 * np.abs(t)) >> 8)


def contexts(planes: Sequence[Plane], number: int, at: Places, n: Tensor, v: Tensor, group: Group) -> Tensor:
    """(9.9.5) Context of each sample of a pass. n: neighbours; v: predictions."""
    plane = planes[number]
    features: list[Tensor] = []
    if len(n):
        errors = plane.errors[at.neighbour_rows[:4], at.neighbour_columns[:4]]
        features += [*np.abs(n[:12] - v), np.abs(n[0] - n[1]), np.abs(n[2] - n[3]), *errors]
    features += [planes[i].errors[at.rows, at.columns] for i in alike(planes, number) if i < number]
    features.append(np.abs(plane.base[at.rows, at.columns] - v))
    features += [np.abs(own) for own in beside(plane.base, at)]
    features.append(np.ones_like(v))
    a = np.einsum("k,kab->ab", group.error_weights, np.stack(features))
    edges = np.array([_root(k) for k in range(CONTEXTS - 1)])
    context: Tensor = np.searchsorted(edges, a, side="right")
    return context


def _root(k: int) -> int:
    """floor(2^(6 + k / 4)), in integers."""
    low, high, wanted = 0, 1 << (7 + k // 4), 1 << (24 + k)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**4 <= wanted else (low, middle)
    return low


def read_samples(coded: Decoder, coding: Coding, v: Tensor, sign: Tensor, phase: Tensor) -> Tensor:
    """(9.9.6) Samples of a plane in a pass. Raises DamagedError."""
    symbols = np.array(coded.symbols(coding.rows(phase).ravel().tolist()), np.int64).reshape(v.shape)
    lower, upper = split_of(coding.low_bits)
    low = _bits(coded, lower) + (_bits(coded, upper) << 8)
    value = (symbols << coding.low_bits) + low
    return np.where(coding.uncoded, value, v + sign * (value - ((1 << coding.low_bits) >> 1)))


def _bits(coded: Decoder, counts: Tensor) -> Tensor:
    """Low bits of samples, in raster order; counts: how many of each, 0 where none."""
    found = np.zeros_like(counts)
    there = counts > 0
    found[there] = coded.symbols(Coding.bit_rows(counts[there]).tolist())
    if (found >> counts).any():
        raise DamagedError("low bits outside their range (9.9.6)")
    return found


def decode_deflate(layer: LosslessLayer, base: Sequence[Tensor], bit_depth: int) -> list[Tensor]:
    """(9.9.8) Samples of the planes of a region, in coding order. Raises DamagedError."""
    size = 1 if bit_depth == 8 else 2
    shapes = [plane.shape for plane in base]
    groups = [[i for i, own in enumerate(shapes) if own == shape] for shape in dict.fromkeys(shapes)]
    lengths = [shapes[group[0]][0] * (1 + shapes[group[0]][1] * len(group) * size) for group in groups]
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(layer.data, sum(lengths) + 1)
    except zlib.error as error:
        raise DamagedError(f"{error} (9.9.8)") from error
    if len(data) != sum(lengths) or not stream.eof or stream.unused_data:
        raise DamagedError(f"does not inflate to {sum(lengths)} bytes (9.9.8)")
    found, begin = dict[int, Tensor](), 0
    for group, length in zip(groups, lengths, strict=True):
        height, width = shapes[group[0]]
        rows = np.frombuffer(data, np.uint8, length, begin).reshape(height, -1)
        begin += length
        samples = _unfiltered(rows, len(group) * size).reshape(height, width, len(group), size)
        for place, number in enumerate(group):
            found[number] = samples[:, :, place].astype(np.int64) @ (256 ** np.arange(size)[::-1])
            if found[number].max(initial=0) >> bit_depth:
                raise DamagedError(f"plane {number}: a sample is outside its bit depth (9.9.8)")
    return [found[number] for number in range(len(base))]


def _unfiltered(rows: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    """Bytes of rows that begin with their filter; the byte at the left is `step` bytes away."""
    out = np.zeros((len(rows), rows.shape[1] - 1), np.uint8)
    for y, row in enumerate(rows):
        kind, own = row[0], row[1:]
        if kind == 0:
            out[y] = own
        elif kind == 1:
            out[y] = own.reshape(-1, step).cumsum(0, dtype=np.uint8).ravel()
        elif kind == 2:
            out[y] = own + (out[y - 1] if y else 0)
        else:
            raise DamagedError(f"filter {kind} (9.9.8)")
    return out
