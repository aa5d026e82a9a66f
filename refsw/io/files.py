# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Files read whole with one clear error, and written whole or not at all.

    with atomic_write(path) as file: file.write(...)      # a temporary name beside `path`, renamed when complete
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from refsw.errors import InputError, OutputError

STANDARD = "-"
"""Name of standard input and standard output."""
_LARGEST_INPUT = 1 << 32


def read_bytes(path: str | Path, *, maximum: int | None = None) -> bytes:
    """The whole content of a file.

    maximum: largest size in bytes that is read, None for no limit.
    Raises InputError if the file cannot be read, is no regular file, or is larger than `maximum`.
    """
    try:
        with open_regular(path) as file:
            data = file.read(-1 if maximum is None else maximum + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {reason(error)}") from None
    if maximum is not None and len(data) > maximum:
        raise InputError(f"{path}: larger than {maximum} bytes")
    return data


def open_regular(path: str | Path) -> BinaryIO:
    """Opens a regular file for reading; a pipe is refused before it can block. Raises InputError, OSError."""
    if str(path) == STANDARD:
        return BytesIO(sys.stdin.buffer.read(_LARGEST_INPUT))
    if "\0" in str(path):
        raise InputError(f"{path}: not a file name")
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode):
        raise InputError(f"{path}: {'a directory' if stat.S_ISDIR(mode) else 'not a regular file'}")
    return open(path, "rb")


def write_bytes(path: str | Path, data: bytes) -> None:
    """Writes a file whole or not at all. Raises OutputError."""
    with atomic_write(path) as file:
        file.write(data)


def check_writable(path: str | Path) -> None:
    """Raises OutputError where writing `path` could only fail; called before hours of work, not after."""
    target = Path(path)
    if str(path) == STANDARD:
        return
    try:
        if target.is_dir():
            raise OutputError(f"{path}: is a directory")
        folder = _resolved(target).parent
        if not folder.is_dir():
            raise OutputError(f"{path}: the folder {folder} does not exist")
        if not _is_device(target) and not os.access(folder, os.W_OK | os.X_OK):
            raise OutputError(f"{path}: the folder {folder} is not writable")
    except (OSError, ValueError) as error:
        raise OutputError(f"{path}: cannot be written: {reason(error)}") from None


@contextlib.contextmanager
def atomic_write(path: str | Path) -> Iterator[BinaryIO]:
    """A file that appears under its name when the block ends, and never if it does not.

    The temporary file stands in the same folder, since a rename is atomic only inside one file system; it is removed
    on every exception, KeyboardInterrupt included. A symbolic link is followed. A device, such as /dev/null, is
    written to directly, since renaming over it would replace it. Raises OutputError.
    """
    check_writable(path)
    if str(path) == STANDARD:
        held = BytesIO()
        yield held
        _to_standard_output(held.getvalue())
        return
    try:
        target = _resolved(Path(path))
        if _is_device(target):
            with open(target, "wb") as file:
                yield file
            return
        temporary = target.with_name(f".refsw-{secrets.token_hex(8)}.part")
        try:
            with open(temporary, "xb") as file:
                yield file
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {reason(error)}") from None


def make_folder(path: Path) -> None:
    """Makes a folder for several outputs. Raises OutputError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: cannot be made: {error.strerror}") from None


def reason(error: Exception) -> str:
    """An exception's text on one line, without the file name that the caller puts before it."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or type(error).__name__


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _to_standard_output(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        raise OutputError(f"standard output: cannot be written: {reason(error)}") from None


def _is_device(path: Path) -> bool:
    return path.exists() and not path.is_file()
