# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import os
from pathlib import Path

import pytest

from refsw.errors import InputError, OutputError
from refsw.io import atomic_write, check_writable, read_bytes, write_bytes


def test_write_and_read(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a", b"12345")
    assert read_bytes(tmp_path / "a") == read_bytes(tmp_path / "a", maximum=5) == b"12345"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_mode_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_bytes(tmp_path / "a", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, MemoryError])
def test_interrupted_write_leaves_the_old_file_alone(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"old")
    with pytest.raises(error), atomic_write(target) as file:
        file.write(b"new and longer")
        file.flush()
        raise error
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_symbolic_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there" / "file")
    write_bytes(tmp_path / "link", b"x")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "there" / "file").read_bytes() == b"x"


def test_device_is_written_to_and_not_replaced() -> None:
    before = os.stat("/dev/null").st_rdev
    write_bytes("/dev/null", b"x")
    assert os.stat("/dev/null").st_rdev == before


def test_outputs_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for name in (".", "absent/a", "file/a", "x" * 300, "a\0"):
        with pytest.raises(OutputError):
            write_bytes(tmp_path / name, b"x")
    with pytest.raises(OutputError, match="does not exist"):
        check_writable(tmp_path / "absent" / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="not writable"):
        check_writable(tmp_path / "a")


def test_inputs_that_cannot_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(bytes(11))
    for path, part in (
        (tmp_path, "a directory"),
        (tmp_path / "absent", "No such file"),
        (tmp_path / "pipe", "not a regular file"),
        (Path("/dev/zero"), "not a regular file"),
        (tmp_path / "a\0", "not a file name"),
        (tmp_path / ("x" * 300), "name too long"),
        (tmp_path / "large", "larger than 10 bytes"),
    ):
        with pytest.raises(InputError, match=part):
            read_bytes(path, maximum=10)
