# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Common test conditions: metrics, BD-rate and anchor codecs. Informative: nothing here is needed to decode."""
