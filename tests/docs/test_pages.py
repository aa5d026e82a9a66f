# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Runs the commands of README.md, docs/user/*.md and docs/contributor/ctc.md.

They are in fenced blocks marked `console`, on lines that begin with `$ `. Each page runs from top to bottom in a folder
of its own, where `photo.png`, `photos/`, `samples/` and what the page itself made lie. Programs of this project run in
this process, with a small model; `cat`, `cp`, `head -c`, `ls`, `mkdir`, `rm` are done here, so that no shell is needed.
Files whose name is the first line of a block are written before `refsw-ctc`.
A line that ends in `# exit 3` must end with that exit code. Lines without `$ ` are output for the reader, and are not
compared.
"""

from __future__ import annotations

import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from refsw.io import write_image
from tests.support.streams import code
from tests.support.tiny import Started, picture

ROOT = Path(__file__).resolve().parents[2]
CONTRIBUTOR = ROOT / "docs" / "contributor"
PAGES = [
    ROOT / "README.md", *sorted((ROOT / "docs" / "user").glob("*.md")), CONTRIBUTOR / "ctc.md", CONTRIBUTOR / "tools.md"
]  # fmt: skip
FILE = re.compile(r"^```(?:python|yaml)\n# (\S+/\S+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
PROGRAMS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
PYTHON = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
EXIT = re.compile(r"\s+#\s*exit (\d+)$")


def commands(page: Path) -> list[str]:
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def run(line: str, model: str) -> int:
    words = shlex.split(line, comments=True)
    name, arguments = words[0], words[1:]
    if name in PROGRAMS:
        module, _, function = PROGRAMS[name].partition(":")
        if name == "refsw-enc":
            arguments += ["--set", f"model={model}"]
        code: int = getattr(importlib.import_module(module), function)(arguments)
        return code
    list(_shell(name, arguments))
    return 0


def _shell(name: str, arguments: list[str]) -> Iterator[None]:
    match name, arguments:
        case "cat", [path]:
            yield print(Path(path).read_text(encoding="utf-8"))
        case "cp", [source, target]:
            yield shutil.copy(source, target) and None
        case "head", ["-c", count, source, ">", target]:
            yield Path(target).write_bytes(Path(source).read_bytes()[: int(count)]) and None
        case "ls", [path]:
            assert Path(path).exists(), path
        case "mkdir", [path]:
            yield Path(path).mkdir()
        case "rm", paths:
            for path in paths:
                yield Path(path).unlink()
        case _:
            raise AssertionError(f"{name} {arguments}: not known to {__file__}")


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.name)
def test_the_commands_of_a_page(
    page: Path, started: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos" / "trip").mkdir(parents=True)
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    for index, name in enumerate(("photo", "photos/one", "photos/two", "photos/trip/three")):
        write_image(tmp_path / f"{name}.png", picture(index, 100, 140))
    files = dict(FILE.findall(page.read_text(encoding="utf-8")))
    for line in commands(page):
        if files and line.startswith("refsw-ctc"):  # after the page has shown what these files were before
            for name, text in files.items():
                (tmp_path / name).write_text(text, encoding="utf-8")
        wanted = int(found[1]) if (found := EXIT.search(line)) else 0
        assert run(EXIT.sub("", line), started.folder.name) == wanted, f"{line}: {capsys.readouterr()}"


def test_the_python_of_the_readme(started: Started, tmp_path: Path) -> None:
    write_image(tmp_path / "photo.png", picture(1, 70, 90))
    (tmp_path / "photo.jai").write_bytes(code(started, picture(1, 70, 90)).data)
    program = "".join(PYTHON.findall(PAGES[0].read_text(encoding="utf-8")))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} >= {"photo.ppm", "again.png", "again.jaif"}
