# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(informative) Model packages in the formats of other programs."""
