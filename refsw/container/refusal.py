# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A violated clause of Annex F, until it leaves this room as an error or, for `validate`, as itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import NoReturn

from refsw.errors import CodestreamError
from refsw.syntax.boxes import file_format
from refsw.syntax.violation import Violation


class ViolatedError(Exception):
    """Carries a violation."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(violation.message)
        self.violation = violation


def refuse(rule: str, message: str, offset: int | None = None) -> NoReturn:
    """Raises the violation of a rule of F.20."""
    row = file_format().syntax.rules[rule]
    raise ViolatedError(Violation(row.clause, message, row.category, offset=offset))


@contextlib.contextmanager
def refusing() -> Iterator[None]:
    """Turns violations into CodestreamError, LevelError or UnsupportedError."""
    try:
        yield
    except ViolatedError as error:
        raise error.violation.error() from None
    except (OverflowError, MemoryError) as error:
        raise CodestreamError(f"not decodable: {type(error).__name__}") from None
