# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Builds a conformance suite: pictures, codestreams, golden values, manifest. The command is `tools/make_suite.py`.

pictures    synthetic pictures, integers from seeds      bench      codestreams from pictures and from drawn symbols
valid       what decoders shall decode                   broken     what they shall reject
golden      planes, stages, digests                      build      files and manifest
"""
