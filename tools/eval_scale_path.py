#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What the integer scale path costs against the float networks that were trained: bits of the same symbols.

    tools/eval_scale_path.py --data KODAK [FOLDER ...] [--config base] [--qualities 10 50 90] [--out scale_path.json]

For each folder and quality, all pictures together: bytes of y and z under the float networks, and by how much these
grow with the scales of the integer networks (clause 8.3), with the 64 rows of integer frequencies that y is coded by
instead, and with the tables of z (8.2.2). Symbols that a row has no entry for cost the same by all three of y.
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
from refsw.decode.parse import scale_row, skip_mask, z_rows
from refsw.decode.reconstruct import log_gain_map, quality_position, to_tensor
from refsw.decode.windows import latent_box
from refsw.encode.analyse import Analysed, Decisions, analyse, planes_of
from refsw.encode.picture import load_model, picture_header, quality_to_index
from refsw.entropy.cost import code_length, escaped
from refsw.entropy.tables import gaussian_tables
from refsw.errors import RefswError
from refsw.io import read_image, write_bytes
from refsw.nets.rate import LOG_SCALE_MINIMUM, LOG_SCALE_STEP, probability_bits, residual_bits
from refsw.numerics import numerics
from refsw.tools.variance_scaling.tool import usual


@dataclass(frozen=True)
class Bits:
    """Of the same symbols: y and z under the float networks; what integer scales, rows and tables of z add."""

    network: float = 0.0
    integer: float = 0.0
    rows: float = 0.0
    z: float = 0.0

    def __add__(self, other: Bits) -> Bits:
        return Bits(
            self.network + other.network, self.integer + other.integer, self.rows + other.rows, self.z + other.z
        )


def bits_of(model: Model, analysed: Analysed, region: int, index: int) -> Bits:
    """Bits of one component in one region."""
    own, header = analysed.tensors[index], analysed.header
    box = latent_box(header.region(region))
    found = analysed.scale_index[index][:, *box.slices].astype(np.int32)
    coded = ~skip_mask(found, header.components[index])
    symbols, table_rows = own.symbols[:, *box.slices].astype(np.int32)[coded], scale_row(found)[coded]
    quality_index = header.components[index].quality_index
    quality = quality_position(quality_index, model.config.quality_anchors)
    z, net = own.z[:, *box.hyper.slices], model.network.component(index)
    log_scale = net.log_scale(to_tensor(z, "cpu"), quality, box.height, box.width)
    if own.steps is not None:
        log_scale = log_scale + log_gain_map(own.steps[..., *box.slices], "cpu")
    tables = gaussian_tables()
    beyond = escaped(symbols, table_rows, tables)
    escapes = code_length(symbols[beyond], table_rows[beyond], tables)

    def within(scales: NDArray[np.floating]) -> float:
        bits = residual_bits(torch.from_numpy(symbols).double(), torch.from_numpy(scales[coded]).double()).numpy()
        return float(bits[~beyond].sum()) + escapes

    network = within(log_scale[0].numpy())
    integer = within(LOG_SCALE_MINIMUM + found * (LOG_SCALE_STEP / (1 << SCALE_FRACTION_BITS)))
    z_network = float(probability_bits(net.hyper_prior.probability(to_tensor(z, "cpu"), quality)).double().sum())
    z_bits = code_length(z.ravel(), z_rows(len(z), z.shape[1:]), model.scales[index].z_tables(quality_index))
    return Bits(
        network + z_network, integer - network, code_length(symbols, table_rows, tables) - network, z_bits - z_network
    )


def picture_bits(model: Model, config: Config, path: Path, quality_index: int) -> Bits:
    """Bits of one picture, all components and regions."""
    image = read_image(path)
    header = picture_header(image, config, model, quality_index)
    count = len(header.components)
    decisions = Decisions(config.coding.zeroing, scaling=usual(count))
    analysed = analyse(model, header, planes_of(image, header.colour_transform_idc), decisions=decisions)
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
    print(f"{'pictures':16} {'quality':>7} {'bytes':>10} {'integer scales':>15} {'rows of y':>12} {'tables of z':>12}")
    for folder in folders:
        paths = find_pictures(folder)
        for quality in qualities:
            index = quality_to_index(quality, model.config.quality_anchors)
            bits = sum((picture_bits(model, config, path, index) for path in paths), Bits())
            integer, rows, z = (100 * more / bits.network for more in (bits.integer, bits.rows, bits.z))
            label, size = f"{folder.name}, {len(paths)}", bits.network / 8
            print(f"{label:16} {quality:7g} {size:10.0f} {integer:+13.3f} % {rows:+10.3f} % {z:+10.3f} %", flush=True)
            results.append({
                "set": folder.name, "pictures": len(paths), "quality": quality, "bytes": size,
                "integer_percent": integer, "rows_percent": rows, "z_percent": z,
            })  # fmt: skip
    if out:
        text = json.dumps({"model": model.package.digest, "results": results}, indent=1)
        write_bytes(out, (text + "\n").encode())


if __name__ == "__main__":
    sys.exit(main())
