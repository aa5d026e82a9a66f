# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

from pathlib import Path

import bench_scale
import large_picture
import numpy as np

from refsw.io import read_image


def test_a_row_counts_beyond_the_smallest_picture() -> None:
    base = bench_scale.Run("refsw-dec", "64x64", 0.004096, 2.0, 1.5, 300 << 20, 310 << 20)
    run = bench_scale.Run("refsw-dec", "1000x1000", 1.0, 3.0, 2.5, 400 << 20, 500 << 20)
    shown = bench_scale.line(run, base)
    assert "1.004 s/MP" in shown and "peak    400 MiB" in shown and "ratio  0.80" in shown and "105.3 B/sample" in shown
    assert "0.000 s/MP" in bench_scale.line(base, base)


def test_strips_have_the_size_asked_for_and_do_not_repeat() -> None:
    photograph = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    rows = np.concatenate(list(large_picture.strips([photograph], 130, 97)))
    assert rows.shape == (97, 130, 3) and rows.dtype == np.uint8
    assert not np.array_equal(rows[40:80, :50], rows[40:80, 100:][:, :50])


def test_samples_make_a_picture(tmp_path: Path) -> None:
    assert large_picture.main(["70x90", str(tmp_path / "a.ppm")]) == 0
    assert read_image(tmp_path / "a.ppm").samples.shape == (90, 70, 3)
