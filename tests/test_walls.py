# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Imports point downwards only (DESIGN 2).

    cli -> encode, train, ctc -> decode -> tools, nets -> exact, entropy, syntax -> spec, types
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
GROUND = {"errors", "types", "resources", "spec", "constants"}

# A room, and the rooms of refsw that it may import. Lazy imports count as well.
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "types": {"errors"},
    "resources": set(),
    "spec": {"errors", "resources"},
    "constants": {"errors", "resources", "spec"},
    "syntax": GROUND,
    "entropy": GROUND,
    "exact": GROUND,
    "container": GROUND | {"syntax"},
    "models": GROUND,
    "nets": GROUND,
    "colour": GROUND,
    "io": GROUND,
    "configfile": GROUND,
    "config": GROUND | {"configfile"},
    "numerics": GROUND,
    "memory": GROUND,
    "lossless": GROUND | {"entropy"},
    "tools": GROUND | {"syntax", "colour", "entropy", "exact"},
    "decode": GROUND
    | {"syntax", "entropy", "exact", "lossless", "models", "nets", "colour", "tools", "complexity", "memory"},
}
NORMATIVE = {"syntax", "container", "entropy", "exact", "lossless", "models", "nets", "colour", "tools", "decode"}
INFORMATIVE = {"encode", "train", "ctc", "cli", "api", "config", "pillow", "exchange"}
WITHOUT_TORCH = (
    "syntax", "container", "entropy", "lossless", "spec", "constants", "models", "io", "config", "configfile", "types",
    "errors",
    "resources",
)  # fmt: skip


def modules(room: str) -> list[Path]:
    folder = ROOT / "refsw" / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [ROOT / "refsw" / f"{room}.py"]


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Full dotted names that a file imports anywhere in it, and the line; type-checking imports are left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    ignored = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in ignored:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def rooms(path: Path) -> Iterator[tuple[str, int]]:
    for name, line in imported(path):
        parts = name.split(".")
        if parts[0] == "refsw" and len(parts) > 1 and ((ROOT / "refsw" / parts[1]).exists() or
                                                       (ROOT / "refsw" / f"{parts[1]}.py").exists()):  # fmt: skip
            yield parts[1], line


@pytest.mark.parametrize("room", ALLOWED)
def test_room_imports_only_what_it_may(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports refsw.{other}"
        for path in modules(room)
        for other, line in rooms(path)
        if other != room and other not in ALLOWED[room]
    ]
    assert not wrong


@pytest.mark.parametrize("room", sorted(NORMATIVE))
def test_normative_code_knows_nothing_of_encoders(room: str) -> None:
    found = [(path.name, other) for path in modules(room) for other, _ in rooms(path) if other in INFORMATIVE]
    assert not found


@pytest.mark.parametrize("room", WITHOUT_TORCH)
def test_no_torch_in_the_text(room: str) -> None:
    found = [
        f"{path.name}:{line}"
        for path in modules(room)
        for name, line in imported(path)
        if name.partition(".")[0] == "torch"
    ]
    assert not found


def test_only_the_torch_back_ends_of_the_exact_engine_use_torch() -> None:
    users = {path.name for path in modules("exact") if any(name.startswith("torch") for name, _ in imported(path))}
    assert users <= {"torch_backend.py", "torch_operations.py"}


def test_conformance_uses_the_standard_library_and_numpy_alone() -> None:
    for path in (ROOT / "conformance").rglob("*.py"):
        for name, line in imported(path):
            first = name.partition(".")[0]
            engine = {"onnxruntime"} if path.parent.name == "onnx_decoder" else set()  # what decoder B is about
            allowed = sys.stdlib_module_names | {"numpy", "conformance"} | engine
            assert first in allowed, f"{path}:{line} imports {name}"


def test_nothing_in_the_package_imports_tests_or_tools() -> None:
    for path in (ROOT / "refsw").rglob("*.py"):
        assert not {name.partition(".")[0] for name, _ in imported(path)} & {"tests", "tools", "conformance"}, path


def test_loading_without_torch() -> None:
    """What the text says holds when it runs: probe, configurations, pictures, headers, packages."""
    names = [
        "refsw", "refsw.syntax", "refsw.entropy", "refsw.spec", "refsw.config", "refsw.io", "refsw.models",
        "refsw.pillow", "refsw.decode.picture", "refsw.container", "refsw.cli.probe", "refsw.cli.enc", "refsw.cli.dec",
        "refsw.cli.ctc", "refsw.ctc.engine", "refsw.tools.toolbox",
    ]  # fmt: skip
    load = f"import importlib, sys; [importlib.import_module(name) for name in {names!r}]"
    script = f"{load}; assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
