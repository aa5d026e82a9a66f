# SPDX-License-Identifier: BSD-3-Clause-Clear
"""`refsw-ctc run|plan|status|tools|verify|diff|report|viewer|digest`: common test conditions."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from refsw.cli.common import guarded
from refsw.cli.ctc_options import CACHE_VARIABLE, parser
from refsw.cli.tools import plugged
from refsw.errors import InputError, RefswError, UnsupportedError, UsageError
from refsw.io import make_folder, write_bytes
from refsw.io.files import read_bytes

if TYPE_CHECKING:
    import argparse

    from refsw.ctc.cache import Cache
    from refsw.ctc.conditions import Conditions
    from refsw.ctc.engines import Engine
    from refsw.ctc.plan import Plan
    from refsw.ctc.results import Results

LARGEST = 1 << 30


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return guarded("refsw-ctc", _main, argv)


def _main(argv: Sequence[str]) -> None:
    options = parser().parse_args(argv)
    command = shlex.join(["refsw-ctc", *argv])
    with _packages():
        match options.command:
            case "run":
                _run(options, command)
            case "plan" | "status":
                _plan(options)
            case "tools":
                with plugged(options.plugin):
                    _tools(options, command)
            case "verify":
                _verify(options, command)
            case "diff":
                _diff(options)
            case "report" | "viewer":
                _report(options)
            case "digest":
                _digest(options)


@contextlib.contextmanager
def _packages() -> Iterator[None]:
    """Says what to install where an optional package is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "refsw":
            raise
        raise UnsupportedError(f"needs the package {error.name}: pip install 'refsw[ctc]'") from None


def _cache(options: argparse.Namespace) -> Cache:
    from refsw.ctc.cache import Cache

    folder = options.cache or os.environ.get(CACHE_VARIABLE) or Path("out", "ctc", "cache")
    return Cache(Path(folder).resolve())


def _engine(options: argparse.Namespace, folder: Path) -> Engine:
    from refsw.ctc.engines.dask_engine import Dask
    from refsw.ctc.engines.local import Local
    from refsw.ctc.engines.slurm import Slurm

    if options.scheduler is not None and options.engine != "dask":
        raise UsageError("--scheduler: is for --engine dask")
    if options.slurm and options.engine != "slurm":
        raise UsageError("--slurm: is for --engine slurm")
    if options.engine == "dask":
        return Dask(options.jobs, options.scheduler)
    if options.engine == "slurm":
        return Slurm(options.jobs, folder / "slurm", tuple(_parameter(text) for text in options.slurm))
    return Local(options.jobs)


def _parameter(text: str) -> tuple[str, str | int]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UsageError(f"--slurm {text}: expected key=value, such as timeout_min=60")
    return key, int(value) if value.isdigit() else value


def _planned(options: argparse.Namespace) -> Plan:
    from refsw.ctc.conditions import load_conditions
    from refsw.ctc.plan import make_plan

    conditions = load_conditions(options.conditions).without(options.without)
    return make_plan(conditions, options.data)


def _run(options: argparse.Namespace, command: str) -> None:
    from refsw.cli.ctc_show import print_summary
    from refsw.ctc.folder import REPORT, write_conditions, write_pictures, write_results

    plan = _planned(options)
    folder: Path = options.out or Path("out", "ctc", plan.conditions.name)
    write_conditions(plan.conditions, folder)
    cache = _cache(options)
    results, code = _measure(plan, cache, _engine(options, folder), command)
    path = write_results(results, folder)
    if options.timing:
        results = _timed(plan, results, options.timing)
        write_results(results, folder)
    page = None if options.no_report else write_pictures(plan, cache, results, folder / REPORT)
    print_summary(results, path, page)
    if code:
        raise SystemExit(code)


def _tools(options: argparse.Namespace, command: str) -> None:
    from refsw.cli.ctc_show import as_text
    from refsw.ctc.conditions import load_conditions
    from refsw.ctc.folder import write_results
    from refsw.ctc.plan import plan_of
    from refsw.ctc.report.export import as_markdown
    from refsw.ctc.tools import tool_table, variants

    conditions, both = load_conditions(options.conditions), not options.on and not options.off
    refsw = [choice.name for choice in conditions.codecs if choice.codec == "refsw"]
    conditions = conditions.without([name for name in options.without if name not in refsw])
    found = variants(conditions, options.tool, options.on or both, options.off or both)
    plan = plan_of(found.conditions, options.data, found.codecs)
    folder: Path = options.out or Path("out", "ctc", f"{plan.conditions.name}-tools")
    make_folder(folder)
    results, code = _measure(plan, _cache(options), _engine(options, folder), command)
    table = tool_table(results)
    write_results(results, folder)
    write_bytes(folder / "tools.md", as_markdown([table], table.title).encode())
    print(f"\n{table.title}. {table.note}\n{as_text(table)}\n\n{folder / 'tools.md'}")
    if code:
        raise SystemExit(code)


