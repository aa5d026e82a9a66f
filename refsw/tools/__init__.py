# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Coding tools: one folder each. The interface stands in tool.py, the list in toolbox.py; nothing registers itself."""
