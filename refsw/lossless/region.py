# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.9) A region's payload and base planes to its samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refsw.entropy.rans import Decoder
from refsw.errors import DamageError
from refsw.lossless.features import Region, open_region
from refsw.lossless.generate import UNIFORM_BITS
from refsw.lossless.lattice import Sites, passes, sites
from refsw.lossless.parameters import Group, read_parameters
from refsw.lossless.predict import Coding, Prediction, step
from refsw.lossless.rows import RAW, residual_tables, uniform_row

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Payload:
    """(6.16) What the codestream says of one region, delimited by its reader.

    table_rows: Gaussian rows of weights, error weights, widths, shapes; parameters, samples: substreams of 8.4.
    """

    table_rows: tuple[int, int, int, int]
    lanes: int
    parameters: bytes
    samples: bytes


def decode_region(payload: Payload, base: Sequence[NDArray[np.int32]], depth: int) -> tuple[NDArray[np.int32], ...]:
    """(9.9) base: planes in coding order, int32 [h, w], 0..2**depth - 1. Returns planes of the same shapes and range.

    Memory is a small multiple of that of the planes. Raises DamageError.
    """
    region = open_region(base, depth)
    parameters = read_parameters(payload.parameters, [plane.shape for plane in base], payload.table_rows)
    decoder = Decoder(payload.samples, residual_tables(), payload.lanes)
    for own in passes():
        for index, plane in enumerate(base):
            places = list(sites(own, plane.shape))
            if places:
                _decode_pass(decoder, region, index, places, parameters[index][own.group])
    decoder.finish()
    return region.samples


def _decode_pass(decoder: Decoder, region: Region, index: int, places: list[Sites], group: Group) -> None:
    """(9.9.6) All symbols of a pass of a plane, then all low bits."""
    steps = [step(region, index, place, group) for place in places]
    row = np.concatenate([c.row for _, c in steps])
    low = np.concatenate([c.low for _, c in steps])
    high = decoder.decode(row).astype(np.int64)
    rest = decode_low(decoder, low)
    start = 0
    for place, (predicted, coded) in zip(places, steps, strict=True):
        part = slice(start, start + place.count)
        values = samples_of(predicted, coded, high[part], rest[part])
        if values.min() < 0 or values.max() >= 1 << region.depth:
            raise DamageError(f"lossless layer: a sample outside 0..{(1 << region.depth) - 1}")
        place.put(region.samples[index], values)
        place.put(region.errors[index], np.abs(values - predicted.value))
        start += place.count


def decode_low(decoder: Decoder, bits: IntArray) -> IntArray:
    """(9.9.6) Low bits of each sample: first the lower 8 of all that have any, then the others; bits: [n], 0..12."""
    found = np.zeros(len(bits), np.int64)
    for shift in range(0, int(bits.max(initial=0)), UNIFORM_BITS):
        own = (bits - shift).clip(0, UNIFORM_BITS)
        has = np.flatnonzero(own)
        found[has] |= decoder.decode(uniform_row(own[has])).astype(np.int64) << shift
        if (found < 0).any() or (found >> shift >> own).any():
            raise DamageError("lossless layer: low bits outside their range")
    return found


def samples_of(predicted: Prediction, coded: Coding, high: IntArray, low: IntArray) -> IntArray:
    """(9.9.6) Symbols and low bits to samples, not yet held against their range."""
    residual = (high << coded.low) + low - ((1 << coded.low) >> 1)
    return np.where(coded.width == RAW, (high << coded.low) + low, predicted.value + predicted.sign * residual)


def symbols_of(predicted: Prediction, coded: Coding, samples: IntArray) -> tuple[IntArray, IntArray]:
    """(9.9.6) The inverse: symbols and low bits."""
    residual = predicted.sign * (samples - predicted.value) + ((1 << coded.low) >> 1)
    value = np.where(coded.width == RAW, samples, residual)
    return value >> coded.low, value & ((1 << coded.low) - 1)
