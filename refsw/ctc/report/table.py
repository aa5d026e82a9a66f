# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A table as data: what page, CSV, JSON, Markdown and spreadsheet all render."""

from __future__ import annotations

from dataclasses import dataclass

Value = str | int | float | None
ABSENT = "–"
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Column:
    """A column. digits: decimals shown, None for text; signed: a sign even where positive; unit: of all its values."""

    title: str
    unit: str = ""
    digits: int | None = None
    signed: bool = False

    @property
    def heading(self) -> str:
        """Title and unit."""
        return f"{self.title}, {self.unit}" if self.unit else self.title

    def text(self, value: Value) -> str:
        """A value as a reader sees it: rounded, with a true minus sign; absent values as a dash."""
        if value is None or value == "":
            return ABSENT
        if isinstance(value, str) or self.digits is None:
            return str(value)
        text = f"{round(value, self.digits) + 0.0:{'+' if self.signed else ''},.{self.digits}f}"
        if self.signed and not text.strip("+-0.,"):
            text = text.lstrip("+-")  # zero has no sign
        return text.replace("-", MINUS).replace(",", "\N{NARROW NO-BREAK SPACE}")


@dataclass(frozen=True)
class Table:
    """Rows under columns. key: as in file names; note: what a reader must know."""

    key: str
    title: str
    note: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]

    def __post_init__(self) -> None:
        assert all(len(row) == len(self.columns) for row in self.rows), f"table {self.key}: rows of different length"
