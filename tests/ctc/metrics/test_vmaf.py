# SPDX-License-Identifier: BSD-3-Clause-Clear
"""VMAF: that libvmaf is given the right planes, and its failures."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from refsw.ctc.ffmpeg import Program
from refsw.ctc.metrics import metric, vmaf
from refsw.ctc.metrics.vmaf import program
from refsw.errors import InputError, RefswError, UnsupportedError
from refsw.types import Image
from tests.ctc.metrics.pairs import damaged, reference

needs_program = pytest.mark.skipif(program() is None, reason="no ffmpeg with libvmaf: pip install imageio-ffmpeg")


@needs_program
def test_equal_still_pictures_have_97() -> None:
    image = reference(144, 176)
    assert metric("vmaf").measure(image, image) == pytest.approx(97.42984, abs=0.01)


@needs_program
@pytest.mark.parametrize("depth", [8, 10])
def test_same_score_by_way_of_other_files(tmp_path: Path, depth: int) -> None:
    """The two planes as Y4M in 4:2:0, whose layout ffmpeg reads from the file; the pooled score."""
    image = reference(144, 176, 1, depth)
    pair = image, damaged(image)
    found = program()
    assert found
    for name, one in zip(("reference", "picture"), pair, strict=True):
        ten_bits = np.round(one.samples * (1023 / (2**depth - 1)))
        planes = [ten_bits.astype("<u2"), np.full((2, 72, 88), 512, "<u2")]
        head = b"YUV4MPEG2 W176 H144 F25:1 Ip A1:1 C420p10 XYSCSS=420P10\nFRAME\n"
        (tmp_path / f"{name}.y4m").write_bytes(head + b"".join(plane.tobytes() for plane in planes))
    done = subprocess.run(
        [found.path, "-i", "picture.y4m", "-i", "reference.y4m", "-lavfi", "libvmaf", "-f", "null", "-"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    score = float(done.stderr.partition("VMAF score: ")[2].split()[0])
    assert metric("vmaf").measure(*pair) == pytest.approx(score, abs=1e-5)


@needs_program
def test_worse_pictures_have_worse_values() -> None:
    image = reference(144, 176)
    values = [metric("vmaf").measure(image, damaged(image, step)) for step in (4, 12, 30, 60)]
    assert values == sorted(values, reverse=True)
    assert values[0] - values[-1] > 10


@needs_program
def test_depth_does_not_matter() -> None:
    eight = reference(64, 80), damaged(reference(64, 80))
    wide = [Image(image.samples.astype(np.uint16) * 257, 16) for image in eight]
    assert metric("vmaf").measure(*wide) == pytest.approx(metric("vmaf").measure(*eight), abs=0.05)


@needs_program
def test_least_side() -> None:
    small, tiny = reference(32, 32), reference(31, 40)
    assert metric("vmaf").measure(small, small) > 90
    with pytest.raises(InputError, match="at least 32"):
        metric("vmaf").measure(tiny, tiny)


def test_missing_program_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vmaf, "program", lambda: None)
    with pytest.raises(UnsupportedError, match="metric vmaf: needs an ffmpeg with libvmaf"):
        metric("vmaf").measure(reference(32, 32), reference(32, 32))
    assert metric("vmaf").backend is not None


def test_failing_program_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "ffmpeg"
    script.write_text("#!/bin/sh\necho first >&2\necho out of luck >&2\nexit 1\n")
    script.chmod(0o755)
    monkeypatch.setattr(vmaf, "program", lambda: Program(str(script), "ffmpeg version 0"))
    with pytest.raises(RefswError, match="ffmpeg version 0 gave no score: out of luck"):
        metric("vmaf").measure(reference(32, 32), reference(32, 32))
