# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Many files on one command line: which inputs, under which names, and how it went. Never imports torch.

    refsw-enc photos/ 'more/*.tif' -o out              out/<path below photos>/<stem>.jai
    refsw-enc photos/ -o 'out/{name}.jai'              {stem} photo, {name} photo.png, {folder} path below photos

A batch goes on after a file that fails, and ends with the exit code of the first that failed, in the order of the
inputs, whatever `--jobs` says. Outputs that exist are skipped unless `--force` is given.
"""

from __future__ import annotations

import argparse
import glob
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from refsw.cli.common import number, write_report
from refsw.cli.workers import Outcome, Task, Work, run
from refsw.errors import InputError, UsageError
from refsw.io import make_folder


@dataclass(frozen=True)
class Kind:
    """program: its name; suffixes: files that are taken from folders; suffix: of an output in a folder."""

    program: str
    suffixes: tuple[str, ...]
    suffix: str


def add_batch(parser: argparse.ArgumentParser) -> None:
    """Adds --jobs and --force."""
    parser.add_argument("--jobs", type=number(int, 1, 256), default=1, metavar="N",
                        help="many files: processes, each with its own --threads (default: 1)")  # fmt: skip
    parser.add_argument("--force", action="store_true", help="many files: write outputs that exist again")


def is_batch(inputs: Sequence[str], output: Path) -> bool:
    """Whether the command line is about many files: several inputs, a folder, a pattern, or an output folder."""
    one = len(inputs) == 1 and not Path(inputs[0]).is_dir() and not _is_pattern(inputs[0])
    return not one or output.is_dir() or "{" in str(output)


def plan(inputs: Sequence[str], output: Path, kind: Kind) -> tuple[Task, ...]:
    """Inputs and their outputs, in the order of the command line, names sorted inside folders and patterns.

    Raises UsageError where two outputs are one file, or an output is an input; InputError where there is nothing.
    """
    template = str(output)
    if "{" not in template:
        if output.suffix.lower() in (*kind.suffixes, ".jai", ".jaif", kind.suffix) and not output.is_dir():
            raise UsageError(f"{output}: many inputs need a folder, or names such as 'DIR/{{stem}}{kind.suffix}'")
        template = f"{template}/{{folder}}/{{stem}}{kind.suffix}"
    tasks: dict[Path, Task] = {}
    sources: set[Path] = set()
    for source, folder in _expand(inputs, kind):
        if source.resolve() in sources:
            continue
        sources.add(source.resolve())
        target = _named(template, source, folder)
        if target.resolve() in tasks:
            other = tasks[target.resolve()].source
            raise UsageError(f"{target}: is the output of {other} and of {source}; -o 'DIR/{{name}}{kind.suffix}' "
                             "keeps them apart")  # fmt: skip
        tasks[target.resolve()] = Task(source, target)
    for target in tasks:
        if target in sources:
            raise UsageError(f"{target}: is an input as well; outputs need names of their own")
    return tuple(tasks.values())


def run_batch(options: argparse.Namespace, work: Work, kind: Kind, arguments: Sequence[str]) -> None:
    """Does the work on every file. Raises SystemExit with the exit code of the first that failed."""
    tasks = plan(options.inputs, options.output, kind)
    skipped = [] if options.force else [task for task in tasks if task.target.exists()]
    left = [task for task in tasks if task not in skipped]
    for folder in dict.fromkeys(task.target.parent for task in left):
        make_folder(folder)
    outcomes = list(_shown(run(left, work, options.jobs), len(left), skipped, kind.program))
    outcomes.sort(key=lambda outcome: left.index(outcome.task))
    failed = [outcome for outcome in outcomes if outcome.code]
    print(f"{len(tasks)} files: {len(outcomes) - len(failed)} done, {len(skipped)} skipped, {len(failed)} failed")
    if options.report is not None:
        write_report(options.report, _report(outcomes, skipped, kind.program, arguments))
    if failed:
        raise SystemExit(failed[0].code)


def refuse_in_batch(options: argparse.Namespace, names: Iterable[str]) -> None:
    """Raises UsageError where an option is given that means one file."""
    for name in names:
        if getattr(options, name) is not None:
            raise UsageError(f"--{name.replace('_', '-')}: is for one input, not for many")


def _shown(outcomes: Iterator[Outcome], count: int, skipped: Sequence[Task], program: str) -> Iterator[Outcome]:
    """Passes outcomes on; a bar where stderr is a terminal, a line for each file otherwise."""
    terminal = sys.stderr.isatty()
    say: Callable[[str], None] = (lambda text: tqdm.write(text, file=sys.stderr)) if terminal else _error
    for task in skipped:
        print(f"{task.source}: skipped, {task.target} exists (--force writes it again)", flush=True)
    with tqdm(total=count, unit="file", file=sys.stderr, disable=not terminal) as bar:
        for outcome in outcomes:
            for note in outcome.notes:
                say(f"{program}: warning: {note}")
            if outcome.code:
                say(f"{program}: error: {outcome.text}")
            elif not terminal:
                print(outcome.text, flush=True)
            bar.update()
            yield outcome


def _error(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _report(outcomes: Sequence[Outcome], skipped: Sequence[Task], program: str, arguments: Sequence[str]) -> Any:
    files = [
        {"input": o.task.source, "output": o.task.target, "exit_code": o.code, "message": o.text, "report": o.report}
        for o in outcomes
    ]
    skips = [{"input": task.source, "output": task.target} for task in skipped]
    return {"program": program, "arguments": list(arguments), "files": files, "skipped": skips}


def _expand(inputs: Sequence[str], kind: Kind) -> Iterator[tuple[Path, Path]]:
    """Files, and the folder below an input folder in which each lies. A name that exists is never a pattern."""
    for text in inputs:
        path = Path(text)
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if p.suffix.lower() in kind.suffixes and p.is_file()
                           and not any(part.startswith(".") for part in p.relative_to(path).parts))  # fmt: skip
            if not found:
                raise InputError(f"{path}: no file ends in {', '.join(kind.suffixes)}")
            yield from ((p, p.parent.relative_to(path)) for p in found)
        elif _is_pattern(text):
            names = sorted(name for name in glob.glob(text, recursive=True) if Path(name).is_file())
            if not names:
                raise InputError(f"{text}: no file has such a name")
            yield from ((Path(name), Path()) for name in names)
        else:
            yield path, Path()


def _is_pattern(text: str) -> bool:
    return glob.has_magic(text) and not Path(text).exists()


def _named(template: str, source: Path, folder: Path) -> Path:
    text = template
    for key, value in (("{stem}", source.stem), ("{name}", source.name), ("{folder}", str(folder))):
        if key in template:
            text = text.replace(key, value.replace("{", "\0"))
    if "{" in text:
        raise UsageError(f"{template}: allowed in braces: stem, name, folder")
    return Path(text.replace("\0", "{"))
