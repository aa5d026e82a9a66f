# SPDX-License-Identifier: BSD-3-Clause-Clear
"""`refsw-conform`: whether a decoder does what its vendor claims."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from conformance.runner.adapter import load_adapter, version_of
from conformance.runner.claim import load_claim
from conformance.runner.errors import ConformError, UsageError
from conformance.runner.execute import Options, Progress, execute, select
from conformance.runner.judge import PASS
from conformance.runner.report import (
    Run,
    canonical,
    changes,
    conclusion,
    decoder_name,
    read_report,
    report_of,
    write,
)
from conformance.runner.suite import find_suite, load_suite, verify
from conformance.runner.text import listing, shown
from conformance.runner.units import load_units, unit_listing, unit_shown, verify_units

_DESCRIPTION = """Runs the vectors of a conformance suite through a decoder, and says whether a claim holds.

  refsw-conform doctor --adapter adapter.yaml                       first: is the layout of the output right?
  refsw-conform run --suite smoke --adapter adapter.yaml --claim claim.yaml --report out
  refsw-conform run ... --only ID                                   one vector again
  refsw-conform list --suite smoke      refsw-conform show ID       what the vectors are
  refsw-conform list --units                                        steps of decoding without a codestream
  refsw-conform verify --suite 2026.1                               every file is what its digest says
  refsw-conform report out/report.json --html page.html             pages from a report
  refsw-conform validate STREAM                                     an encoder's stream, with clause numbers

exit codes:
  0  the claim holds, the suite is whole, the stream is valid
  1  the claim does not hold, or the doctor found something
  2  the command line, the adapter or the claim is wrong
  3  the suite is damaged; validate: the stream is not valid
  4  a report cannot be written
  5  internal error (REFSW_DEBUG=1 shows where)
  6  validate: valid, but not in the profiles known here; or refsw is not installed"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    words = tuple(sys.argv[1:] if argv is None else argv)
    try:
        arguments = _parser().parse_args(words)
        work: Callable[[argparse.Namespace, tuple[str, ...]], int] = arguments.work
        return work(arguments, words)
    except SystemExit as error:  # argparse after --help
        return error.code if isinstance(error.code, int) else 0
    except ConformError as error:
        return _failed(error.exit_code, str(error))
    except KeyboardInterrupt:
        return _failed(130, "interrupted")
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")
        return 0
    except Exception as error:  # the boundary of the program
        return _failed(5, f"internal error: {type(error).__name__}: {error}")


