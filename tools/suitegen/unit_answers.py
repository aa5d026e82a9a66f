# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What refsw makes of a unit vector, from what stands in its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.runner.units import tensor
from refsw.colour import CUSTOM, CustomTransform, downsample, image_from_planes
from refsw.colour.transform import BT709, colour_transform
from refsw.decode.exact import integer_planes
from refsw.decode.extras import alpha_of
from refsw.decode.lossless import decode_layer
from refsw.decode.quality_map import quality_steps
from refsw.entropy import rans
from refsw.entropy.tables import FrequencyTables
from refsw.exact.gain import GainTable
from refsw.exact.layer import IntegerLayer
from refsw.exact.operations import NumpyOperations, ProvenLayer
from refsw.lossless.rows import low_bits, rows_of
from refsw.syntax.geometry import Region
from refsw.syntax.headers import (
    BIT_DEPTHS,
    AlphaPlane,
    ComponentHeader,
    LosslessLayer,
    PictureHeader,
    QualityMap,
)
from refsw.syntax.payload import header_names, read_payload
from refsw.syntax.resolution import displayed_header
from refsw.tools.resolution.tool import RESOLUTION
from refsw.tools.tool import Place, PostFilter
from refsw.tools.toolbox import DEFAULT, syntax_of
from refsw.types import Planes

Given = Mapping[str, Any]
Numbers = NDArray[Any]
HALVED = {"4:2:0": (1, 1), "4:2:2": (0, 1)}


def tables_of(given: Given) -> FrequencyTables:
    """(8.4.2) The table of an entropy unit."""
    rows = given["table"]
    return FrequencyTables.from_frequencies([row["frequencies"] for row in rows], [row["minimum"] for row in rows])


def symbols(given: Given) -> Numbers:
    """(8.4.4) Raises DamageError."""
    return rans.decode(bytes.fromhex(given["substream"]), tensor(given["rows"]), tables_of(given), given["lanes"])


def proven(given: Given) -> ProvenLayer:
    """(D.4) The layer of a unit. Raises ModelError."""
    layer = IntegerLayer(
        tensor(given["weight"]).astype(np.int16), tensor(given["multiplier"]).astype(np.int32), tensor(given["bias"]),
        tensor(given["shift"]).astype(np.int32), given["depth_to_space"], _pair(given["output_range"]),
    )  # fmt: skip
    return ProvenLayer.prove("layer", layer, _pair(given["input_range"]))


def layer(given: Given) -> Numbers:
    """(D.2) In int64."""
    return NumpyOperations().conv(proven(given), tensor(given["input"]))


def gain(given: Given) -> Numbers:
    """(D.6) In int64."""
    table = GainTable(tensor(given["log_gain"]).astype(np.int32), _pair(given["output_range"]))
    return NumpyOperations().gain(table, tensor(given["input"]), given["quality_index"])


def rectifier(given: Given) -> Numbers:
    """(D.7.1)."""
    return NumpyOperations().leaky(tensor(given["input"]))


def planes(given: Given) -> Numbers:
    """(9.8.4)."""
    return integer_planes(tensor(given["patches"]).astype(np.int32), given["bit_depth"])


def colour(given: Given) -> Numbers:
    """(9.5.2, 9.5.3)."""
    identifier, own = given["colour_transform_idc"], tensor(given["planes"]).astype(np.int32)
    custom = None
    if identifier == CUSTOM:
        custom = CustomTransform(tuple(given["colour_matrix"]), tuple(given["colour_offset"]))
    image = image_from_planes(Planes(own, given["bit_depth"]), identifier, custom)
    return image.samples.transpose(2, 0, 1)


def chroma(given: Given) -> Numbers:
    """(9.5.4)."""
    own, halved = tensor(given["planes"]).astype(np.int32), HALVED[given["chroma_format"]]
    found = downsample(own, *halved, colour_transform(BT709).plane_fraction_bits)
    return found.clip(0, (1 << given["bit_depth"]) - 1)


def header_of(given: Given) -> PictureHeader:
    """What a post-filter needs of a picture header."""
    count, height, width = given["planes"]["shape"]
    chroma_format = 0 if count == 1 else 3
    return replace(
        _HEADER, coded_width_minus1=width - 1, coded_height_minus1=height - 1,
        bit_depth_idc=BIT_DEPTHS.index(given["bit_depth"]),
        components=tuple(ComponentHeader(quality_index=i, num_coded_channels=8) for i in given["quality_index"]),
        source_chroma_format_idc=chroma_format, coded_chroma_format_idc=chroma_format,
        colour_transform_idc=0 if count == 1 else 1,
    )  # fmt: skip


