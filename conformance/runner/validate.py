# SPDX-License-Identifier: BSD-3-Clause-Clear
"""`refsw-conform validate STREAM`: every violated clause of an encoder's stream. Needs `refsw`."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

from conformance.runner.errors import ConformError, UsageError

VALID, INVALID, UNSUPPORTED = 0, 3, 6
_MAXIMUM_BYTES = 1 << 28


class NotInstalledError(ConformError):
    """The package that knows the syntax is absent."""

    exit_code = UNSUPPORTED


def check(path: Path) -> tuple[int, list[str]]:
    """Exit code, and lines: violations with clause numbers, or what the stream costs by its headers."""
    try:
        if path.stat().st_size > _MAXIMUM_BYTES:
            raise UsageError(f"{path}: more than {_MAXIMUM_BYTES} bytes")
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    syntax, costs = _part("refsw.syntax"), _part("refsw.syntax.budget")
    violations = syntax.validate(data)
    if violations:
        malformed = any(violation.category != "unsupported" for violation in violations)
        return INVALID if malformed else UNSUPPORTED, [f"{path}: {violation.error()}" for violation in violations]
    stream, tools, errors = syntax.read(data), _part("refsw.decode.tools"), _part("refsw.errors")
    try:
        tools.told(stream)
    except errors.RefswError as error:
        return INVALID if error.exit_code == INVALID else UNSUPPORTED, [f"{path}: {error}"]
    header, budget = stream.picture_header, costs.budget(stream)
    per_sample = 8 * len(data) / (header.width * header.height)
    return VALID, [
        f"{path}: valid: every clause of 5, 6, 9.11 and Annex A that headers and segments can show",
        f"  {header.width} x {header.height}, {header.bit_depth} bits, profile {budget.profile}, level {budget.level}",
        f"  {len(data)} bytes, {per_sample:.3f} bits per sample; at most {budget.kmac_per_sample} kMAC per sample and "
        f"{budget.memory_bytes >> 20} MiB of working memory by its profile (B.6)",
        "  substreams are not decoded here: a run of a decoder shows them",
    ]


def _part(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise NotInstalledError("validate needs the package refsw, which is not installed here") from None
