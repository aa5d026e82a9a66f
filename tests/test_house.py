# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Rules of the house that a machine can hold."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("refsw", "conformance", "tools", "tests")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py") if "_data" not in path.parts)
SPDX = "# SPDX-License-Identifier: BSD-3-Clause-Clear"
MAXIMUM_LINES = 400


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=named)
def test_module(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    assert SPDX in lines[:2], "the SPDX line comes first, or right after #!"
    assert len(lines) <= MAXIMUM_LINES
    tree = ast.parse(text)
    if not path.is_relative_to(ROOT / "tests"):  # a test may hold our expressions against Python's own
        assert not {"eval", "exec", "compile"} & set(calls(tree))
    names = set(imports(tree)) - {"pickle.UnpicklingError"}  # what torch.load raises; to name it reads nothing
    assert not {"pickle", "marshal", "shelve", "dill"} & {name.partition(".")[0] for name in names}
    bare = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.type is None]
    assert not bare, f"bare except in lines {bare}"


@pytest.mark.parametrize("path", [path for path in FILES if path.is_relative_to(ROOT / "refsw")], ids=named)
def test_package_has_no_global_statement_and_no_print_outside_the_command_lines(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Global)]
    if path.parent.name not in ("cli", "train", "ctc"):
        assert "print" not in set(calls(tree))


def test_torch_never_unpickles() -> None:
    """torch.load is for our own checkpoints, and only with weights_only=True."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("torch.load", "np.load", "numpy.load"):
                given = {word.arg: ast.unparse(word.value) for word in node.keywords}
                safe = given.get("weights_only") == "True" or given.get("allow_pickle", "False") == "False"
                assert safe and (ast.unparse(node.func) != "torch.load" or "weights_only" in given), named(path)


def test_data_files_carry_the_licence_line() -> None:
    files = [*(ROOT / "cfg").rglob("*.yaml"), *(ROOT / "spec").rglob("*.yaml"), ROOT / "Makefile", ROOT / ".ci" / "run"]
    missing = [named(path) for path in files if SPDX not in path.read_text(encoding="utf-8").splitlines()[:2]]
    assert not missing


def test_repository_has_no_index_address_and_no_large_sample() -> None:
    for name in ("pyproject.toml", "Makefile", ".ci/run"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "index-url" not in text and "http" not in text, name
    assert sum(path.stat().st_size for path in (ROOT / "samples").iterdir()) < 900_000
