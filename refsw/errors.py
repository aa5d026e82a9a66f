# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What can go wrong, and the exit code of each.

RefswError                       5  internal
├── UsageError                   2  command line or configuration
├── InputError                   3  an input is rejected
│   ├── ImageError                  a picture cannot be read
│   ├── CodestreamError             malformed: names byte, element and clause
│   ├── DamageError                 well-formed, but a substream does not decode
│   └── LevelError                  over the profile or level
├── OutputError                  4  an output cannot be written
└── UnsupportedError             6  valid, but not here: profile, weights, proposal
    └── ModelError                  a model package is absent, altered or refused
"""

from __future__ import annotations


class RefswError(Exception):
    """Base of every error that a user can cause or meet; `str(error)` is one clear line."""

    exit_code = 5


class UsageError(RefswError):
    """The command line or a configuration is wrong."""

    exit_code = 2


class InputError(RefswError):
    """An input was read and is rejected."""

    exit_code = 3


class ImageError(InputError):
    """A picture cannot be read."""


class CodestreamError(InputError):
    """A codestream is malformed.

    clause: the clause of the specification that is violated, "" where none applies.
    offset: byte offset in the codestream, None where it does not apply.
    """

    def __init__(self, message: str, *, clause: str = "", offset: int | None = None) -> None:
        place = "" if offset is None else f"byte {offset}: "
        reason = f" [clause {clause}]" if clause else ""
        super().__init__(f"{place}{message}{reason}")
        self.clause = clause
        self.offset = offset


class DamageError(InputError):
    """A substream is well-formed but its entropy-coded data is damaged."""


class LevelError(InputError):
    """A picture or codestream exceeds its profile or level."""


class OutputError(RefswError):
    """An output cannot be written."""

    exit_code = 4


class UnsupportedError(RefswError):
    """A valid input needs something that this decoder does not have."""

    exit_code = 6


class ModelError(UnsupportedError):
    """A model package is absent, altered, or refused because a bound fails."""
