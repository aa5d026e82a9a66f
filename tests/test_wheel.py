# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A wheel works in another folder without the checkout: specification, configurations and weights travel inside it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("hatchling", reason="the build back-end; `make test` installs it")

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = """
import sys
from pathlib import Path
import refsw
from refsw.cli.dec import main as decode
from refsw.cli.enc import main as encode
from refsw.cli.probe import main as probe
assert Path(refsw.__file__).is_relative_to(sys.argv[1]), refsw.__file__
model = ["--set", f"model={sys.argv[3]}", "--threads", "1"]
assert encode([sys.argv[2], "-o", "a.jai", "-c", "cfg/base.yaml", "--rec", "rec.png", *model]) == 0
assert decode(["a.jai", "-o", "dec.png", "--threads", "1"]) == 0
assert probe(["a.jai", "--validate"]) == 0
assert Path("dec.png").read_bytes() == Path("rec.png").read_bytes()
"""


def test_wheel_without_the_checkout(tmp_path: Path, tiny_model: str) -> None:
    dist, unpacked, elsewhere = (tmp_path / name for name in ("dist", "unpacked", "elsewhere"))
    elsewhere.mkdir()
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(dist)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=300)
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(unpacked)
    for folder, inside in (("spec", "refsw/_data/spec"), ("cfg", "refsw/_data/cfg"), ("refsw/models", "refsw/models")):
        files = [path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        missing = {f"{inside}/{path.relative_to(ROOT / folder).as_posix()}" for path in files} - names
        assert not missing
    environment = os.environ | {"PYTHONPATH": str(unpacked)}
    sample = str(ROOT / "samples" / "shore.png")
    command = [sys.executable, "-c", SCRIPT, str(unpacked), sample, tiny_model]
    done = subprocess.run(command, cwd=elsewhere, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
