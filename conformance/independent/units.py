# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Unit vectors of a suite through the steps of this decoder: `python -m conformance.independent.units FILE...`

An example of what a vendor writes for a decoder of their own: read a file, do its step, compare. Exit codes: 0 all are
equal, 1 some are not, 2 no file is named.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from conformance.independent import colour, entropy, layers, lossless, planes, residual, tools
from conformance.independent import symbols as symbols_of_regions
from conformance.independent.bits import BitReader
from conformance.independent.enlarge import Resolution
from conformance.independent.entropy import DamagedError
from conformance.independent.errors import RejectedError
from conformance.independent.headers import FULL, GREY
from conformance.independent.layers import Tensor
from conformance.independent.limits import LEVELS
from conformance.independent.main import specification
from conformance.independent.scaling import Scaling
from conformance.independent.segments import DEFLATE, LosslessLayer

Values = Mapping[str, Any]


def main(argv: Sequence[str] | None = None) -> int:
    """One line for each file; returns the exit code."""
    names = sys.argv[1:] if argv is None else argv
    if not names:
        print("usage: python -m conformance.independent.units FILE...", file=sys.stderr)
        return 2
    found = [(name, difference(json.loads(Path(name).read_bytes()), specification())) for name in names]
    for name, text in found:
        print(f"{Path(name).stem}: {text or 'equal'}")
    wrong = sum(bool(text) for _, text in found)
    print(f"{len(found)} units, {wrong} differ")
    return 1 if wrong else 0


def difference(unit: Values, spec: Path) -> str:
    """What this decoder does otherwise than a unit expects; "" where nothing."""
    try:
        own = STEPS[unit["kind"]](unit["given"], spec)
    except (DamagedError, RejectedError) as error:
        return "" if unit["result"] == "invalid" else f"refused: {error}"
    if unit["result"] == "invalid":
        return f"not refused; clause {unit['clause']}"
    (name, wanted), = unit["expected"].items()  # fmt: skip
    expected = tensor(wanted)
    if own.shape != expected.shape:
        return f"{name}: shape {list(own.shape)}, expected {list(expected.shape)}"
    places = np.argwhere(own != expected)
    if not len(places):
        return ""
    first = tuple(places[0].tolist())
    return f"{name}: {len(places)} of {own.size} differ, first {list(first)}: {own[first]}, expected {expected[first]}"


def tensor(entry: Values) -> Tensor:
    """Numbers in C order."""
    return np.array(entry["values"], np.int64).reshape(entry["shape"])


def symbols(given: Values, spec: Path) -> Tensor:
    """(8.4.4) Symbols of a substream."""
    table = [entropy.make_row(row["minimum"], row["frequencies"]) for row in given["table"]]
    rows = tensor(given["rows"]).tolist()
    found = entropy.decode(bytes.fromhex(given["substream"]), given["total_bits"], table, rows, given["lanes"])
    return np.array(found, np.int64)


def layer(given: Values, spec: Path) -> Tensor:
    """(D.2) A layer, after the check of its bounds (D.4)."""
    weight, multiplier, bias, shift = (tensor(given[name]) for name in ("weight", "multiplier", "bias", "shift"))
    limits = given["output_range"][0], given["output_range"][1]
    own = layers.Layer(weight, multiplier, bias, shift, bool(given["depth_to_space"]), limits)
    own.check("layer", (given["input_range"][0], given["input_range"][1]))
    return own(tensor(given["input"]))


def gain(given: Values, spec: Path) -> Tensor:
    """(D.6) Gains of channels at a quality."""
    limits = given["output_range"][0], given["output_range"][1]
    return layers.gain_at(tensor(given["log_gain"]), given["quality_index"], limits)(tensor(given["input"]))


def rectifier(given: Values, spec: Path) -> Tensor:
    """(D.7.1) Leaky rectifier."""
    return layers.act(tensor(given["input"]))


