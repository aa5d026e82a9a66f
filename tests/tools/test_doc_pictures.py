# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The scripts behind docs/user/realism.md and the pictures of docs/user, with a small model."""

from __future__ import annotations

from pathlib import Path

import bench_realism
import doc_pictures
import pytest
from PIL import Image as PillowImage

from refsw.io import write_image
from tests.support.tiny import Started, picture


def test_pictures(started: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doc_pictures, "load_config", lambda _: started.config)
    assert doc_pictures.main(["--out", str(tmp_path / "made")]) == 0
    for name in ("realism", "interest"):
        made, kept = (PillowImage.open(folder / f"{name}.webp") for folder in (
            tmp_path / "made", doc_pictures.ROOT / "docs" / "user" / "pictures"
        ))  # fmt: skip
        assert made.size == kept.size


def test_table(
    started: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench_realism, "load_config", lambda _: started.config)
    monkeypatch.setattr(bench_realism, "METRICS", ("psnr_rgb", "gmsd"))
    for seed in range(2):
        write_image(tmp_path / f"{seed}.png", picture(seed, 130, 200))
    arguments = ["--data", str(tmp_path), "--natural", str(tmp_path), "--qualities", "40", "--settings", "0,1"]
    assert bench_realism.main(arguments) in (0, 1)
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| 40 ")]
    assert [row[2] for row in rows] == ["0", "1"] and float(rows[1][5]) < float(rows[0][5])
    assert bench_realism.main([*arguments[:-1], "1,0"]) == 1
