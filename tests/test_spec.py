# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The data of spec/: schemas, lint, levels, and a rendered specification that is up to date."""

from __future__ import annotations

import copy
import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from refsw import spec
from refsw.errors import LevelError, UnsupportedError
from refsw.syntax import definition

TOOLS = Path(__file__).resolve().parent.parent / "tools"


def tool(name: str) -> ModuleType:
    location = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    assert location is not None and location.loader is not None
    module = importlib.util.module_from_spec(location)
    location.loader.exec_module(module)
    return module


def test_lint_finds_nothing() -> None:
    assert list(tool("spec_lint").findings()) == []


def element(document: Any, structure: str, name: str) -> Any:
    rows = next(row["elements"] for row in document["structures"] if row["structure"] == structure)
    return next(row for row in rows if row.get("name") == name)


def no_semantics(document: Any) -> None:
    del element(document, "component_header", "quality_index")["semantics"]


def no_range(document: Any) -> None:
    del element(document, "component_header", "quality_index")["range"]


def doubled_clause(document: Any) -> None:
    element(document, "component_header", "quality_index")["clause"] = "6.4.2"


def unknown_name(document: Any) -> None:
    element(document, "picture_header", "diff_display_width")["range"] = [0, "coded_widht"]


def later_name(document: Any) -> None:
    element(document, "picture_header", "bit_depth_idc")["range"] = [0, "colour_transform_idc"]


def misspelt_key(document: Any) -> None:
    element(document, "component_header", "quality_index")["rnage"] = [0, 1]


@pytest.mark.parametrize("defect", [no_semantics, no_range, doubled_clause, unknown_name, later_name, misspelt_key])
def test_lint_finds_a_defect(defect: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch) -> None:
    lint, original = tool("spec_lint"), spec.document
    broken = copy.deepcopy(original("syntax/picture_header.yaml"))
    defect(broken)
    monkeypatch.setattr(
        spec, "document", lambda name: broken if name == "syntax/picture_header.yaml" else original(name)
    )
    definition.syntax.cache_clear()
    try:
        assert list(lint.findings())
    finally:
        definition.syntax.cache_clear()


def test_rendered_specification_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert tool("render_spec").main(["--check"]) == 0, capsys.readouterr().err


def test_rendering_finds_stale_pages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    render = tool("render_spec")
    assert render.main(["-o", str(tmp_path)]) == 0
    assert render.main(["-o", str(tmp_path), "--check"]) == 0
    (tmp_path / "syntax.md").write_text("old")
    (tmp_path / "gone.md").write_text("older")
    assert render.main(["-o", str(tmp_path), "--check"]) == 1
    assert capsys.readouterr().err.count("out of date") == 2


@pytest.mark.parametrize(
    ("width", "height", "name"),
    [(1, 1, "1"), (512, 512, "1"), (768, 512, "2"), (1920, 1080, "3"), (3840, 2160, "4"), (7680, 4320, "5"),
     (8160, 6120, "6"), (16384, 8192, "7"), (32768, 16384, "8"), (1, 262144, "8")],
)  # fmt: skip
def test_lowest_level(width: int, height: int, name: str) -> None:
    assert spec.lowest_level(width, height).name == name
    assert spec.lowest_level(height, width).name == name


def test_no_level_is_an_error_with_figures() -> None:
    with pytest.raises(LevelError, match="262145 x 1"):
        spec.lowest_level(262145, 1)
    with pytest.raises(LevelError):
        spec.lowest_level(64, 64, regions=5000)


def test_profiles() -> None:
    budgets = {row.name: row.max_kmac_per_sample for row in spec.profiles()}
    assert (budgets["simple"], budgets["base"], budgets["high"]) == (14, 28, 215)
    assert spec.profile_named("base") == spec.profile(1)
    with pytest.raises(UnsupportedError, match="simple, base, high"):
        spec.profile_named("main")
    with pytest.raises(UnsupportedError):
        spec.level(11)
