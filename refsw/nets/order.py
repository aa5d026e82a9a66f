# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.3) Order of the context model; loads without torch."""

STEPS = 4
ORDER = ((0, 3, 1, 2), (3, 0, 2, 1), (1, 2, 3, 0), (2, 1, 0, 3))
"""ORDER[group][step]: phase of the 2x2 positions, 2 * (row % 2) + column % 2, that a group of channels decodes."""
