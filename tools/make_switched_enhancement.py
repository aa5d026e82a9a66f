# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Train the bank of the switched enhancement filter (9.11.3): least squares for each class, on decoded crops.

    python tools/make_switched_enhancement.py --data ../shared/data/train_crops.zip

Crops that the training of networks used are coded by the shipped weights at random qualities and decoded; the
features are those of the decoder. Every crop counts by the inverse of its squared error, so that all qualities and
pictures matter alike. A class leans on all classes together where it has few samples. About 3 minutes on one core.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from refsw.config import load_config
from refsw.decode.tools import NO_TOOLS
from refsw.encode.analyse import Decisions, analyse_again, planes_of
from refsw.encode.picture import load_model, picture_header, quality_to_index
from refsw.encode.tools import decoded_planes
from refsw.numerics import numerics
from refsw.resources import spec_dir
from refsw.syntax.geometry import Region
from refsw.tools.planes import padded
from refsw.tools.switched_enhancement.bank import QUALITY_STEP, Bank, Term
from refsw.tools.switched_enhancement.features import DIRECTIONS, REACH, classes, differences
from refsw.tools.variance_scaling.tool import usual
from refsw.train.data import is_held_out, origins
from refsw.train.recipe import SIDE
from refsw.types import Image

RINGS = (
    ((0, -1), (0, 1)), ((-1, 0), (1, 0)), ((-1, -1), (1, 1)), ((-1, 1), (1, -1)), ((0, -2), (0, 2)), ((-2, 0), (2, 0)),
    ((-1, -2), (1, 2), (-2, -1), (2, 1)), ((-1, 2), (1, -2), (-2, 1), (2, -1)), ((0, -3), (0, 3)), ((-3, 0), (3, 0)),
    ((-2, -2), (2, 2)), ((-2, 2), (2, -2)),
)  # fmt: skip
NARROW, WIDE = 20, 80
LUMA = tuple((0, r, limit) for limit, count in ((0, 12), (NARROW, 8), (WIDE, 8)) for r in range(count))
CHROMA = tuple(
    (source, r, limit)
    for source, limit, count in ((1, 0, 6), (1, NARROW, 4), (1, WIDE, 4), (0, 0, 6), (0, WIDE, 4), (2, 0, 4))
    for r in range(count)
)
THRESHOLDS = (400, 800, 1600, 3200, 6400)
CLASSES = DIRECTIONS * (len(THRESHOLDS) + 1)
QUALITIES = 5
FRACTION_BITS = 12
FLOOR = 200.0
"""Added to a squared error before it is inverted, so that a crop that is nearly exact does not decide alone."""
LEAN = 5e-4
"""Share of the sum of all classes that is added to each."""


@dataclass(frozen=True)
class Crop:
    """source, decoded: int32 [3, 320, 320]."""

    quality_index: int
    source: NDArray[np.int32]
    decoded: NDArray[np.int32]


def crops(data: Path, count: int) -> Iterator[Crop]:
    """Decoded crops of pictures that are not held out, each at a random quality."""
    config = load_config("base")
    model = load_model(config)
    with zipfile.ZipFile(data) as archive:
        found = origins(archive)
        names = [name for name in sorted(found) if not is_held_out(found[name])]
        for index, name in enumerate(np.random.default_rng(5).permutation(names)[:count]):
            rgb = np.asarray(PillowImage.open(io.BytesIO(archive.read(name))).convert("RGB"))[:SIDE, :SIDE]
            image = Image(np.ascontiguousarray(rgb), 8)
            quality = quality_to_index(np.random.default_rng((7, index)).uniform(0, 100), model.config.quality_anchors)
            header = picture_header(image, config, model, quality)
            read = planes_of(image, header.colour_transform_idc)
            decisions = Decisions(config.coding.zeroing, scaling=usual(len(header.components)))
            analysed, _ = analyse_again(model, header, read, None, "cpu", decisions)
            decoded = decoded_planes(model, analysed, NO_TOOLS, config.operating_points[0], "cpu").astype(np.int32)
            yield Crop(quality, read(Region(0, 0, *decoded.shape[1:])).samples, decoded)