def post_filter(tool_id: int) -> Callable[[Given], Numbers]:
    """(9.11)"""

    def step(given: Given) -> Numbers:
        tool, header = DEFAULT.by_id(tool_id), header_of(given)
        assert isinstance(tool, PostFilter)
        payload = read_payload(bytes.fromhex(given["payload"]), syntax_of(tool), header_names(header), "payload")
        place = Place(header, 0, 0, Region(0, 0, header.coded_height, header.coded_width))
        return tool.apply(tensor(given["planes"]).astype(np.int32), payload, place)

    return step


def quality_map(given: Given) -> Numbers:
    """(8.8.1) Raises DamageError."""
    segment = QualityMap(quality_map_data=bytes.fromhex(given["quality_map_data"]))
    return quality_steps(segment, (given["height"], given["width"]))


def sized(height: int, width: int, depth: int) -> PictureHeader:
    """A header of a picture of this size."""
    return replace(
        _HEADER, coded_width_minus1=width - 1, coded_height_minus1=height - 1, bit_depth_idc=BIT_DEPTHS.index(depth)
    )


def alpha(given: Given) -> Numbers:
    """(9.5.5) Raises DamageError."""
    own = AlphaPlane(alpha_data=bytes.fromhex(given["alpha_data"]))
    return alpha_of(own, sized(given["height"], given["width"], given["bit_depth"]))


def residual_row(given: Given) -> Numbers:
    """(9.9.6) Row, low bits: [2, n]."""
    widths, shapes, phases = (tensor(given[name]) for name in ("width", "shape", "phase"))
    depth = given["bit_depth"]
    return np.stack([rows_of(widths, shapes, phases, depth), low_bits(widths, depth)])


def lossless(given: Given) -> Numbers:
    """(9.9.2 to 9.9.6, 9.9.8) Planes in coding order. Raises DamageError."""
    layer = LosslessLayer(
        lossless_coding_idc=given["lossless_coding_idc"], log2_lanes_lossless=given["log2_lanes"],
        parameter_row=tuple(given["parameter_row"]), lossless_digest=(),
        lossless_parameters=bytes.fromhex(given["lossless_parameters"]),
        lossless_data=bytes.fromhex(given["lossless_data"]),
    )  # fmt: skip
    base = list(tensor(given["base"]).astype(np.int32))
    return np.stack(decode_layer(layer, base, tuple(range(len(base))), given["bit_depth"]))


def resolution_change(given: Given) -> Numbers:
    """(9.12) Raises CodestreamError."""
    own = tensor(given["planes"]).astype(np.int32)
    header = sized(*own.shape[1:], given["bit_depth"])
    payload: Any = read_payload(
        bytes.fromhex(given["payload"]), syntax_of(RESOLUTION), header_names(header), "payload"
    )  # fmt: skip
    shown = displayed_header(header, payload)
    seen, wanted = (Region(0, 0, one.coded_height, one.coded_width) for one in (header, shown))
    return RESOLUTION.enlarge(own, payload, seen, wanted, header)


def _pair(given: list[int]) -> tuple[int, int]:
    low, high = given
    return low, high


_HEADER = PictureHeader(
    level_idc=10, synthesis_transform_id=(1,), model_id=1, model_digest=bytes(4), coded_width_minus1=0,
    coded_height_minus1=0, components=(ComponentHeader(quality_index=0, num_coded_channels=8),),
)  # fmt: skip
ANSWERS: Mapping[str, Callable[[Given], Numbers]] = {
    "entropy": symbols,
    "layer": layer,
    "gain": gain,
    "rectifier": rectifier,
    "planes": planes,
    "colour": colour,
    "chroma": chroma,
    "switched-enhancement": post_filter(1),
    "linear-enhancement": post_filter(2),
    "quality-map": quality_map,
    "alpha": alpha,
    "residual-row": residual_row,
    "lossless": lossless,
    "resolution-change": resolution_change,
}
"""Of each kind; what they give is the one tensor that is expected."""
