# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The decoder's process: bytes in, samples out, and its errors are the caller's."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from subprocess import PIPE

import numpy as np
import pytest

from refsw.ctc.decoder import DecoderProcess, Request
from refsw.ctc.identity import tree_digest
from refsw.errors import RefswError

HERE = Path(__file__).resolve().parents[1] / "tools"  # where the fake codec is


def test_errors_arrive_and_do_not_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    (tmp_path / "stream").write_bytes(struct.pack("<HHBBB", 1, 1, 3, 8, 0) + zlib.compress(bytes(3)))
    with DecoderProcess("fake_codec") as decoder:
        with pytest.raises(RefswError, match=r"decoder: InputError: .*none\.jai"):
            decoder.run(Request(str(tmp_path / "none.jai"), str(tmp_path / "out.npy")))
        assert decoder.alive
        answer = decoder.run(Request(str(tmp_path / "stream"), str(tmp_path / "out.npy")))
        assert answer.seconds > 0
    assert np.load(tmp_path / "out.npy").tolist() == [[[4, 4, 4]]]


def test_it_ends_in_silence_when_nobody_reads(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "refsw.ctc.decoder", "fake_codec", "1"]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", ".")]))
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdout.close()
        process.stdin.write(b'{"stream": "none", "samples": "none"}\n')
        process.stdin.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


def test_a_tree_digest_is_of_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    empty = tree_digest(tmp_path)
    (tmp_path / "x" / "f.py").write_text("1")
    (tmp_path / "x" / "g.txt").write_text("1")
    assert empty != tree_digest(tmp_path) == tree_digest(tmp_path)
    assert tree_digest(tmp_path, suffixes=(".py",)) != tree_digest(tmp_path)
    before = tree_digest(tmp_path, suffixes=(".py",))
    (tmp_path / "x" / "g.txt").write_text("2")
    assert tree_digest(tmp_path, suffixes=(".py",)) == before
