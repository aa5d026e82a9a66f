#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What residuals cost under the table rows of 8.4.3, under rows of one normal distribution each, and under their own.

    tools/measure_rows.py RUN [--model base] [--crops 48]

RUN is a folder of refsw-train, whose held-out crops are coded. For each quality: bits of the symbols of y relative to
those under normal distributions in integer rows as well; "own" are frequencies counted on the same symbols, which no
decoder knows: what a better shape could still gain.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from refsw.decode.model import Model
from refsw.entropy import gaussian
from refsw.entropy.cost import code_lengths
from refsw.entropy.tables import FrequencyTables, gaussian_tables
from refsw.errors import RefswError
from refsw.models import load_package
from refsw.nets.codec import CodecNetwork
from refsw.nets.rate import LOG_SCALE_MINIMUM, LOG_SCALE_STEP, SCALE_ROWS
from refsw.train import data
from refsw.train.coded import code
from refsw.train.recipe import VALIDATION_QUALITIES

LARGEST = 63  # magnitudes above are left out
Counts = NDArray[np.float64]


def lengths(tables: FrequencyTables) -> Counts:
    """Bits of each magnitude in each row: [rows, LARGEST + 1]."""
    rows, values = np.indices((tables.rows, LARGEST + 1), np.int32)
    return code_lengths(values.ravel(), rows.ravel(), tables).reshape(rows.shape)


def normal_tables() -> FrequencyTables:
    """Rows of one normal distribution each."""
    rows = [gaussian.average_row([row]) for row in range(gaussian.ROWS)]
    return FrequencyTables.from_frequencies([row for _, row in rows], [low for low, _ in rows])


@torch.no_grad()
def counted(network: CodecNetwork, rgb: torch.Tensor, quality: float) -> Counts:
    """How often each magnitude is coded in each row: [rows, LARGEST + 1]. rgb: float32 [N, 3, H, W], 0..1."""
    found = np.zeros((SCALE_ROWS, LARGEST + 1))
    for part in rgb.split(8):
        for coded in code(network, part, torch.full((len(part),), quality)):
            net = network.component(coded.index)
            size = coded.symbols.shape[2:]
            scale = net.log_scale(coded.z, torch.full((len(part),), quality), *size) + LOG_SCALE_STEP * coded.steps
            row = ((scale - LOG_SCALE_MINIMUM) / LOG_SCALE_STEP).round().clamp(0, SCALE_ROWS - 1).long()
            symbols = coded.symbols.abs().long()
            inside = symbols <= LARGEST
            np.add.at(found, (row[inside].numpy(), symbols[inside].numpy()), 1)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--model", default="base")
    parser.add_argument("--crops", type=int, default=48)
    options = parser.parse_args(arguments)
    try:
        network = Model.from_package(load_package(options.model)).network
        crops = data.load(options.run / "data").validation[: options.crops]
        rgb = data.unit_range(torch.from_numpy(crops).permute(0, 3, 1, 2), "cpu")
        now, normal = lengths(gaussian_tables()), lengths(normal_tables())
        for quality in VALIDATION_QUALITIES:
            counts = counted(network, rgb, quality)
            bits = float((counts * normal).sum())
            signs = counts[:, 1:].sum()
            share = (counts + 1e-9) / (counts + 1e-9).sum(1, keepdims=True)
            own = float(-(counts * np.log2(share)).sum() + signs)
            print(f"quality {100 * quality:3.0f}: rows of 8.4.3 {100 * ((counts * now).sum() / bits - 1):+.2f} %, "
                  f"own {100 * (own / bits - 1):+.2f} %")  # fmt: skip
    except RefswError as error:
        print(f"measure_rows: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
