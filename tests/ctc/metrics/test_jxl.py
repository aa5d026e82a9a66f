# SPDX-License-Identifier: BSD-3-Clause-Clear
"""SSIMULACRA2 and Butteraugli where they are installed, and what is said where they are not."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from refsw.ctc.metrics import jxl, metric
from refsw.errors import InputError, RefswError, UnsupportedError
from refsw.types import Image
from tests.ctc.metrics.pairs import damaged, reference


@pytest.mark.parametrize("name", ["ssimulacra2", "butteraugli"])
def test_order_and_best_value(name: str) -> None:
    one = metric(name)
    reason = one.missing()
    if reason:
        pytest.skip(reason)
    image = reference(96, 112)
    assert one.measure(image, image) == pytest.approx(one.best, abs=1e-6)
    values = [one.measure(image, damaged(image, step)) for step in (4, 12, 40)]
    assert values == sorted(values, reverse=one.higher_is_better)
    assert one.backend and one.backend() != "none"
    sixteen = [Image(picture.samples.astype(np.uint16) * 257, 16) for picture in (image, damaged(image))]
    assert one.measure(*sixteen) == pytest.approx(one.measure(image, damaged(image)), rel=1e-3)


def test_tiny_pictures_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jxl, "program", lambda name: "/bin/false")
    with pytest.raises(InputError, match="SSIMULACRA2 of 9 x 7 samples: both sides must be at least 8"):
        metric("ssimulacra2").measure(reference(7, 9), reference(7, 9))


def test_ppm_holds_the_samples() -> None:
    grey, deep = reference(5, 4, 1), reference(5, 4, 3, 16)
    with PillowImage.open(io.BytesIO(jxl._ppm(grey, 8))) as read:
        assert np.array_equal(np.asarray(read), np.repeat(grey.samples, 3, axis=2))
    data = jxl._ppm(deep, 16)
    assert data.startswith(b"P6 4 5 65535\n")
    assert np.array_equal(np.frombuffer(data[13:], ">u2").reshape(5, 4, 3), deep.samples)


def test_programs_are_read_and_their_failures_are_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "program"
    monkeypatch.setattr(jxl, "program", lambda name: str(script))
    image = reference(8, 8)

    def install(text: str) -> None:
        script.write_text(f"#!/bin/sh\n{text}\n")
        script.chmod(0o755)

    install('test -s "$1" && test -s "$2" && printf "2.0718677\\n3-norm: 1.924942\\n"')
    assert metric("butteraugli").measure(image, image) == 1.924942
    install("echo -3.25")
    assert metric("ssimulacra2").measure(image, image) == -3.25
    install("echo broken >&2; exit 1")
    for name in ("butteraugli", "ssimulacra2"):
        with pytest.raises(RefswError, match="gave no score: broken"):
            metric(name).measure(image, image)


def test_missing_ones_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jxl, "program", lambda name: None)
    monkeypatch.setattr(jxl, "_package", lambda: False)
    image = reference(8, 8)
    with pytest.raises(UnsupportedError, match="metric butteraugli: needs the program butteraugli_main"):
        metric("butteraugli").measure(image, image)
    with pytest.raises(UnsupportedError, match="metric ssimulacra2: needs the program ssimulacra2 of libjxl, or: pip"):
        metric("ssimulacra2").measure(image, image)
