# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The suite comes from seeds: what is built again is what is shipped. All of it: tools/make_suite.py --check."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import pytest

from conformance.runner.suite import Suite
from refsw.models import load_package
from refsw.numerics import numerics


def test_a_sample_is_reproduced(capsys: pytest.CaptureFixture[str]) -> None:
    from make_suite import main

    words = ["--check"]
    for name in (
        "size-17x33",
        "chroma-422-odd",
        "drawn-512",
        "region-rows-independent",
        "alpha-16",
        "colour-bt601-8",
        "lossless-grey-16",
        "map-drawn",
        "local-scaling-map",
    ):
        words += ["--only", name]
    assert main(words) == 0, capsys.readouterr().out


def test_coverage_has_not_fallen(suite: Suite) -> None:
    from suitegen.bench import Bench
    from suitegen.coverage import measure

    bench = Bench(load_package("base"))
    with numerics(1):
        measured = measure(bench, ((vector.id, suite.stream(vector)) for vector in suite.vectors))
    shipped = json.loads((suite.folder / "coverage.json").read_bytes())
    assert measured.bins == shipped["bins"] and measured.holes == shipped["holes"]
    assert all(measured.holes.values())
    assert measured.share >= 0.88


@pytest.mark.parametrize("fails", [True, False])
def test_a_suite_is_written_whole_or_not_at_all(
    fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import make_suite
    from suitegen.bench import Bench
    from suitegen.coverage import Coverage, all_bins

    def spread(*_: object) -> dict[str, object]:
        if fails:
            raise KeyboardInterrupt
        return {"vectors": {}}

    monkeypatch.setattr(make_suite, "measure", lambda *_: Coverage({}, dict.fromkeys(all_bins(), "none is built")))
    monkeypatch.setattr(make_suite, "spread", spread)
    folder = tmp_path / "suites" / "1.1"
    folder.mkdir(parents=True)
    (folder / "panel.json").write_text("measured", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt) if fails else nullcontext():
        make_suite.write_measured(folder, Bench(load_package("base")), (), None)
    assert [path.name for path in folder.parent.iterdir()] == ["1.1"]
    if fails:
        assert [path.name for path in folder.iterdir()] == ["panel.json"]
        assert (folder / "panel.json").read_text(encoding="utf-8") == "measured"
    else:
        assert json.loads((folder / "panel.json").read_bytes()) == {"vectors": {}}
        assert (folder / "manifest.json").exists()
