# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Speed and size of the entropy coder, with constriction beside it in the same run, on one core.

    python tools/bench_entropy.py [--symbols 1000000] [--lanes 1,32,128,512] [--repeat 7]
    python tools/bench_entropy.py --dump DIR     symbols of real pictures: every folder below DIR that
                                                 `refsw-dec --dump` wrote

Times are processor seconds of this process, the best of --repeat, and the coders take turns: a busy machine disturbs
them little, and all alike.
constriction (pip install constriction, or refsw[bench]) codes the same symbols with its ANS coder, which has no lanes:
"Gaussians" with a Gaussian of its own for every symbol in one call, "tables" sorted by row, a table for each.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsw.entropy import rans
from refsw.entropy.cost import choose_lanes, code_length
from refsw.entropy.tables import gaussian_tables

Int = NDArray[np.int32]


@dataclass(frozen=True)
class Material:
    """A stream to code: symbols int32 [N], rows int32 [N] of the Gaussian tables."""

    name: str
    symbols: Int
    rows: Int


@dataclass(frozen=True)
class Coder:
    """One contender: `encode` makes bytes, `decode` the symbols from them."""

    name: str
    encode: Callable[[], bytes]
    decode: Callable[[bytes], Int]


def sigma(rows: Int) -> NDArray[np.float64]:
    """Standard deviation of Gaussian rows."""
    return np.asarray(0.11 * (64 / 0.11) ** (rows / 63), np.float64)


def synthetic(count: int) -> Material:
    """Rows spread as in a picture of middle rate (about 1.6 bits a symbol), tails a little heavier than normal."""
    random = np.random.default_rng(1)
    rows = np.clip(random.normal(18, 9, count), 6, 63).astype(np.int32)
    symbols = np.round(random.standard_t(12, count) * sigma(rows)).astype(np.int32)
    return Material(f"synthetic, {count} symbols", symbols, rows)


def dumped(folder: Path) -> list[Material]:
    """Coded symbols of every component that was dumped below `folder`."""
    out = []
    for path in sorted(folder.rglob("symbols.npy")):
        coded = ~np.load(path.with_name("skip_mask.npy"))
        scale_index = np.load(path.with_name("scale_index.npy"))[coded]
        rows = ((scale_index + 64) >> 7).clip(0, 63).astype(np.int32)
        name = str(path.parent.relative_to(folder))
        out.append(Material(name, np.load(path)[coded].astype(np.int32), rows))
    return out


def ours(material: Material, lanes: int) -> Coder:
    """This coder."""
    symbols, rows, tables = material.symbols, material.rows, gaussian_tables()
    return Coder(
        f"refsw, {lanes} lanes",
        lambda: rans.encode(symbols, rows, tables, lanes),
        lambda data: rans.decode(data, rows, tables, lanes),
    )


def peers(material: Material) -> list[Coder]:
    """constriction's ANS coder in its two ways of use; none where it is not installed.

    Gaussians: one call, in coding order, every symbol with its own sigma: as learned codecs use it.
    tables: one call per row over all its symbols, with a table made beforehand: its best case, in an order that a codec
    does not have.
    """
    if importlib.util.find_spec("constriction") is None:
        print("constriction is not installed: no comparison (pip install constriction)", file=sys.stderr)
        return []
    stream: Any = importlib.import_module("constriction").stream
    low, high = int(material.symbols.min()) - 1, int(material.symbols.max()) + 1
    family = stream.model.QuantizedGaussian(low, high)
    means, deviations = np.zeros(len(material.rows), np.float32), sigma(material.rows).astype(np.float32)
    tables, models = gaussian_tables(), []
    low, high = min(low, int(tables.minimum.min())), max(high, int(tables.maximum.max()))
    for row in np.unique(material.rows):
        frequencies = tables.frequencies[tables.offsets[row] : tables.offsets[row + 1] - 1]
        weights = np.full(high - low + 1, 1e-3)  # what is an escape to us gets a thousandth of a unit
        weights[tables.minimum[row] - low :][: len(frequencies)] = frequencies
        model = stream.model.Categorical(weights / weights.sum(), perfect=False)
        models.append((model, np.flatnonzero(material.rows == row)))

    def open_stream(data: bytes) -> Any:
        return stream.stack.AnsCoder(np.frombuffer(data, np.uint32).copy())

    def encode() -> bytes:
        coder = stream.stack.AnsCoder()
        coder.encode_reverse(material.symbols, family, means, deviations)
        return bytes(coder.get_compressed().tobytes())

    def encode_rows() -> bytes:
        coder = stream.stack.AnsCoder()
        for model, at in reversed(models):
            coder.encode_reverse(material.symbols[at] - low, model)
        return bytes(coder.get_compressed().tobytes())

    def decode_rows(data: bytes) -> Int:
        coder, out = open_stream(data), np.empty(len(material.rows), np.int32)
        for model, at in models:
            out[at] = coder.decode(model, len(at)) + low
        return out

    return [
        Coder("constr., tables", encode_rows, decode_rows),
        Coder(
            "constr., Gaussians", encode, lambda data: np.asarray(open_stream(data).decode(family, means, deviations))
        ),
    ]


