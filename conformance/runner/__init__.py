# SPDX-License-Identifier: BSD-3-Clause-Clear
"""`refsw-conform`: runs the vectors of a suite through a decoder and says what holds. Standard library and NumPy alone.

settings   adapter.yaml and claim.yaml, a small part of YAML           errors    what ends the runner, and its exit code
suite      manifest, vectors, golden values; verify                    claim     what is claimed -> what applies
adapter    the decoder's command line    session   one that stays alive process   limits of time, memory, output
planes     raw planes <-> arrays         compare   planes and stages against golden values
judge      outcome of one vector -> verdict                            execute   all vectors
report     report.json                   markdown, junit, page         renderings of it
doctor     why a layout is wrong         validate  an encoder's stream  cli       the command
"""
