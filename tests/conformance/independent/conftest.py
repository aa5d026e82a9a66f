# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Streams made here, decoded by `refsw-dec --exact --verify` and by decoder A."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import refsw
from conformance.independent.main import main as decode_independently
from refsw.cli.dec import main as decode
from refsw.config import load_config
from refsw.io import read_image
from refsw.types import Image
from tests.support.tiny import Started


@dataclass(frozen=True)
class Bench:
    """A folder for streams and what decoders make of them, and the model that they use."""

    folder: Path
    models: Path
    model: str

    def stream(self, image: Image, *settings: str, quality: float = 60) -> Path:
        """A codestream with plane digests."""
        config = load_config("base", [f"model={self.model}", "coding.plane_digests=true", *settings])
        path = self.folder / "a.jai"
        path.write_bytes(refsw.encode(image, config, quality=quality))
        return path

    def reference(self, stream: Path, suffix: str, *arguments: str) -> Path:
        """What refsw-dec makes of a codestream, picture-exactly."""
        made = self.folder / f"reference{suffix}"
        assert decode([str(stream), "-o", str(made), "--exact", "--threads", "1", *arguments]) == 0
        return made

    def reference_refuses(self, stream: Path, code: int) -> None:
        """refsw-dec --exact ends with this code."""
        assert decode([str(stream), "-o", str(self.folder / "refused.png"), "--exact", "--threads", "1"]) == code

    def independent(self, stream: Path, *arguments: str) -> int:
        """Exit code of decoder A; planes.raw and result.json lie in the folder afterwards."""
        places = ["--output", str(self.folder / "planes.raw"), "--result", str(self.folder / "result.json")]
        return decode_independently([str(stream), *places, "--models", str(self.models), *arguments])

    def compare(self, stream: Path, verify: bool = True) -> dict[str, Any]:
        """Both decoders obtain equal samples; returns what decoder A says of them. verify: there are plane digests."""
        assert self.independent(stream) == 0
        result: dict[str, Any] = json.loads((self.folder / "result.json").read_text(encoding="utf-8"))
        shown = read_image(self.reference(stream, ".pam", *["--verify"] * verify))
        if result["components"] == ["Y", "Cb", "Cr"]:  # .pam is RGB
            expected = self.reference(stream, ".yuv").read_bytes()
        else:
            expected = b"".join(little(shown.samples[..., i]) for i in range(shown.samples.shape[-1]))
        assert result["alpha"] == (shown.alpha is not None)
        if shown.alpha is not None:
            expected += little(shown.alpha)
        assert (self.folder / "planes.raw").read_bytes() == expected
        return result


def little(plane: np.ndarray[Any, np.dtype[Any]]) -> bytes:
    """Samples in raster order, little-endian."""
    return plane.astype(plane.dtype.newbyteorder("<")).tobytes()


@pytest.fixture
def bench(tmp_path: Path, started: Started) -> Bench:
    """With the started tiny model."""
    return Bench(tmp_path, started.folder.parent, started.folder.name)


@pytest.fixture
def shipped(tmp_path: Path) -> Bench:
    """With the shipped weights."""
    return Bench(tmp_path, Path(__file__).parents[3] / "refsw" / "models", "base")
