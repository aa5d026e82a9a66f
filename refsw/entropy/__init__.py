# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.4) Integer entropy coder: interleaved rANS, its frequency tables and their cost.

    symbols + table rows  ── rans.encode ──>  substream bytes  ── rans.decode (rows) ──>  symbols

Modules: `tables` (frequencies), `rans` (the coder), `bypass` (escaped values), `oracle` (the definition in
plain ints), `cost` (ideal code length, lane count), `gaussian` (integer-only table generator).
"""
