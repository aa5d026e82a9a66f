# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Writes a report: the same tables in five forms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from refsw.ctc.report import export, page
from refsw.ctc.report.numbers import numbers
from refsw.ctc.report.pictures import Pictures, exhibits
from refsw.ctc.report.published import Published
from refsw.ctc.report.tables import tables
from refsw.ctc.results import Results
from refsw.errors import OutputError
from refsw.io.files import reason, write_bytes

EXHIBIT_BPP = 0.25


def write_report(
    results: Results,
    folder: Path,
    *,
    pictures: Pictures | None = None,
    overlay: Sequence[Published] = (),
    exhibit_bpp: float = EXHIBIT_BPP,
) -> Path:
    """Writes index.html, report.md, report.json, report.xlsx and csv/*.csv; returns the path of the page.

    pictures: where crops come from, None for a report without them; overlay: published curves, drawn and marked as
    such, meaningful only where the pictures are theirs; exhibit_bpp: rate at which crops are compared.
    Raises OutputError; a source or decoded picture that cannot be read raises ImageError.
    """
    found = numbers(results, overlay)
    listed = tables(found)
    shown = exhibits(found, pictures, exhibit_bpp) if pictures else ()
    files = {f"csv/{table.key}.csv": export.as_csv(table).encode() for table in listed if table.rows}
    files["report.json"] = export.as_json(listed).encode()
    files["report.md"] = export.as_markdown(listed, results.name).encode()
    files["report.xlsx"] = export.as_workbook(listed, results.name)
    linked = ["report.xlsx", "report.json", "report.md", "csv/points.csv"]
    files["index.html"] = page.render(found, listed, overlay, shown, exhibit_bpp, linked).encode()
    try:
        (folder / "csv").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made: {reason(error)}") from None
    for name, data in files.items():
        write_bytes(folder / name, data)
    return folder / "index.html"
