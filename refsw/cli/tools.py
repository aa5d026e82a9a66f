# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Options about coding tools that programs share, and what `refsw-enc --list-tools` prints. Never imports torch."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from refsw.cli.common import Parser
from refsw.spec import profiles
from refsw.tools.tool import Tool, known_modes, stage
from refsw.tools.toolbox import DEFAULT, VARIABLE, Toolbox


def add_plugins(parser: argparse.ArgumentParser) -> None:
    """Adds --plugin."""
    parser.add_argument("--plugin", type=Path, action="append", default=[], metavar="FOLDER",
                        help="a proposal that is not installed: the folder that refsw-new-tool wrote")  # fmt: skip


def toolbox(arguments: argparse.Namespace) -> Toolbox:
    """Coding tools of this program and of its --plugin options. Raises UsageError."""
    return DEFAULT.with_plugins(arguments.plugin)


@contextlib.contextmanager
def plugged(folders: Sequence[Path]) -> Iterator[None]:
    """Puts folders before those of REFSW_PLUGINS, for this process and those that it starts."""
    before = os.environ.get(VARIABLE)
    named = [str(folder.resolve()) for folder in folders]
    os.environ[VARIABLE] = os.pathsep.join([*named, *([before] if before else [])])
    try:
        yield
    finally:
        os.environ.pop(VARIABLE) if before is None else os.environ.update({VARIABLE: before})


def tool_list(argv: Sequence[str]) -> str:
    """Every coding tool: id, name, stage, mode by default, profiles, modes that force a decision, what it does."""
    parser = Parser("refsw-enc", "Lists coding tools.")
    parser.add_argument("--list-tools", action="store_true")
    add_plugins(parser)
    found = toolbox(parser.parse_known_args(argv)[0]).everything()
    rows = [("id", "name", "stage", "default", "profiles", "clause", "what it does"), *map(_row, found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    lines = ["  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[-1]]) for row in rows]
    modes = [f"  --set tools.{tool.name}=MODE    {', '.join(known_modes(tool))}" for tool in found]
    return "\n".join([*lines, "", "Modes: on, where it pays; off; others are taken on every picture.", *modes])


def _row(tool: Tool) -> tuple[str, ...]:
    if tool.tool_id == 0:
        return "-", tool.name, stage(tool), tool.default, "experimental", "proposal", tool.summary
    own = [row.name for row in profiles() if row.any_tool or tool.tool_id in row.tools]
    return str(tool.tool_id), tool.name, stage(tool), tool.default, " ".join(own), tool.clause, tool.summary
