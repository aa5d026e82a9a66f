# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What decoder vendors use: suites, runner, adapters, independent decoders."""
