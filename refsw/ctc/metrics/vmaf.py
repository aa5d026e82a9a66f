# SPDX-License-Identifier: BSD-3-Clause-Clear
"""VMAF of luma, by libvmaf inside an ffmpeg program; model vmaf_v0.6.1, as in JPEG AI."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from refsw.ctc import ffmpeg
from refsw.ctc.ffmpeg import Program
from refsw.ctc.metrics.metric import Metric
from refsw.ctc.metrics.planes import STEPS, WORKING_DEPTH, Float, Pair
from refsw.errors import InputError, RefswError

PAPER = "Li, Aaron, Katsavounidis, Moorthy, Manohara: Toward a practical perceptual video quality metric, Netflix 2016"
MODEL = "vmaf_v0.6.1"
LEAST_SIDE = 32  # libvmaf 3.0 crashes at 16 and is erratic below 32
TIMEOUT_SECONDS = 600


def program() -> Program | None:
    """The first ffmpeg with libvmaf."""
    return ffmpeg.program("filter", "libvmaf")


def vmaf(pair: Pair) -> float:
    """VMAF of Y at 10 bits, about 0..100; equal pictures have 97 or so, because a still picture has no motion.

    Raises InputError where a side is below 32, RefswError where the program fails.
    """
    found = program()
    assert found is not None  # Metric asks `missing` first
    height, width = pair.luma[0].shape
    if min(height, width) < LEAST_SIDE:
        raise InputError(f"VMAF of {width} x {height} samples: both sides must be at least {LEAST_SIDE}")
    with tempfile.TemporaryDirectory(prefix="refsw-vmaf-") as folder:
        command = [found.path, "-hide_banner", "-loglevel", "error", "-nostdin"]
        for name, plane in zip(("picture", "reference"), reversed(pair.luma), strict=True):
            (Path(folder) / name).write_bytes(_frame(plane))
            command += ["-f", "rawvideo", "-pix_fmt", "yuv444p10le", "-s", f"{width}x{height}", "-i", name]
        options = f"libvmaf=model=version={MODEL}:n_threads=1:log_fmt=json:log_path=scores"
        done = subprocess.run(
            [*command, "-lavfi", options, "-f", "null", "-"],
            cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_SECONDS,
        )  # fmt: skip
        try:
            scores = json.loads((Path(folder) / "scores").read_text())
            return float(scores["frames"][0]["metrics"]["vmaf"])
        except (OSError, ValueError, LookupError):
            reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            raise RefswError(f"VMAF: {found.version} gave no score: {reason}") from None


def _frame(plane: Float) -> bytes:
    """Y, Cb, Cr at 10 bits, little-endian; the model does not look at Cb and Cr, which are grey."""
    peak = 2**WORKING_DEPTH - 1
    samples = np.round(plane * (peak / STEPS)).astype("<u2")
    return bytes(samples.tobytes() + np.full((2, *plane.shape), (peak + 1) // 2, "<u2").tobytes())


def _missing() -> str | None:
    return None if program() else "needs an ffmpeg with libvmaf, which comes with: pip install imageio-ffmpeg"


def _backend() -> str:
    found = program()
    return found.version if found else "none"


VMAF = Metric("vmaf", "VMAF", f"1, {MODEL}", "", True, True, None, "Y", PAPER, vmaf, missing=_missing, backend=_backend)
