# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Decoder A: written from the specification alone, in NumPy and the standard library; it shares no code with refsw.

    bytes -> segments -> symbols (8) -> latents (9.8.2, 9.8.3) -> planes (9.8.4) -> picture (9.5)

It decodes picture-exactly (9.8) and nothing else: its samples are those of every exact decoder, on every machine.
`python -m conformance.independent STREAM --output PLANES.raw --result result.json`
"""
