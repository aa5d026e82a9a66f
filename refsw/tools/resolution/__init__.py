# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.12) Resolution change: README.md says what it does and what it gains."""
