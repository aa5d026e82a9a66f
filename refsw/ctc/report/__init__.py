# SPDX-License-Identifier: BSD-3-Clause-Clear
"""From results to a reader: one set of numbers as a page, CSV, JSON, Markdown and a spreadsheet."""
