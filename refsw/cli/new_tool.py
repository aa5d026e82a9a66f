# SPDX-License-Identifier: BSD-3-Clause-Clear
"""`refsw-new-tool NAME`: a proposal for a coding tool, outside this repository, that works and changes nothing."""

from __future__ import annotations

import argparse
import keyword
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from string import Template

from refsw.cli.common import Parser, guarded
from refsw.errors import OutputError, UsageError
from refsw.io import make_folder, write_bytes
from refsw.tools.toolbox import OWN

_DESCRIPTION = """Writes a working proposal of a coding tool, which changes nothing yet.

  refsw-new-tool soft_edges                     a post-filter, in the folder soft_edges
  refsw-new-tool bias --kind latent             what shifts the latent before synthesis
  refsw-enc --list-tools --plugin soft_edges    without installing it; REFSW_PLUGINS=soft_edges for all programs

docs/contributor/tools.md goes on from here."""
_KINDS = {"post-filter": "filter", "latent": "latent"}
_TEMPLATES = Path(__file__).parent / "templates"
_FILES = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "$name/__init__.py": "package.__init__.py",
    "$name/syntax.yaml": "package.syntax.yaml.$kind",
    "$name/tool.py": "package.tool.py.$kind",
    "tests/test_$name.py": "tests.test_tool.py",
}
"""File of the proposal: template."""


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return guarded("refsw-new-tool", _new_tool, argv)


def _new_tool(argv: Sequence[str]) -> None:
    parser = Parser("refsw-new-tool", _DESCRIPTION)
    parser.add_argument("name", type=_name, metavar="NAME", help="lower-case letters, digits, underscores")
    parser.add_argument("--kind", choices=tuple(_KINDS), default="post-filter", help="default: post-filter")
    parser.add_argument("-o", "--output", type=Path, metavar="FOLDER", help="default: NAME in this folder")
    options = parser.parse_args(argv)
    folder: Path = options.output or Path(options.name)
    if folder.exists():
        raise OutputError(f"{folder}: exists")
    texts = written(options.name, options.kind)
    for name, text in texts.items():
        make_folder((folder / name).parent)
        write_bytes(folder / name, text.encode())
    print(f"{folder}: {', '.join(texts)}")


def written(name: str, kind: str) -> dict[str, str]:
    """Text of every file of a proposal, by its path in the folder. kind: "post-filter" or "latent"."""
    values = {"name": name, "kind": _KINDS[kind], "title": name.replace("_", " ").capitalize()}
    found = {}
    for target, template in _FILES.items():
        file = _TEMPLATES / (Template(template).substitute(values) + ".txt")
        text = Template(file.read_text(encoding="utf-8")).substitute(values | {"kind": kind})
        found[Template(target).substitute(values)] = text
    return found


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", text) or keyword.iskeyword(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; a name has lower-case letters, digits, underscores")
    if text in sys.stdlib_module_names or text in ("refsw", "conformance", "tests", "numpy", "torch"):
        raise UsageError(f"{text}: is the name of another package")
    if any(tool.name == text for tool in OWN):
        raise UsageError(f"{text}: is a coding tool of refsw")
    return text


if __name__ == "__main__":
    sys.exit(main())
