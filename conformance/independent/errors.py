# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(4.4) Why a codestream is not decoded. The kinds of a violation, and the exit code that each one leads to."""

from __future__ import annotations


class DecodingError(Exception):
    """Base of the errors that this decoder reports in one line."""

    exit_code = 5


class RejectedError(DecodingError):
    """The codestream is malformed, damaged, or over its profile or level."""

    exit_code = 3

    def __init__(self, clause: str, text: str) -> None:
        super().__init__(f"clause {clause}: {text}")


class UnsupportedError(DecodingError):
    """Another version of the specification, another model or another decoder may decode it."""

    exit_code = 6

    def __init__(self, clause: str, text: str) -> None:
        super().__init__(f"clause {clause}: {text}")
