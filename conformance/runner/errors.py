# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What ends the runner: one line, and an exit code as of DESIGN 15.

ConformError         5  internal
├── UsageError       2  command line, adapter or claim
├── SuiteError       3  the suite is damaged, or not what its digests say
└── OutputError      4  a report cannot be written
"""

from __future__ import annotations


class ConformError(Exception):
    """Base; `str(error)` is one clear line."""

    exit_code = 5


class UsageError(ConformError):
    """The command line, an adapter or a claim is wrong."""

    exit_code = 2


class SuiteError(ConformError):
    """The suite is damaged."""

    exit_code = 3


class OutputError(ConformError):
    """A report cannot be written."""

    exit_code = 4
