# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Scripts of tools/ as modules, a fake codec that their worker processes can import, and a folder of pictures."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from refsw.io import write_image
from refsw.types import Image

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def tool() -> Callable[[str], ModuleType]:
    """name -> the module tools/<name>.py."""

    def load(name: str) -> ModuleType:
        path = HERE.parents[1] / "tools" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(f"refsw_tools_{name}", path)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # dataclasses look their module up
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def fake_codec(monkeypatch: pytest.MonkeyPatch) -> str:
    """Name of a codec module that worker processes can import."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    monkeypatch.syspath_prepend(str(HERE))
    return "fake_codec"


@pytest.fixture
def pictures(tmp_path: Path) -> Callable[..., Path]:
    """(first sample of each picture, ...) -> a folder of pictures with structure at every scale."""

    def make(*firsts: int) -> Path:
        folder = tmp_path / "pictures"
        folder.mkdir()
        for n, first in enumerate(firsts):
            random = np.random.default_rng(n)
            scales = [random.integers(0, 10 * size, (48 // size, 64 // size, 1)) for size in (1, 2, 4, 16)]
            octaves = [np.kron(noise, np.ones((48 // len(noise),) * 2 + (1,), int)) for noise in scales]
            samples = sum(octaves, np.arange(0, 30, 10)).astype(np.uint8)
            samples[0, 0, 0] = first
            write_image(folder / f"{n:02d}.png", Image(samples))
        return folder

    return make