def plane_samples(given: Values, spec: Path) -> Tensor:
    """(9.8.4) Patches to planes."""
    v = tensor(given["patches"])
    return planes.planes_of_patches(v, len(v) // 64, given["bit_depth"])


def samples(given: Values, spec: Path) -> Tensor:
    """(9.5.2, 9.5.3) Planes to samples of the picture."""
    own = tensor(given["planes"])
    header: Any = SimpleNamespace(
        bit_depth=given["bit_depth"], display_height=own.shape[1], display_width=own.shape[2],
        colour_transform_idc=given["colour_transform_idc"], colour_matrix=given.get("colour_matrix", ()),
        colour_offset=given.get("colour_offset", ()), source_chroma_format_idc=None,
    )  # fmt: skip
    return np.stack(colour.picture(header, own))


def chroma(given: Values, spec: Path) -> Tensor:
    """(9.5.4) Chroma planes to chroma of half the size."""
    rows, top = {"4:2:0": 2, "4:2:2": 1}[given["chroma_format"]], (1 << given["bit_depth"]) - 1
    return np.stack([colour.reduce_chroma(plane, rows, top) for plane in tensor(given["planes"])])


def post_filter(tool_id: int) -> Callable[[Values, Path], Tensor]:
    """(9.11) A post-filter, from its payload."""

    def step(given: Values, spec: Path) -> Tensor:
        own = tensor(given["planes"])
        header: Any = SimpleNamespace(
            source_chroma_format_idc=GREY if len(own) == 1 else FULL,
            components=[SimpleNamespace(quality_index=index) for index in given["quality_index"]],
        )
        parameters = tools.TOOLS[tool_id](BitReader(bytes.fromhex(given["payload"])), header)
        if isinstance(parameters, Resolution | Scaling):
            raise ValueError(f"tool_id {tool_id} is no post-filter")
        return parameters.filter(own, given["bit_depth"], spec)

    return step


def quality_map(given: Values, spec: Path) -> Tensor:
    """(8.8.1) Steps of a picture."""
    gaussian = symbols_of_regions.load_table(spec, "gaussian", symbols_of_regions.ROWS)
    coded = bytes.fromhex(given["quality_map_data"])
    return symbols_of_regions.decode_steps(coded, gaussian, given["height"], given["width"])


def alpha(given: Values, spec: Path) -> Tensor:
    """(9.5.5) The alpha plane."""
    header: Any = SimpleNamespace(
        bit_depth=given["bit_depth"], display_height=given["height"], display_width=given["width"]
    )
    return colour.alpha_plane(header, bytes.fromhex(given["alpha_data"]))


def residual_row(given: Values, spec: Path) -> Tensor:
    """(9.9.6) Row of the residual table and number of low bits, one shape of contexts after the other."""
    width, shape, phase = (tensor(given[name]) for name in ("width", "shape", "phase"))
    steps = np.zeros(residual.CONTEXTS, np.int64)  # so that context k has width k
    steps[residual.UNCODED] = residual.UNCODED_STEP
    found = np.zeros((2, len(width)), np.int64)
    for own in range(residual.SHAPES):
        coding = residual.coding_of(width, steps, np.full_like(steps, own), given["bit_depth"])
        found = np.where(shape == own, np.stack([coding.rows(phase), coding.low_bits]), found)
    return found


def layer_samples(given: Values, spec: Path) -> Tensor:
    """(9.9.2 to 9.9.6, 9.9.8) A lossless layer over its base."""
    parameters, data = (bytes.fromhex(given[name]) for name in ("lossless_parameters", "lossless_data"))
    own = LosslessLayer(
        given["lossless_coding_idc"], given["log2_lanes"], tuple(given["parameter_row"]), parameters, (), data
    )
    base = list(tensor(given["base"]))
    if own.coding_idc == DEFLATE:
        return np.stack(lossless.decode_deflate(own, base, given["bit_depth"]))
    gaussian = symbols_of_regions.load_table(spec, "gaussian", symbols_of_regions.ROWS)
    rows = symbols_of_regions.load_table(spec, "residual", residual.ROWS)
    return np.stack(lossless.decode_lattices(own, base, given["bit_depth"], gaussian, rows))


def resolution_change(given: Values, spec: Path) -> Tensor:
    """(9.12) Coded planes to displayed ones, from a payload."""
    own = tensor(given["planes"])
    height, width = own.shape[1:]
    header: Any = SimpleNamespace(
        coded_height=height, coded_width=width, display_height=height, display_width=width, level=LEVELS[10]
    )
    parameters = tools.TOOLS[tools.RESOLUTION](BitReader(bytes.fromhex(given["payload"])), header)
    if not isinstance(parameters, Resolution):
        raise ValueError("the payload is not one of resolution change")
    return parameters.enlarged(own, given["bit_depth"])


STEPS: Mapping[str, Callable[[Values, Path], Tensor]] = {
    "entropy": symbols,
    "layer": layer,
    "gain": gain,
    "rectifier": rectifier,
    "planes": plane_samples,
    "colour": samples,
    "chroma": chroma,
    "switched-enhancement": post_filter(tools.SWITCHED_ENHANCEMENT),
    "linear-enhancement": post_filter(tools.LINEAR_ENHANCEMENT),
    "quality-map": quality_map,
    "alpha": alpha,
    "residual-row": residual_row,
    "lossless": layer_samples,
    "resolution-change": resolution_change,
}


if __name__ == "__main__":
    sys.exit(main())
