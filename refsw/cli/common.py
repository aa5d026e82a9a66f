# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What the command lines share: the error boundary, argument types, checks of paths, reports. Never imports torch."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import math
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import numpy as np

from refsw.errors import RefswError, UsageError
from refsw.io import PictureWarning, check_writable, write_bytes
from refsw.io.files import STANDARD

INTERNAL, INTERRUPTED, TERMINATED = 5, 130, 143
EXIT_CODES = """exit codes:
  0  done
  2  the command line or the configuration is wrong
  3  an input is rejected: unreadable, malformed, damaged, over its level
  4  an output cannot be written
  5  internal error (REFSW_DEBUG=1 shows where)
  6  valid, but not supported here: profile, weights, bit depth, device
Interrupted: 130. Whatever happens, an output is complete or absent."""


class _Terminated(BaseException):
    """SIGTERM arrived; an exception, so that every open block removes its temporary file."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are UsageErrors on one line, and whose help ends with the exit codes."""

    def __init__(self, program: str, description: str) -> None:
        formatter = argparse.RawDescriptionHelpFormatter
        super().__init__(
            prog=program, description=description, epilog=EXIT_CODES, formatter_class=formatter, allow_abbrev=False
        )

    def error(self, message: str) -> NoReturn:
        """Raises UsageError instead of printing the usage over several lines."""
        raise UsageError(f"{message} (see {self.prog} --help)")

    def add_machine(self) -> None:
        """Adds --threads and --device."""
        self.add_argument("--threads", type=number(int, 1, 1024), metavar="N", help="threads (default: torch's choice)")
        self.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where networks run (default: cpu)")


def number(kind: type[int] | type[float], minimum: float, maximum: float) -> Callable[[str], float]:
    """An argparse type: an int or float from minimum to maximum."""

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not minimum <= value <= maximum:
            raise argparse.ArgumentTypeError(f"{text!r} is not allowed; allowed: {minimum} to {maximum}")
        return value

    return parse


def guarded(program: str, work: Callable[[Sequence[str]], None], arguments: Sequence[str] | None) -> int:
    """Runs a command and returns its exit code; every error is one line on stderr."""
    try:
        with _sigterm_raises(), _one_line_warnings(program):
            work(sys.argv[1:] if arguments is None else arguments)
        return 0
    except SystemExit as error:  # argparse after --help
        return error.code if isinstance(error.code, int) else 0
    except BaseException as error:  # the boundary of the program: nothing passes it but an exit code and one line
        code, text = verdict(error)
        if os.environ.get("REFSW_DEBUG") == "1":
            traceback.print_exc()
        _say(program, "error", text)
        return code


def verdict(error: BaseException) -> tuple[int, str]:
    """Exit code of an error, and its one line."""
    match error:
        case RefswError():
            return error.exit_code, str(error)
        case KeyboardInterrupt():
            return INTERRUPTED, "interrupted"
        case _Terminated():
            return TERMINATED, "terminated"
        case MemoryError():
            return INTERNAL, "out of memory"
        case _:
            return INTERNAL, f"internal error: {type(error).__name__}: {error}"


@contextlib.contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Puts the file's name before the message of an error that does not have it."""
    try:
        yield
    except RefswError as error:
        if not str(error).startswith(f"{path}: "):
            error.args = (f"{path}: {error}",)
        raise


def check_paths(source: Path, outputs: Iterable[Path | None]) -> None:
    """Refuses outputs that are the input, each other, or cannot be written. Raises UsageError, OutputError."""
    taken: dict[object, str] = {_identity(source): f"the input {source}"}
    for path in outputs:
        if path is None or str(path) in (os.devnull, STANDARD):
            continue
        if _identity(path) in taken:
            raise UsageError(f"{path}: is {taken[_identity(path)]} as well; outputs need names of their own")
        taken[_identity(path)] = f"the output {path}"
        check_writable(path)


def is_container(path: Path) -> bool:
    """Whether an output is a codestream among boxes (Annex F), by its suffix."""
    return path.suffix.lower() == ".jaif"


def write_report(path: Path, report: dict[str, Any]) -> None:
    """Writes a report as JSON. Raises OutputError."""
    write_bytes(path, (json.dumps(plain(report), indent=2, ensure_ascii=False) + "\n").encode())


def plain(value: object) -> Any:
    """A value as JSON knows it: dataclasses become objects, arrays lists, bytes hexadecimal, infinities null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _identity(path: Path) -> object:
    """Equal for two names of one file, hard links included."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return os.path.realpath(path) if "\0" not in str(path) else str(path)
    return status.st_dev, status.st_ino


def _say(program: str, kind: str, text: str) -> None:
    line = " ".join(text.split())
    line = "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in line)
    with contextlib.suppress(OSError):  # stderr may be closed; the exit code still tells
        print(f"{program}: {kind}: {line}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def _sigterm_raises() -> Iterator[None]:
    def terminate(signum: int, frame: FrameType | None) -> NoReturn:
        raise _Terminated

    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield
        return
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _one_line_warnings(program: str) -> Iterator[None]:
    def show(message: Warning | str, *_: object, **__: object) -> None:
        _say(program, "warning", str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", PictureWarning)
        warnings.showwarning = show
        yield
