# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The command line of `refsw-ctc`: commands and options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from refsw.cli.common import Parser, number
from refsw.cli.tools import add_plugins

if TYPE_CHECKING:
    import argparse

_DESCRIPTION = """Common test conditions: codecs on pictures, rates and metrics, all named in one file.

  refsw-ctc plan cfg/ctc/kodak.yaml --data KODAK             what would run, and how long
  refsw-ctc run cfg/ctc/kodak.yaml --data KODAK --jobs 2     results and report in out/ctc/kodak; again: in seconds
  refsw-ctc tools cfg/ctc/tools.yaml --data KODAK --jobs 2   what each coding tool gains and costs
  refsw-ctc verify out/ctc/kodak/results.json --data KODAK   all of it again, without the cache
  refsw-ctc diff before/results.json after/results.json      BD-rate of one run against another

Whatever has been measured is kept (--cache) and not measured again, also after the run was killed."""

CACHE_VARIABLE = "REFSW_CTC_CACHE"


def parser() -> Parser:
    """All commands with their options."""
    program = Parser("refsw-ctc", _DESCRIPTION)
    commands = program.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Sub)
    run = _planned(commands, "run", "measure what is missing, write results and report")
    _add_engine(run)
    run.add_argument("-o", "--out", type=Path, metavar="DIR", help="default: out/ctc/NAME")
    run.add_argument("--timing", type=number(int, 1, 1000), metavar="PICTURES",
                     help="afterwards, time each codec alone on a few pictures, on one thread and on all")  # fmt: skip
    run.add_argument("--no-report", action="store_true", help="results.json alone")
    plan = _planned(commands, "plan", "what would run, and how long")
    plan.add_argument("--jobs", type=number(int, 1, 4096), default=1, metavar="N", help="processes (default: 1)")
    _planned(commands, "status", "how much of it the cache has")

    tools = _planned(commands, "tools", "gain and cost of each coding tool, with the weights and rates of a file")
    _add_engine(tools)
    tools.add_argument("--on", action="store_true", help="no tools + each (both kinds where neither is asked for)")
    tools.add_argument("--off", action="store_true", help="all tools - each")
    tools.add_argument("--tool", action="append", default=[], metavar="NAME",
                       help="this one, or a proposal; may be given again (default: all own)")  # fmt: skip
    add_plugins(tools)
    tools.add_argument("-o", "--out", type=Path, metavar="DIR", help="default: out/ctc/NAME-tools")

    verify = _command(commands, "verify", "measure published results again, without the cache, and compare")
    verify.add_argument("results", type=Path, metavar="RESULTS.json", help="with its conditions.json beside it")
    _add_data(verify)
    _add_engine(verify)
    diff = _command(commands, "diff", "BD-rate of one run against another")
    diff.add_argument("a", type=Path, metavar="A.json")
    diff.add_argument("b", type=Path, metavar="B.json")

    report = _shown(commands, "report", "write the report again")
    report.add_argument("--overlay", action="append", default=[], metavar="ID", help="a published curve: vtm, ...")
    _shown(commands, "viewer", "write a page for flicker and side by side")
    digest = _command(commands, "digest", "the lines of pictures for a file of common test conditions")
    digest.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE")
    return program


class _Sub(Parser):
    def __init__(self, prog: str, description: str) -> None:
        super().__init__(prog, description)


def _command(commands: argparse._SubParsersAction[_Sub], name: str, text: str) -> _Sub:
    return commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")


def _planned(commands: argparse._SubParsersAction[_Sub], name: str, text: str) -> _Sub:
    own = _command(commands, name, text)
    own.add_argument("conditions", metavar="CONDITIONS.yaml", help="a file or a shipped name: cfg/ctc/kodak.yaml")
    own.add_argument("--without", action="append", default=[], metavar="NAME",
                     help="leave out a codec, a metric or a picture")  # fmt: skip
    _add_data(own)
    return own


def _shown(commands: argparse._SubParsersAction[_Sub], name: str, text: str) -> _Sub:
    own = _command(commands, name, text)
    own.add_argument("results", type=Path, metavar="RESULTS.json")
    own.add_argument("-o", "--out", type=Path, metavar="DIR", required=True)
    _add_data(own)
    return own


def _add_data(parser: Parser) -> None:
    parser.add_argument("--data", type=Path, metavar="DIR", help="source pictures (default: $REFSW_CTC_DATA)")
    parser.add_argument("--cache", type=Path, metavar="DIR",
                        help=f"what was measured before (default: ${CACHE_VARIABLE}, else out/ctc/cache)")  # fmt: skip


def _add_engine(parser: Parser) -> None:
    parser.add_argument("--jobs", type=number(int, 1, 4096), default=1, metavar="N",
                        help="processes, or jobs of Slurm, of one thread each (default: 1)")  # fmt: skip
    parser.add_argument("--engine", choices=("local", "dask", "slurm"), default="local", help="default: local")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster; default: one of this machine")
    parser.add_argument("--slurm", action="append", default=[], metavar="KEY=VALUE",
                        help="submitit's parameters: slurm_partition=cpu, timeout_min=60, ...")  # fmt: skip
