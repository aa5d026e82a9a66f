# SPDX-License-Identifier: BSD-3-Clause-Clear
"""One interface for all metrics."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from refsw.ctc.metrics import JPEG_AI_SEVEN, available, measure_all, metric, names
from refsw.errors import UnsupportedError, UsageError
from tests.ctc.metrics.pairs import damaged, reference

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "metrics.md"


def test_names_are_unique_and_found() -> None:
    assert len(set(names())) == len(names())
    assert [metric(name).name for name in names()] == list(names())
    assert set(available()) <= set(names())


def test_average_is_taken_of_jpeg_ai_seven() -> None:
    assert {name for name in names() if metric(name).in_average} == set(JPEG_AI_SEVEN)


def test_unknown_names_meet_a_suggestion() -> None:
    with pytest.raises(UsageError, match="did you mean 'msssim'"):
        metric("ms-ssim")
    with pytest.raises(UsageError, match="there are msssim, "):
        metric("beauty")


def test_all_at_once_equal_one_by_one() -> None:
    image = reference(40, 48)
    wanted = ("gmsd", "psnr_cb", "ssim", "psnr_y")
    pair = image, damaged(image)
    assert measure_all(wanted, *pair) == tuple(metric(name).measure(*pair) for name in wanted)


def test_missing_back_end_is_one_line() -> None:
    image = reference(8, 8)
    absent = replace(metric("psnr_y"), missing=lambda: "needs a program")
    with pytest.raises(UnsupportedError, match=r"^metric psnr_y: needs a program$"):
        absent.measure(image, image)


def test_version_names_the_back_end() -> None:
    assert metric("psnr_y").full_version == "1"
    assert replace(metric("psnr_y"), backend=lambda: "program 2").full_version == "1 (program 2)"


def test_loading_is_light() -> None:
    script = "import sys, refsw.ctc.metrics; print(sorted({'torch', 'scipy', 'imageio_ffmpeg'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], cwd=DOCUMENT.parents[1], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_every_metric_is_documented() -> None:
    documented = set(re.findall(r"^\| `(\w+)` ", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE))
    assert documented == set(names())