def _failed(code: int, text: str) -> int:
    if os.environ.get("REFSW_DEBUG") == "1":
        traceback.print_exc()
    print(f"refsw-conform: error: {text}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = _Parser(prog="refsw-conform", description=_DESCRIPTION, formatter_class=raw, allow_abbrev=False)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, text: str, work: Callable[[argparse.Namespace, tuple[str, ...]], int]) -> _Parser:
        found: _Parser = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        found.set_defaults(work=work)
        return found

    def suite(own: argparse.ArgumentParser) -> None:
        own.add_argument(
            "--suite", default="smoke", metavar="NAME", help="tier, edition, EDITION/TIER or folder (default: smoke)"
        )

    def adapter(own: argparse.ArgumentParser) -> None:
        own.add_argument("--adapter", type=Path, required=True, metavar="ADAPTER.yaml", help="the decoder under test")
        own.add_argument("--models", default="", metavar="DIR", help="folder of model packages, for {models}")
        own.add_argument("--python", default=sys.executable, metavar="PYTHON", help="for {python} (default: this one)")
        own.add_argument("--time-scale", type=_positive, default=1.0, metavar="X", help="factor on the limits of time")

    run = command("run", "run vectors, judge, report", _run)
    suite(run)
    adapter(run)
    run.add_argument("--claim", type=Path, required=True, metavar="CLAIM.yaml", help="what the decoder claims")
    run.add_argument("--jobs", type=_count, default=1, metavar="N", help="vectors at a time (default: 1)")
    run.add_argument("--only", action="append", default=[], metavar="ID", help="this vector; may be repeated")
    run.add_argument("--report", type=Path, metavar="DIR", help="write report.json, report.md, report.html, junit.xml")
    run.add_argument("--baseline", type=Path, metavar="OLD.json", help="say what passes no more, and what now passes")
    run.add_argument("--keep", type=Path, metavar="DIR", help="keep what the decoder wrote, one folder a vector")
    run.add_argument("--no-session", action="store_true", help="start the decoder anew for every vector")
    doctor = command("doctor", "decode trivial vectors and say what is wrong with the layout", _doctor)
    suite(doctor)
    adapter(doctor)
    doctor.add_argument("--claim", type=Path, metavar="CLAIM.yaml", help="take vectors that are inside this claim")
    listed = command("list", "one line for each vector", _list)
    listed.add_argument("--units", action="store_true", help="unit vectors, which need no codestream")
    suite(listed)
    show = command("show", "everything about one vector or unit vector", _show)
    show.add_argument("id", metavar="ID")
    suite(show)
    suite(command("verify", "hold every file of a suite against its digest", _verify))
    report = command("report", "render a report", _report)
    report.add_argument("report", type=Path, metavar="report.json")
    for name in ("html", "markdown", "junit"):
        report.add_argument(f"--{name}", type=Path, metavar="FILE")
    report.add_argument("--baseline", type=Path, metavar="OLD.json", help="say what changed since another report")
    validate = command("validate", "check an encoder's stream; needs the package refsw", _validate)
    validate.add_argument("stream", type=Path, metavar="STREAM")
    return parser


def _run(arguments: argparse.Namespace, words: tuple[str, ...]) -> int:
    folder, tier = find_suite(arguments.suite)
    suite = load_suite(folder)
    claim = load_claim(arguments.claim, suite)
    adapter = load_adapter(arguments.adapter, arguments.python)
    old = None if arguments.baseline is None else read_report(arguments.baseline)
    vectors = select(suite, tier, arguments.only)
    options = _options(arguments)
    decoder = version_of(adapter)
    verdicts = execute(suite, vectors, claim, adapter, options, Progress(len(vectors)))
    for verdict in verdicts:
        if verdict.status not in (PASS, "OUTSIDE"):
            print(f"{verdict.status:<17}{verdict.vector}: {verdict.detail}")
    run = Run(suite, tier, claim, adapter, decoder, verdicts, ("refsw-conform", *words), bool(arguments.only))
    report = report_of(run)
    if arguments.report is not None:
        _write_all(report, arguments.report)
    if old is not None:
        _print_changes(old, report)
    holds, text = conclusion(verdicts, run.selected)
    print(f"{decoder_name(report)}, {claim.profile}@{claim.level} {claim.strictness}: {text}")
    passed = all(v.status == PASS for v in verdicts) and bool(verdicts)
    return 0 if holds or (run.selected and passed) else 1


def _options(arguments: argparse.Namespace) -> Options:
    return Options(
        jobs=getattr(arguments, "jobs", 1), time_scale=arguments.time_scale, models=_absolute(arguments.models),
        keep=getattr(arguments, "keep", None), sessions=not getattr(arguments, "no_session", False),
    )  # fmt: skip


def _absolute(models: str) -> str:
    return str(Path(models).resolve()) if models else ""


def _write_all(report: dict[str, object], folder: Path) -> None:
    from conformance.runner import junit, markdown, page

    write(folder / "report.json", canonical(report))
    write(folder / "report.md", markdown.render(report).encode())
    write(folder / "junit.xml", junit.render(report).encode())
    write(folder / "report.html", page.render(report).encode())


def _print_changes(old: dict[str, object], new: dict[str, object]) -> None:
    found = changes(old, new)
    for change in found:
        word = "passes no more" if change.worse else "passes now"
        print(f"{word}: {change.vector}: {change.before} -> {change.after}")
    print(f"since the baseline: {sum(c.worse for c in found)} pass no more, {sum(not c.worse for c in found)} pass now")


def _doctor(arguments: argparse.Namespace, words: tuple[str, ...]) -> int:
    from conformance.runner.doctor import examine

    folder, _ = find_suite(arguments.suite)
    suite = load_suite(folder)
    claim = None if arguments.claim is None else load_claim(arguments.claim, suite)
    findings = examine(suite, load_adapter(arguments.adapter, arguments.python), _options(arguments), claim)
    for finding in findings:
        print(finding)
    return 0 if all(finding.healthy for finding in findings) else 1


def _list(arguments: argparse.Namespace, words: tuple[str, ...]) -> int:
    folder, tier = find_suite(arguments.suite)
    suite = load_suite(folder)
    for line in unit_listing(load_units(folder)) if arguments.units else listing(suite, select(suite, tier)):
        print(line)
    return 0


def _show(arguments: argparse.Namespace, words: tuple[str, ...]) -> int:
    suite = load_suite(find_suite(arguments.suite)[0])
    unit = next((unit for unit in load_units(suite.folder) if unit.id == arguments.id), None)
    for line in shown(suite, suite.vector(arguments.id)) if unit is None else unit_shown(suite.folder, unit):
        print(line)
    return 0


def _verify(arguments: argparse.Namespace, words: tuple[str, ...]) -> int:
    suite = load_suite(find_suite(arguments.suite)[0])
    units = load_units(suite.folder)
    wrong = verify(suite) + verify_units(suite.folder, units)
    for line in wrong:
        print(line)
    counted = f"{len(suite.vectors)} vectors, {len(units)} unit vectors, {len(wrong)} things wrong"
    print(f"suite {suite.edition} {suite.version}: {counted}")
    return 3 if wrong else 0


def _report(arguments: argparse.Namespace, words: tuple[str, ...]) -> int:
    from conformance.runner import junit, markdown, page

    report = read_report(arguments.report)
    for name, render in (("html", page.render), ("markdown", markdown.render), ("junit", junit.render)):
        path = getattr(arguments, name)
        if path is not None:
            write(path, render(report).encode())
    if arguments.baseline is not None:
        _print_changes(read_report(arguments.baseline), report)
    print(report["conclusion"])
    return 0 if report["holds"] else 1


def _validate(arguments: argparse.Namespace, words: tuple[str, ...]) -> int:
    from conformance.runner.validate import check

    code, lines = check(arguments.stream)
    for line in lines:
        print(line)
    return code


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; expected a number over 0")
    return value


def _count(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= 1024):
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; expected 1 to 1024")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
