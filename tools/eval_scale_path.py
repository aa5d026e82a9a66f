#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What the integer scale path costs against the float networks that were trained: bits of the same symbols.

    tools/eval_scale_path.py --data KODAK [FOLDER ...] [--config base] [--qualities 10 50 90] [--out scale_path.json]

For each folder and quality, all pictures together: bytes of the symbols of y at the scales of the float networks, and
by how much they grow with the scales of the integer networks (clause 8.3), and with the 64 rows of integer frequencies
that the entropy coder has. Symbols that a row has no entry for cost the same in all three.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from refsw.config import Config, load_config
from refsw.constants import SCALE_FRACTION_BITS
from refsw.ctc.data import find_pictures
from refsw.decode.model import Model
from refsw.decode.parse import scale_row
from refsw.decode.reconstruct import log_gain_map, quality_position, to_tensor
from refsw.decode.windows import latent_box
from refsw.encode.analyse import Analysed, Decisions, analyse, planes_of
from refsw.encode.picture import load_model, picture_header, quality_to_index
from refsw.entropy.cost import code_length, escaped
from refsw.entropy.tables import gaussian_tables
from refsw.errors import RefswError
from refsw.io import read_image, write_bytes
from refsw.nets.rate import LOG_SCALE_MINIMUM, LOG_SCALE_STEP, residual_bits
from refsw.numerics import numerics
from refsw.tools.variance_scaling.tool import usual


@dataclass(frozen=True)
class Bits:
    """Of the same symbols: at float scales, at integer scales, in the rows of the coder."""

    network: float = 0.0
    integer: float = 0.0
    rows: float = 0.0

    def __add__(self, other: Bits) -> Bits:
        return Bits(self.network + other.network, self.integer + other.integer, self.rows + other.rows)


def bits_of(model: Model, analysed: Analysed, region: int, index: int) -> Bits:
    """Bits of one component in one region."""
    own, header = analysed.tensors[index], analysed.header
    box = latent_box(header.region(region))
    symbols = own.symbols[:, *box.slices].astype(np.int32)
    found = analysed.scale_index[index][:, *box.slices].astype(np.int32)
    quality = quality_position(header.components[index].quality_index, model.config.quality_anchors)
    z = to_tensor(own.z[:, *box.hyper.slices], "cpu")
    log_scale = model.network.component(index).log_scale(z, quality, box.height, box.width)
    if own.steps is not None:
        log_scale = log_scale + log_gain_map(own.steps[..., *box.slices], "cpu")
    tables, table_rows = gaussian_tables(), scale_row(found)
    beyond = escaped(symbols, table_rows, tables)
    escapes = code_length(symbols[beyond], table_rows[beyond], tables)

    def within(scales: NDArray[np.floating]) -> float:
        bits = residual_bits(torch.from_numpy(symbols).double(), torch.from_numpy(scales).double()).numpy()
        return float(bits[~beyond].sum()) + escapes

    integer = LOG_SCALE_MINIMUM + found * (LOG_SCALE_STEP / (1 << SCALE_FRACTION_BITS))
    coded = code_length(symbols[~beyond], table_rows[~beyond], tables) + escapes
    return Bits(within(log_scale[0].numpy()), within(integer), coded)


def picture_bits(model: Model, config: Config, path: Path, quality_index: int) -> Bits:
    """Bits of one picture, all components and regions."""
    image = read_image(path)
    header = picture_header(image, config, model, quality_index)
    count = len(header.components)
    decisions = Decisions(config.coding.zeroing, scaling=usual(count))
    analysed = analyse(model, header, planes_of(image), decisions=decisions)
    parts = [bits_of(model, analysed, r, index) for r in range(header.num_regions) for index in range(count)]
    return sum(parts, Bits())


def main(argv: list[str] | None = None) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, nargs="+", help="folders of pictures")
    parser.add_argument("--config", default="base")
    parser.add_argument("--qualities", type=float, nargs="+", default=[10, 50, 90])
    parser.add_argument("--out", type=Path)
    own = parser.parse_args(argv)
    try:
        with numerics(1, "cpu"), torch.inference_mode():
            evaluate(own.data, own.config, own.qualities, own.out)
    except RefswError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def evaluate(folders: Sequence[Path], config_name: str, qualities: Sequence[float], out: Path | None) -> None:
    """Print and write all figures. Raises RefswError."""
    config, results = load_config(config_name), []
    model = load_model(config)
    print(f"{'pictures':24} {'quality':>7} {'bytes':>10} {'integer scales':>16} {'rows of the coder':>18}")
    for folder in folders:
        paths = find_pictures(folder)
        for quality in qualities:
            index = quality_to_index(quality, model.config.quality_anchors)
            bits = sum((picture_bits(model, config, path, index) for path in paths), Bits())
            integer, rows = (100 * (cost / bits.network - 1) for cost in (bits.integer, bits.rows))
            label, size = f"{folder.name}, {len(paths)}", bits.network / 8
            print(f"{label:24} {quality:7g} {size:10.0f} {integer:+14.3f} % {rows:+16.3f} %", flush=True)
            results.append({
                "set": folder.name, "pictures": len(paths), "quality": quality, "bytes": size,
                "integer_percent": integer, "rows_percent": rows,
            })  # fmt: skip
    if out:
        text = json.dumps({"model": model.package.digest, "results": results}, indent=1)
        write_bytes(out, (text + "\n").encode())


if __name__ == "__main__":
    sys.exit(main())
