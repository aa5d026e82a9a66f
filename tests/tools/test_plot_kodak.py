# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The figure of the model cards, from results of the fake codec."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from refsw.ctc.report.published import published
from refsw.ctc.results import Results

Tool = Callable[[str], ModuleType]


@pytest.fixture
def results(tool: Tool, fake_codec: str, pictures: Callable[..., Path], tmp_path: Path) -> Path:
    """Results of eval_kodak."""
    out = tmp_path / "run"
    arguments = ["--data", str(pictures(0, 1)), "--codec", fake_codec, "--anchors", "jpeg", "--qualities=0,40,80"]
    assert tool("eval_kodak").main([*arguments, "--out", str(out)]) == 0
    return out / "results.json"


def test_every_curve_is_drawn_once(tool: Tool, results: Path, tmp_path: Path) -> None:
    """refsw's of each file, the others' of the first, and the published ones as such."""
    module = tool("plot_kodak")
    both = ["--own", "first BOP", "--own", "second BOP", "-o", str(tmp_path / "curves.svg")]
    assert module.main([str(results), str(results), *both]) == 0
    assert (tmp_path / "curves.svg").read_text().startswith("<?xml")
    found = Results.from_json(results.read_bytes())
    curves = module.measured([(found, "first BOP"), (found, "second BOP")], "psnr_rgb")
    assert [(c.title, c.own, len(c.bpp)) for c in curves[:2]] == [("first BOP", True, 3), ("second BOP", True, 3)]
    assert [c.title for c in curves[2:]] == ["jpeg"] and list(curves[0].bpp) == sorted(curves[0].bpp)
    labels = [t.get_text() for t in module.draw([(found, "first BOP")]).axes[0].get_legend().get_texts()]
    assert labels[:2] == ["first BOP", "jpeg"] and all(t.endswith("(published)") for t in labels[2:]) and labels[2:]


def test_each_published_curve_is_an_anchor_of_its_own(
    tool: Tool, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Against itself a curve saves nothing; one that shares no quality with it is said to, not left out."""
    module = tool("plot_kodak")
    found = Results.from_json(results.read_bytes())
    anchor = next(c for c in published() if c.id == "vtm")
    own = module.Curve("own", anchor.bpp, anchor.psnr_rgb, True)
    far = module.Curve("far", (0.1, 0.2), (70.0, 80.0), True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "measured", lambda files, scale: [own, far])
        head, *lines = module.against_published([(found, "own"), (found, "far")], "psnr_rgb")
    assert "own" in head and "far" in head and len(lines) == len(module.PUBLISHED["psnr_rgb"])
    assert lines[0].split()[:2] == [anchor.title, "+0.0"] and lines[0].endswith("no quality shared")
    assert module.main([str(results), "--own", "BOP", "-o", str(tmp_path / "curves.svg")]) == 0
    assert capsys.readouterr().out.count(anchor.title) == len(module.SCALES)


@pytest.mark.parametrize(
    ("own", "out", "message"),
    [([], "a.svg", "1 files of results and 0 --own"), (["--own", "x"], "a.text", "expected a name that ends in .svg")],
)
def test_what_is_refused(
    tool: Tool, results: Path, own: list[str], out: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = results.parent / out
    assert tool("plot_kodak").main([str(results), *own, "-o", str(path)]) == 2
    assert message in capsys.readouterr().err and not path.exists()
