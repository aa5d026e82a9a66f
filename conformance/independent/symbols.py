# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8) Symbols of one region of one component: hyper-latent, scale index, skip mask, symbols, digest."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from conformance.independent.entropy import DamagedError, Row, decode, make_row
from conformance.independent.errors import RejectedError
from conformance.independent.headers import ComponentHeader, ceil_div
from conformance.independent.layers import Tensor
from conformance.independent.networks import Networks
from conformance.independent.package import canonical

SCALE_INDEX_MAXIMUM = 8191  # 8.3.1
SCALE_FRACTION_BITS = 7  # 8.3.3
ROWS = 64
STEP_LIMIT = 16  # 8.8.1
StepsOf = Callable[[Tensor, Tensor | None], Tensor | None]
"""(8.8 to 8.10) s + q, [C_y, h, w], and local steps, [h, w] -> t, [C_y, h, w] or [h, w]; None: all are 0."""


@dataclass(frozen=True)
class Symbols:
    """(8.1) What clause 8 yields: z [C_z, ceil(h / 4), ceil(w / 4)]; the others [C_y, h, w].

    steps: t, of quality map and local steps alone [h, w]; None: all are 0.
    """

    z: Tensor
    scale_index: Tensor
    skip_mask: NDArray[np.bool_]
    symbols: Tensor
    steps: Tensor | None

    def digest(self, header_payload: bytes) -> int:
        """(8.7) CRC-32 over the exact tensors and the payload of the picture header."""
        parts = (
            canonical(self.z.astype(np.int8)), canonical(self.scale_index.astype(np.int32)), canonical(self.skip_mask),
            canonical(self.symbols.astype(np.int32)), header_payload,
        )  # fmt: skip
        return zlib.crc32(b"".join(parts))


@dataclass(frozen=True)
class FrequencyTable:
    """(8.4.2) The rows of a table of the specification."""

    total_bits: int
    rows: tuple[Row, ...]


def load_table(spec: Path, name: str, rows: int) -> FrequencyTable:
    """(8.4.3, 9.9.7) tables/NAME.json of the specification, whose digest (8.4.2.3) is checked.

    Raises RejectedError where the file is missing or wrong.
    """
    path = spec / "tables" / f"{name}.json"
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        numbers = [table["total_bits"], len(table["rows"])]
        for row in table["rows"]:
            numbers += [row["minimum"], len(row["frequencies"]), *row["frequencies"]]
        digest = hashlib.sha256(struct.pack(f"<{len(numbers)}i", *numbers)).hexdigest()
    except (OSError, ValueError, KeyError, TypeError, struct.error) as error:
        raise RejectedError("8.4.2", f"{path}: {error}") from error
    if digest != table["sha256"] or len(table["rows"]) != rows:
        raise RejectedError("8.4.2.3", f"{path}: digest or number of rows differs")
    return FrequencyTable(
        table["total_bits"], tuple(make_row(row["minimum"], row["frequencies"]) for row in table["rows"])
    )


def decode_region(
    networks: Networks, header: ComponentHeader, gaussian: FrequencyTable, height: int, width: int, z_data: bytes,
    residual_data: bytes, steps_of: StepsOf,
) -> Symbols:  # fmt: skip
    """(8.1) The symbols of a region of height x width latent samples.

    Raises DamagedError, and RejectedError where z is absent.
    """
    if not z_data:
        raise RejectedError("5.4", "the region is absent")
    z = decode_z(networks, header, ceil_div(height, 4), ceil_div(width, 4), z_data)
    out, channels = networks.scale(z)[:, :height, :width], len(networks.quality)
    local = local_steps(out[channels]) if len(out) > channels else None
    index = out[:channels] + networks.quality[:, None, None]
    steps = steps_of(index, local)
    more = 0 if steps is None else steps << SCALE_FRACTION_BITS  # 8.8.2
    scale_index = np.clip(index + more, 0, SCALE_INDEX_MAXIMUM)
    skip_mask = scale_index < header.skip_threshold
    skip_mask[header.num_coded_channels :] = True
    table_row = np.clip((scale_index + (1 << (SCALE_FRACTION_BITS - 1))) >> SCALE_FRACTION_BITS, 0, ROWS - 1)
    rows = table_row[~skip_mask].tolist()
    symbols = np.zeros_like(scale_index)
    symbols[~skip_mask] = decode(
        residual_data, gaussian.total_bits, gaussian.rows, rows, 1 << header.log2_lanes_residual
    )
    return Symbols(z, scale_index, skip_mask, symbols, steps)


def local_steps(output: Tensor) -> Tensor:
    """(8.10.1) Steps of places from the last output of the scale network, [h, w]."""
    rounded = (output + (1 << (SCALE_FRACTION_BITS - 1))) >> SCALE_FRACTION_BITS
    steps: Tensor = np.clip(rounded, -STEP_LIMIT, STEP_LIMIT)
    return steps


def decode_steps(coded: bytes, gaussian: FrequencyTable, height: int, width: int) -> Tensor:
    """(8.8.1) Steps of the quality map of a picture of height x width latent samples. Raises RejectedError."""
    if len(coded) < 2 or coded[0] >= ROWS or coded[1] > 10:
        raise RejectedError("8.8.1", "quality map: its table row or number of lanes does not exist")
    try:
        rows = [coded[0]] * (height * width)
        values = decode(coded[2:], gaussian.total_bits, gaussian.rows, rows, 1 << coded[1])
    except DamagedError as error:
        raise RejectedError("8.8.1", f"quality map: {error}") from error
    steps: Tensor = np.array(values, np.int64).reshape(height, width).cumsum(0).cumsum(1)
    if np.abs(steps).max() > STEP_LIMIT:
        raise RejectedError("8.8.1", f"quality map: a step is outside -{STEP_LIMIT}..{STEP_LIMIT}")
    return steps


def decode_z(networks: Networks, header: ComponentHeader, rows: int, columns: int, data: bytes) -> Tensor:
    """(8.2) The hyper-latent of a region, [C_z, rows, columns]."""
    channels = len(networks.z_rows)
    table_row = np.repeat(np.arange(channels), rows * columns).tolist()
    values = decode(data, networks.z_total_bits, networks.z_rows, table_row, 1 << header.log2_lanes_z)
    z = np.array(values, np.int64).reshape(channels, rows, columns)
    if z.min() < -128 or z.max() > 127:
        raise DamagedError("a value of z is outside -128..127 (8.2.1)")
    return z
