# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The first ffmpeg that has what is wanted."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from refsw.ctc import ffmpeg


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_programs_without_the_part_are_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without = script(tmp_path / "without", "echo Unknown filter")
    has = 'case "$*" in *libvmaf*) echo Filter libvmaf;; *-version*) echo ffmpeg version 7 by someone;; esac'
    own = script(tmp_path / "with", has)
    monkeypatch.setattr(ffmpeg, "candidates", lambda: [str(tmp_path / "absent"), without, own])
    assert ffmpeg.program.__wrapped__("filter", "libvmaf") == ffmpeg.Program(own, "ffmpeg version 7")
    assert ffmpeg.program.__wrapped__("encoder", "libvvenc") is None


def test_candidates_exist() -> None:
    assert all(Path(path).exists() for path in ffmpeg.candidates())


@pytest.mark.skipif(not ffmpeg.resident_peak(os.getpid()), reason="this system does not tell")
def test_memory_of_a_program_that_ends_at_once_is_seen(tmp_path: Path) -> None:
    ended = ffmpeg.run([script(tmp_path / "short", "cat")], b"abc")
    assert (ended.code, ended.output) == (0, b"abc") and ended.peak_bytes


def test_a_program_that_is_slow_to_read_gets_all_of_its_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a pipe holds, and it sleeps for longer than the first waits."""
    monkeypatch.setattr(ffmpeg, "TIMEOUT_SECONDS", 20)
    counts = "import sys, time; time.sleep(0.1); print(len(sys.stdin.buffer.read()))"
    assert int(ffmpeg.run([sys.executable, "-c", counts], bytes(1 << 20)).output) == 1 << 20