def _measure(plan: Plan, cache: Cache, engine: Engine, command: str) -> tuple[Results, int]:
    """Results, and the exit code of the first failure in the order of the plan, 0 without one."""
    from refsw.cli.ctc_show import Progress
    from refsw.ctc.engine import assemble, run_groups

    groups = plan.groups(cache)
    with Progress(plan, groups) as progress:
        failures = run_groups(groups, cache, engine, progress.report)
    results = assemble(plan, cache, failures, command)
    codes = [failures[job.key].exit_code for job in plan.jobs if job.key in failures]
    if not codes and results.failures:
        raise RefswError(f"{len(results.failures)} jobs were done and are not in the cache {cache.folder}")
    return results, codes[0] if codes and results.failures else 0


def _timed(plan: Plan, results: Results, pictures: int) -> Results:
    from refsw.ctc.timing import timed

    sources = {source.record.name: source for source in plan.sources}
    return timed(
        results,
        {codec.record.name: codec.codec for codec in plan.codecs},
        lambda name: sources[name].read(),
        pictures=pictures,
        report=lambda codec, threads: print(f"timing {codec}, threads: {threads}", file=sys.stderr, flush=True),
    )


def _plan(options: argparse.Namespace) -> None:
    from refsw.cli.ctc_show import print_plan, print_status

    plan, cache = _planned(options), _cache(options)
    if options.command == "status":
        print_status(plan, cache)
    else:
        print_plan(plan, cache, options.jobs)


def _verify(options: argparse.Namespace, command: str) -> None:
    import tempfile

    from refsw.ctc.cache import Cache
    from refsw.ctc.compare import differences
    from refsw.ctc.plan import make_plan

    published = _read_results(options.results)
    plan = make_plan(_read_conditions(options.results), options.data)
    with tempfile.TemporaryDirectory(prefix="refsw-ctc-") as folder:
        cache = Cache(Path(folder, "cache")) if options.cache is None else _cache(options)
        measured, _ = _measure(plan, cache, _engine(options, Path(folder)), command)
    found = differences(published, measured)
    for line in found:
        print(line)
    if found or published.digest() != measured.digest():
        raise InputError(f"{options.results}: {len(found)} differences; digest is {measured.digest()[:16]}, "
                         f"published {published.digest()[:16]}")  # fmt: skip
    print(f"{options.results}: verified, {len(measured.points)} points, digest {measured.digest()}")


def _diff(options: argparse.Namespace) -> None:
    from refsw.cli.ctc_show import as_text
    from refsw.ctc.report import diff

    print(as_text(diff(_read_results(options.a), _read_results(options.b))))


def _report(options: argparse.Namespace) -> None:
    from refsw.ctc.folder import write_pictures
    from refsw.ctc.plan import make_plan
    from refsw.ctc.report import choose, write_report

    results = _read_results(options.results)
    pictures = options.data is not None or "REFSW_CTC_DATA" in os.environ
    overlay = choose(*options.overlay) if options.command == "report" else ()
    make_folder(options.out)
    if not pictures and options.command == "report":
        print(write_report(results, options.out, overlay=overlay))
        return
    plan = make_plan(_read_conditions(options.results), options.data)
    if options.command == "report":
        print(write_pictures(plan, _cache(options), results, options.out, overlay))
        return
    from refsw.ctc.kept import Kept
    from refsw.ctc.report import write_viewer

    print(write_viewer(results, options.out, Kept(plan, _cache(options))))


def _digest(options: argparse.Namespace) -> None:
    from refsw.ctc.data import plain_image
    from refsw.io import read_image
    from refsw.types import digest

    for path in options.pictures:
        sha256 = digest(plain_image(read_image(path)).samples)
        print(f"  - {{name: {path.stem}, file: {path.name}, sha256: {sha256}}}")


def _read_results(path: Path) -> Results:
    from refsw.ctc.results import Results

    return Results.from_json(read_bytes(path, maximum=LARGEST), str(path))


def _read_conditions(results: Path) -> Conditions:
    from refsw.ctc.conditions import conditions_from_plain
    from refsw.ctc.document import parse
    from refsw.ctc.folder import CONDITIONS

    path = results.with_name(CONDITIONS)
    return conditions_from_plain(parse(read_bytes(path, maximum=LARGEST), str(path)), str(path))


if __name__ == "__main__":
    sys.exit(main())