def measure(coders: list[Coder], material: Material, repeat: int) -> None:
    """Print one line per coder."""
    streams = [coder.encode() for coder in coders]
    for coder, data in zip(coders, streams, strict=True):
        if not np.array_equal(coder.decode(data), material.symbols):
            raise SystemExit(f"{coder.name}: decoded symbols differ from those encoded")
    times = np.full((len(coders), 2), np.inf)
    for _ in range(repeat):
        for k, (coder, data) in enumerate(zip(coders, streams, strict=True)):
            start = time.process_time()
            coder.encode()
            middle = time.process_time()
            coder.decode(data)
            times[k] = np.minimum(times[k], (middle - start, time.process_time() - middle))
    count = len(material.symbols)
    ideal = code_length(material.symbols, material.rows, gaussian_tables()) / 8
    print(f"{material.name}: ideal {ideal:.0f} bytes, {8 * ideal / count:.3f} bits a symbol")
    print(f"  {'':18}{'bytes':>9}{'over ideal':>12}{'encode':>12}{'decode':>12}    decode speed as a ratio to")
    print(f"  {'':18}{'':>9}{'':>12}{'Msymbols/s':>12}{'Msymbols/s':>12}    {coders[-1].name}")
    for coder, data, own in zip(coders, streams, times, strict=True):
        speed = count / own / 1e6
        print(
            f"  {coder.name:18}{len(data):9d}{100 * (len(data) / ideal - 1):11.3f}%{speed[0]:12.2f}{speed[1]:12.2f}"
            f"{times[-1, 1] / own[1]:10.2f}"
        )


def sizes(materials: list[Material]) -> int:
    """Print bytes against ideal bytes with the lanes that the encoder chooses; 1 if any stream breaks the promise."""
    tables, failed = gaussian_tables(), 0
    total = np.zeros(2)
    for material in materials:
        bits = code_length(material.symbols, material.rows, tables)
        lanes = choose_lanes(bits, len(material.symbols))
        size, ideal = len(rans.encode(material.symbols, material.rows, tables, lanes)), bits / 8
        kept = size <= 1.003 * ideal + 24 or ideal < 1000
        failed += not kept
        total += size, ideal
        over = f"{100 * (size / ideal - 1):7.3f}%" if ideal else "      -"
        print(f"  {material.name:44}{len(material.symbols):9d} symbols {lanes:5d} lanes {size:8d} bytes {over}"
              f"{'' if kept else '  ABOVE 0.3 % + 24 bytes'}")  # fmt: skip
    print(f"  all: {total[0]:.0f} bytes, {100 * (total[0] / total[1] - 1):.3f}% over the ideal {total[1]:.0f}")
    return int(failed > 0)


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--symbols", type=int, default=1_000_000, help="length of the synthetic stream")
    parser.add_argument("--dump", type=Path, help="folder with what refsw-dec --dump wrote, at any depth")
    parser.add_argument("--lanes", default="1,32,128,512", help="lane counts to measure, separated by commas")
    parser.add_argument("--repeat", type=int, default=7, help="runs of which the best counts")
    arguments = parser.parse_args()
    materials = [synthetic(arguments.symbols)]
    status = 0
    if arguments.dump is not None:
        real = [material for material in dumped(arguments.dump) if len(material.symbols)]
        if not real:
            print(f"{arguments.dump}: no symbols.npy with coded symbols below it", file=sys.stderr)
            return 2
        print("sizes with the lanes that the encoder chooses")
        status = sizes(real)
        joined = [np.concatenate([getattr(m, field) for m in real]) for field in ("symbols", "rows")]
        materials = [Material(f"{len(real)} dumped components as one stream", joined[0], joined[1])]
    for material in materials:
        coders = [ours(material, int(lanes)) for lanes in arguments.lanes.split(",")]
        measure([*coders, *peers(material)], material, arguments.repeat)
    return status


if __name__ == "__main__":
    sys.exit(main())
