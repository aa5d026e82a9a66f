# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Graphs run by ONNX Runtime give what the decoder's own networks give."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from refsw import syntax
from refsw.cli.export import main as refsw_export
from refsw.decode.parse import parse_symbols
from refsw.decode.picture import decode_picture
from refsw.encode.picture import encode_picture
from tests.support.streams import without_tools
from tests.support.tiny import Started, picture

pytest.importorskip("onnx", reason="needs the extra onnx")
runtime: Any = pytest.importorskip("onnxruntime", reason="needs the extra onnx")


@pytest.fixture(scope="module")
def folder(started: Started, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("onnx")
    assert refsw_export(["onnx", started.model.package.description.name, "-o", str(out)]) == 0
    return out


@pytest.mark.parametrize(("size", "quality", "point"), [((96, 80), 70, "bop"), ((33, 130), 12.5, "sop")])
def test_graphs_are_the_networks(
    started: Started, folder: Path, size: tuple[int, int], quality: float, point: str
) -> None:
    config = replace(without_tools(started).config, operating_points=("bop", "sop"))  # graphs are networks alone
    data = encode_picture(picture(4, *size), config, quality=quality, model=started.model).data
    wanted = decode_picture(data, operating_point=point, model=started.model)
    codestream = syntax.read(data)
    latents: list[np.ndarray] = []
    planes = []
    for index, own in enumerate(parse_symbols(codestream, started.model)):
        name = started.model.package.description.components[index].name
        sessions = [
            runtime.InferenceSession(folder / f"{name}.{part}.onnx", providers=["CPUExecutionProvider"])
            for part in ("latents", point)
        ]
        position = np.float32([codestream.picture_header.components[index].quality_index / 256])
        given = {"z": own.z, "symbols": own.symbols} | {
            f"condition.{i}": latents[j][0] for i, j in enumerate(started.model.config.components[index].condition)
        }
        given = {k: v.astype(np.float32)[None] for k, v in given.items()} | {"quality": position}
        features, y_hat, latent = sessions[0].run(None, given)
        latents.append(latent)
        np.testing.assert_allclose(y_hat[0], wanted.latents[index].y_hat, atol=2e-3)
        (patches,) = sessions[1].run(None, {"latent": latent, "features": features, "quality": position})
        height, width = patches.shape[2:]
        own_planes = patches[0].reshape(-1, 8, 8, height, width).transpose(0, 3, 1, 4, 2)
        planes.append(own_planes.reshape(-1, 8 * height, 8 * width)[:, : size[0], : size[1]])
    assert wanted.planes is not None
    found = (np.concatenate(planes) + 0.5) * 4080
    assert np.abs(found.round().clip(0, 4080) - wanted.planes.samples).max() <= 1


def test_what_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert refsw_export(["onnx", "nothing", "-o", str(tmp_path / "out")]) == 6
    assert not (tmp_path / "out").exists()
    assert capsys.readouterr().err.startswith("refsw-export: error: model nothing is not installed")
