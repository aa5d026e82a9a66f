# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.9) Variance scaling: README.md says what it does and what it gains."""
