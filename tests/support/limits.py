# SPDX-License-Identifier: BSD-3-Clause-Clear
"""How the columns of Table A-1 are shared out among the tests of limits; a column that is in no share fails one."""

BUDGETS = (
    "max_kmac_per_sample", "max_parameters", "fixed_memory_bytes", "window_bytes_per_sample", "tile_bytes_per_sample",
    "region_bytes_per_sample",
)  # fmt: skip
"""Of networks and memory, of which a codestream alone shows nothing: tests/decode/test_budgets.py."""

EXPERIMENTAL = ("tools", "any_tool", "essential_extensions")
"""What only the experimental profile has."""
