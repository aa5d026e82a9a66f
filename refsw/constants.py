# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Constants of the specification that stand in no syntax element: spec/tables/coding.yaml."""

from __future__ import annotations

from refsw.spec import document

_VALUES = {entry["name"]: int(entry["value"]) for entry in document("tables/coding.yaml")["constants"]}

Z_LIMIT = _VALUES["z_limit"]
QUALITY_ANCHOR_BITS = _VALUES["quality_anchor_bits"]
SCALE_FRACTION_BITS = _VALUES["scale_fraction_bits"]
SCALE_INDEX_MAXIMUM = _VALUES["scale_index_maximum"]
LATENT_BLOCK = _VALUES["latent_block"]
HYPER_BLOCK = _VALUES["hyper_block"]
WINDOW_SIDE = _VALUES["window_side"]
TILE_SIDE = _VALUES["tile_side"]
GAIN_FRACTION_BITS = _VALUES["gain_fraction_bits"]
GAIN_MANTISSA_BITS = _VALUES["gain_mantissa_bits"]
LATENT_FRACTION_BITS = _VALUES["latent_fraction_bits"]
EXACT_PLANE_BITS = _VALUES["exact_plane_bits"]
FILTER_REACH = _VALUES["filter_reach"]
RESOLUTION_TOOL_ID = _VALUES["resolution_tool_id"]
SCALING_TOOL_ID = _VALUES["scaling_tool_id"]
PROPOSAL_EXTENSION_ID = _VALUES["proposal_extension_id"]
LOSSLESS_LEVELS = _VALUES["lossless_levels"]
LOSSLESS_WEIGHT_BITS = _VALUES["lossless_weight_bits"]
LOSSLESS_ERROR_BITS = _VALUES["lossless_error_bits"]
LOSSLESS_CLASSES = _VALUES["lossless_classes"]
LOSSLESS_CONTEXTS = _VALUES["lossless_contexts"]
QUALITY_MAP_LIMIT = _VALUES["quality_map_limit"]
QUALITY_MAP_LOG_GAIN = _VALUES["quality_map_log_gain"]
