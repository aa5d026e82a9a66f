# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The tables of a report as CSV, JSON, Markdown and a spreadsheet: same values, different paper."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from datetime import datetime

from refsw.ctc.report.table import Table, Value

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would take such text for a formula
ILLEGAL_IN_SHEETS = {code: "\N{REPLACEMENT CHARACTER}" for code in range(32) if chr(code) not in "\t\n\r"}
EPOCH = datetime(2000, 1, 1)  # a workbook of the same numbers is the same file


def as_csv(table: Table) -> str:
    """RFC 4180 with full precision; an absent value is an empty field. Text that looks like a formula gets a quote."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([column.heading for column in table.columns])
    writer.writerows([[_inert(value) for value in row] for row in table.rows])
    return buffer.getvalue()


def as_json(tables: Iterable[Table]) -> str:
    """All tables: by key, title, note, columns (title, unit) and rows. Keys sorted, full precision, always the same."""
    fields = {
        table.key: {
            "title": table.title,
            "note": table.note,
            "columns": [{"title": column.title, "unit": column.unit} for column in table.columns],
            "rows": table.rows,
        }
        for table in tables
    }
    return json.dumps(fields, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def as_markdown(tables: Iterable[Table], title: str) -> str:
    """Tables that have rows, rounded as on the page."""
    lines = [f"# {_cell(title)}", ""]
    for table in tables:
        if not table.rows:
            continue
        lines += [f"## {table.title}", ""] + ([_cell(table.note), ""] if table.note else [])
        lines.append("| " + " | ".join(_cell(column.heading) for column in table.columns) + " |")
        lines.append("|" + "|".join("---" if column.digits is None else "---:" for column in table.columns) + "|")
        for row in table.rows:
            cells = (_cell(column.text(value)) for column, value in zip(table.columns, row, strict=True))
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def as_workbook(tables: Iterable[Table], title: str) -> bytes:
    """An .xlsx with one sheet a table: true numbers with their formats, headings that stay, columns wide enough."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.active)
    book.properties.title = title.translate(ILLEGAL_IN_SHEETS)
    book.properties.creator = "refsw-ctc"
    book.properties.created = book.properties.modified = EPOCH
    for table in tables:
        sheet = book.create_sheet(table.key)
        sheet.append([_text(column.heading) for column in table.columns])
        for cell in sheet[1]:
            cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="E8ECF0")
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        for number, row in enumerate(table.rows, 2):
            for place, (column, value) in enumerate(zip(table.columns, row, strict=True), 1):
                cell = sheet.cell(number, place)
                cell.value = _text(value) if isinstance(value, str) else value
                if isinstance(value, str):
                    cell.data_type = "s"
                elif column.digits is not None:
                    plain = "0" + ("." + "0" * column.digits if column.digits else "")
                    cell.number_format = f"+{plain};-{plain};{plain}" if column.signed else plain
        for place, column in enumerate(table.columns, 1):
            texts = [column.text(row[place - 1]) for row in table.rows] + [column.heading[:18]]
            sheet.column_dimensions[get_column_letter(place)].width = min(60, max(map(len, texts)) + 3)
        sheet.freeze_panes = "B2"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _inert(value: Value) -> Value:
    return "'" + value if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def _text(value: str) -> str:
    return value.translate(ILLEGAL_IN_SHEETS)[:32767]


def _cell(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return " ".join(escaped.split()) if "\N{NARROW NO-BREAK SPACE}" not in escaped else escaped.replace("\n", " ")
