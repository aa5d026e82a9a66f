# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Encoding (informative): picture -> planes -> latents -> symbols -> bytes."""