class Normal:
    """Normal equations of one plane at each quality and class."""

    def __init__(self, terms: tuple[Term, ...]) -> None:
        self.terms = terms
        self.matrix = np.zeros((QUALITIES, CLASSES, len(terms), len(terms)))
        self.vector = np.zeros((QUALITIES, CLASSES, len(terms)))

    def add(self, crop: Crop, seen: NDArray[np.int32], plane: int, order: NDArray[np.intp], bounds: list[int]) -> None:
        """One crop; order: its samples by class, which begin at `bounds`."""
        features = np.stack([part.ravel()[order] for part in differences(seen, plane, self.terms, 8)]).astype(float)
        error = (crop.source[plane] - crop.decoded[plane]).ravel()[order].astype(float)
        weight = 1 / (float((error**2).mean()) + FLOOR) / error.size
        low = min(crop.quality_index // QUALITY_STEP, QUALITIES - 2)
        share = crop.quality_index / QUALITY_STEP - low
        for index, (begin, end) in enumerate(pairwise(bounds)):
            own = features[:, begin:end]
            matrix, vector = own @ own.T * weight, own @ error[begin:end] * weight
            for quality, part in ((low, 1 - share), (low + 1, share)):
                self.matrix[quality, index] += part * matrix
                self.vector[quality, index] += part * vector

    def solved(self) -> NDArray[np.int16]:
        """Coefficients in Q12, int16 [QUALITIES, CLASSES, terms]."""
        out = np.zeros_like(self.vector)
        for quality in range(QUALITIES):
            total = self.matrix[quality].sum(0)
            least = np.eye(len(self.terms)) * np.trace(total)
            common = np.linalg.solve(total + 1e-6 * np.diag(np.diag(total)), self.vector[quality].sum(0))
            for index in range(CLASSES):
                matrix, vector = self.matrix[quality, index], self.vector[quality, index]
                change = np.linalg.solve(matrix + LEAN * total + 1e-9 * least, vector - matrix @ common)
                out[quality, index] = common + change
        return np.rint(out * (1 << FRACTION_BITS)).clip(-32767, 32767).astype(np.int16)


def main(argv: list[str] | None = None) -> int:
    """Train the bank and write the table; returns 1, nothing written, where crops are too few or sums leave int32."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="ZIP")
    parser.add_argument("--crops", type=int, default=300)
    parser.add_argument("--out", type=Path, default=spec_dir() / "tables" / "switched_enhancement.json")
    options = parser.parse_args(argv)
    terms = tuple(tuple(Term(source, RINGS[r], limit) for source, r, limit in kind) for kind in (LUMA, CHROMA))
    normals = [Normal(terms[min(plane, 1)]) for plane in range(3)]
    with numerics(1):
        for crop in crops(options.data, options.crops):
            seen = padded(crop.decoded, REACH)
            found = classes(seen[0], THRESHOLDS, 8).ravel()
            order = np.argsort(found, kind="stable")
            bounds = np.searchsorted(found[order], np.arange(CLASSES + 1)).tolist()
            for plane, normal in enumerate(normals):
                normal.add(crop, seen, plane, order, bounds)
    try:
        coefficients = tuple(normal.solved() for normal in normals)
    except np.linalg.LinAlgError:
        print(f"make_switched_enhancement: error: {options.crops} crops are too few", file=sys.stderr)
        return 1
    bank = Bank(THRESHOLDS, (terms[0], terms[1]), FRACTION_BITS, coefficients)
    if not all(bank.fits_int32(plane, 8) for plane in range(3)):
        print("make_switched_enhancement: error: coefficients too large for sums in int32", file=sys.stderr)
        return 1
    options.out.write_text(text(bank), encoding="utf-8")
    return 0


def text(bank: Bank) -> str:
    """The table as JSON, one class a line."""
    head = {"clause": "9.11.3", "fraction_bits": bank.fraction_bits, "thresholds": bank.thresholds, "rings": RINGS,
            "luma": LUMA, "chroma": CHROMA}  # fmt: skip
    lines = [f"{json.dumps(name)}: {json.dumps(value)}," for name, value in head.items()]
    planes = [
        "[" + ",\n".join("[" + ",\n".join(json.dumps(row.tolist()) for row in quality) + "]" for quality in own) + "]"
        for own in bank.coefficients
    ]
    return "{\n" + "\n".join(lines) + '\n"coefficients": [' + ",\n".join(planes) + "]\n}\n"


if __name__ == "__main__":
    sys.exit(main())
