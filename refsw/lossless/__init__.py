# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.9) Lossless layer: from the picture-exact base picture and a payload for each region to the input's samples.

A stage of its own between reconstruction and output. It never sees the codestream: it is handed payloads that the
reader has delimited, and it hands back samples. All arithmetic is on integers.

    base planes ─┐
    parameters ──┼─ passes over nested lattices: predict, estimate the error, choose a row, decode ─> planes
    samples ─────┘

Modules: `lattice` (passes and neighbours), `features` (what is weighed), `parameters` (the weights that are sent),
`rows` (frequency tables), `predict` (one step), `region` (decoding), `stored` (the other coding), `generate` (the
tables, in integers alone).
"""
