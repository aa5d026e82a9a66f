# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Decoder B: parses as decoder A does, and runs the float networks of clause 9 in ONNX Runtime.

Its pictures are near those of picture-exact decoders, not equal to them: what the tolerance classes are for.
"""
