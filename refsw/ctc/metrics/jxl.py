# SPDX-License-Identifier: BSD-3-Clause-Clear
"""SSIMULACRA2 and Butteraugli, by the programs of libjxl; SSIMULACRA2 also by the package of that name.

Pictures go to the programs as PPM, which they take for sRGB; a grey picture as three equal channels.
"""

from __future__ import annotations

import importlib.util
import io
import re
import shutil
import subprocess
import tempfile
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import numpy as np

from refsw.ctc.metrics.metric import Metric
from refsw.ctc.metrics.planes import Pair
from refsw.errors import InputError, RefswError
from refsw.types import Image

SNEYERS = "Sneyers: SSIMULACRA 2, Cloudinary 2022 (libjxl)"
ALAKUIJALA = "Alakuijala, Obryk, Stoliarchuk et al.: Guetzli, perceptually guided JPEG encoder, Google 2017"
LEAST_SIDE = 8  # of both metrics
TIMEOUT_SECONDS = 600


def ssimulacra2(pair: Pair) -> float:
    """SSIMULACRA2: 100 where equal, 90 visually lossless, 30 low quality, below 0 very low.

    By the program `ssimulacra2` of libjxl, at the pictures' bit depth; otherwise by the package, at 8 bits.
    Raises InputError where a side is below 8, RefswError where the program fails.
    """
    _check(pair, "SSIMULACRA2")
    if program("ssimulacra2"):
        return float(_run(pair, "ssimulacra2", r"(-?[\d.]+)\s*$"))
    from ssimulacra2 import compute_ssimulacra2

    return float(compute_ssimulacra2(*(io.BytesIO(_ppm(image, 8)) for image in (pair.reference, pair.picture))))


def butteraugli(pair: Pair) -> float:
    """Butteraugli's 3-norm: 0 where equal; 1 is about where a difference is seen.

    By the program `butteraugli_main` of libjxl, at the pictures' bit depth, for a screen of 80 nits.
    Raises InputError where a side is below 8, RefswError where the program fails.
    """
    _check(pair, "Butteraugli")
    return float(_run(pair, "butteraugli_main", r"3-norm: ([\d.]+)"))


@lru_cache(maxsize=2)
def program(name: str) -> str | None:
    """Where a program is, None if it is not on the search path."""
    return shutil.which(name)


def _run(pair: Pair, name: str, pattern: str) -> str:
    command = program(name)
    assert command is not None  # Metric asks `missing` first
    with tempfile.TemporaryDirectory(prefix="refsw-jxl-") as folder:
        files = [Path(folder) / "reference.ppm", Path(folder) / "picture.ppm"]
        for file, image in zip(files, (pair.reference, pair.picture), strict=True):
            file.write_bytes(_ppm(image, image.bit_depth))
        done = subprocess.run([command, *map(str, files)], capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    score = re.search(pattern, done.stdout)
    if score is None or done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise RefswError(f"{name} gave no score: {reason}")
    return score.group(1)


def _ppm(image: Image, bit_depth: int) -> bytes:
    """Binary PPM, samples scaled and rounded to a bit depth."""
    peak, stored_peak = 2**bit_depth - 1, 2**image.bit_depth - 1
    samples = (2 * image.samples.astype(np.int64) * peak + stored_peak) // (2 * stored_peak)
    colour = np.broadcast_to(samples, (image.height, image.width, 3))
    head = f"P6 {image.width} {image.height} {peak}\n".encode()
    return head + bytes(colour.astype(np.uint8 if bit_depth == 8 else ">u2").tobytes())


def _check(pair: Pair, name: str) -> None:
    height, width = pair.reference.height, pair.reference.width
    if min(height, width) < LEAST_SIDE:
        raise InputError(f"{name} of {width} x {height} samples: both sides must be at least {LEAST_SIDE}")


def _package() -> bool:
    return importlib.util.find_spec("ssimulacra2") is not None


def _ssimulacra2_missing() -> str | None:
    if program("ssimulacra2") or _package():
        return None
    return "needs the program ssimulacra2 of libjxl, or: pip install ssimulacra2"


def _ssimulacra2_backend() -> str:
    if program("ssimulacra2"):
        return "ssimulacra2 of libjxl"
    return f"package ssimulacra2 {metadata.version('ssimulacra2')}" if _package() else "none"


def _butteraugli_missing() -> str | None:
    found = program("butteraugli_main")
    return None if found else "needs the program butteraugli_main of libjxl (Debian: apt install libjxl-devtools)"


def _butteraugli_backend() -> str:
    return "butteraugli_main of libjxl" if program("butteraugli_main") else "none"


SSIMULACRA2 = Metric(
    "ssimulacra2", "SSIMULACRA2", "1", "", True, False, 100.0, "R, G, B", SNEYERS, ssimulacra2,
    missing=_ssimulacra2_missing, backend=_ssimulacra2_backend,
)  # fmt: skip
BUTTERAUGLI = Metric(
    "butteraugli", "Butteraugli 3-norm", "1", "", False, False, 0.0, "R, G, B", ALAKUIJALA, butteraugli,
    missing=_butteraugli_missing, backend=_butteraugli_backend,
)  # fmt: skip
