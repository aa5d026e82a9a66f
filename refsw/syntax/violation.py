# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A violated clause, and the error that it becomes."""

from __future__ import annotations

from dataclasses import dataclass

from refsw.errors import CodestreamError, InputError, LevelError, UnsupportedError


@dataclass(frozen=True)
class Violation:
    """One clause that a codestream violates.

    category: malformed | level | unsupported; offset and bit: place of the element, None when writing;
    path: the element, as in picture_header.components[1].quality_index.
    """

    clause: str
    message: str
    category: str = "malformed"
    path: str = ""
    offset: int | None = None
    bit: int = 0

    def error(self) -> InputError | UnsupportedError:
        """The exception of the category, its text naming place, element and clause."""
        subject = f"{self.path}: {self.message}" if self.path else self.message
        match self.category:
            case "level":
                return ClauseLevelError(self._placed(subject), clause=self.clause)
            case "unsupported":
                return ClauseUnsupportedError(self._placed(subject), clause=self.clause)
            case _:
                return CodestreamError(subject, clause=self.clause, offset=self.offset)

    def _placed(self, subject: str) -> str:
        place = "" if self.offset is None else f"byte {self.offset}: "
        return f"{place}{subject} [clause {self.clause}]"


class ClauseLevelError(LevelError):
    """A LevelError that knows its clause."""

    def __init__(self, message: str, *, clause: str) -> None:
        super().__init__(message)
        self.clause = clause


class ClauseUnsupportedError(UnsupportedError):
    """An UnsupportedError that knows its clause."""

    def __init__(self, message: str, *, clause: str) -> None:
        super().__init__(message)
        self.clause = clause
