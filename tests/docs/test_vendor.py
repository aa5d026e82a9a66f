# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Runs docs/vendor/README.md: its files are written, its commands run in this process, on a few vectors."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from conformance.runner.cli import main

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "vendor" / "README.md").read_text(encoding="utf-8")
FILES = re.compile(r"^```yaml\n# (\S+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
BLOCKS = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
EXIT = re.compile(r"\s+#\s*exit (\d+)$")
FEW = ("size-17x33", "chroma-420-odd", "chroma-422", "grey-8", "cut-50")


def test_the_path_of_a_newcomer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("conformance", "refsw"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name, text in FILES.findall(PAGE):
        (tmp_path / name).write_text(text, encoding="utf-8")
    lines = [line[2:] for block in BLOCKS.findall(PAGE) for line in block.splitlines() if line.startswith("$ ")]
    assert len(lines) >= 8
    for line in lines:
        wanted = int(found[1]) if (found := EXIT.search(line)) else 0
        program, *words = shlex.split(EXIT.sub("", line))
        assert program == "refsw-conform"
        if words[0] == "run":
            words += [word for name in FEW for word in ("--only", name)]
        if words[:2] == ["report", "wrong/report.json"]:
            wanted = 1
        assert main(words) == wanted, f"{line}: {capsys.readouterr()}"
    good, wrong = (json.loads((tmp_path / name / "report.json").read_bytes()) for name in ("out", "wrong"))
    assert good["counts"]["PASS"] == len(FEW)
    failed = {entry["id"]: entry["divergence"]["component"] for entry in wrong["vectors"] if entry["status"] == "FAIL"}
    assert failed == {"chroma-420-odd": "Cb", "chroma-422": "Cb"}, "what the page says of the error"
    assert "9.5.4" in (tmp_path / "wrong" / "page.html").read_text(encoding="utf-8")
