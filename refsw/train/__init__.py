# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Training (informative): start, one loop, export."""
