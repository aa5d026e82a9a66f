# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(9.11.3) Switched enhancement: README.md says what it does and what it gains."""
