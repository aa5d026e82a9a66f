# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Decoding (normative): bytes -> headers and symbols -> latents -> planes -> picture. Imports nothing of encoders."""
