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

from conformance.independent import colour, entropy, layers, planes, tools
from conformance.independent.bits import BitReader
from conformance.independent.enlarge import Resolution
from conformance.independent.entropy import DamagedError
from conformance.independent.headers import FULL, GREY
from conformance.independent.layers import Tensor
from conformance.independent.main import specification
from conformance.independent.scaling import Scaling

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
    except DamagedError as error:
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
}


if __name__ == "__main__":
    sys.exit(main())
