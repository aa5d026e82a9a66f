# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Deliberately wrong decoders, by which a suite is tested: each must be caught by a vector that is named.

outputs   wrong samples, wrong result files     behaviours   wrong exits, hangs, memory
replay    a decoder that plays golden values back, and can be any of them
"""
