# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import UnidentifiedImageError

import refsw.pillow  # noqa: F401
from refsw.cli.enc import main as encode
from refsw.config import load_config
from refsw.syntax.reader import trace

SAMPLES = np.random.default_rng(1).integers(0, 256, (20, 33, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, tiny_model: str) -> str:
    """A configuration file that names the small model."""
    path = tmp_path_factory.mktemp("pillow") / "tiny.yaml"
    from refsw.config import find_config

    text = find_config("base").read_text(encoding="utf-8").replace("model: base", f"model: {tiny_model}")
    path.write_text(text, encoding="utf-8")
    assert load_config(path).model == tiny_model
    return str(path)


@pytest.mark.parametrize("channels", [1, 3])
def test_save_and_open(tmp_path: Path, config: str, channels: int) -> None:
    picture = PillowImage.fromarray(SAMPLES if channels == 3 else SAMPLES[:, :, 0])
    picture.save(tmp_path / "a.jai", quality=60, config=config)
    with PillowImage.open(tmp_path / "a.jai") as opened:
        assert (opened.format, opened.size, opened.mode) == ("JAI", (33, 20), "RGB" if channels == 3 else "L")
        first = np.asarray(opened)
        assert first.shape[:2] == (20, 33) and np.array_equal(np.asarray(opened.copy()), first)
    buffer = io.BytesIO()
    picture.save(buffer, "JAI", quality=60, config=config)
    assert buffer.getvalue() == (tmp_path / "a.jai").read_bytes()
    assert np.array_equal(np.asarray(PillowImage.open(buffer)), first)


def test_plug_in_and_command_line_write_the_same_bytes(tmp_path: Path, config: str) -> None:
    PillowImage.fromarray(SAMPLES).save(tmp_path / "in.png")
    PillowImage.fromarray(SAMPLES).save(tmp_path / "a.jai", config=config)
    assert encode([str(tmp_path / "in.png"), "-o", str(tmp_path / "b.jai"), "-c", config]) == 0
    assert (tmp_path / "a.jai").read_bytes() == (tmp_path / "b.jai").read_bytes()


def test_opening_needs_no_torch(tmp_path: Path, config: str) -> None:
    PillowImage.fromarray(SAMPLES).save(tmp_path / "a.jai", config=config)
    script = (
        "import sys, refsw.pillow; from PIL import Image; picture = Image.open(sys.argv[1]);"
        "assert picture.size == (33, 20); assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "a.jai")], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_errors_are_those_that_pillow_users_know(tmp_path: Path, config: str) -> None:
    PillowImage.fromarray(SAMPLES).save(tmp_path / "a.jai", config=config)
    data = (tmp_path / "a.jai").read_bytes()
    with pytest.raises(UnidentifiedImageError):
        PillowImage.open(io.BytesIO(data[:-5]))
    substreams = [entry for entry in trace(data)[0] if entry.path.endswith(".substream_data") and entry.bits]
    middle = substreams[-1].offset + substreams[-1].bits // 16
    damaged = PillowImage.open(io.BytesIO(data[:middle] + bytes([data[middle] ^ 255]) + data[middle + 1 :]))
    with pytest.raises(OSError, match="component"):
        damaged.load()
    with pytest.raises(OSError, match="CMYK"):
        PillowImage.fromarray(SAMPLES).convert("CMYK").save(tmp_path / "b.jai", config=config)
    assert not (tmp_path / "b.jai").exists()
