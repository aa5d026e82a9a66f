# SPDX-License-Identifier: BSD-3-Clause-Clear
"""From results to a reader: one set of numbers as a page, CSV, JSON, Markdown and a spreadsheet.

write_report(results, folder)                index.html  report.md  report.json  report.xlsx  csv/*.csv
write_viewer(results, folder, pictures)      index.html  pictures/*.png
    diff(a, b)                                   a table: the BD-rates of B against A
"""

from refsw.ctc.report.diff import diff
from refsw.ctc.report.pictures import Pictures
from refsw.ctc.report.published import choose, published
from refsw.ctc.report.viewer import write_viewer
from refsw.ctc.report.write import write_report

__all__ = ["Pictures", "choose", "diff", "published", "write_report", "write_viewer"]
