# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Graphs run by ONNX Runtime give what the decoder's own networks give."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from refsw import syntax
from refsw.cli.export import main as refsw_export
from refsw.decode.picture import decode_picture
from refsw.decode.reconstruct import log_gain_map, mean_path, quality_position
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


def session(started: Started, folder: Path, index: int, part: str) -> Any:
    """Graph `part` of a component."""
    name = started.model.package.description.components[index].name
    return runtime.InferenceSession(folder / f"{name}.{part}.onnx", providers=["CPUExecutionProvider"])


def inputs(quality_index: int, **given: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
    """What a graph takes: tensors [C, h, w] by name, and the quality."""
    batched = {name: value.astype(np.float32)[None] for name, value in given.items()}
    return batched | {"quality": np.array([quality_index / 256], np.float32)}


@pytest.mark.parametrize(
    ("size", "quality", "point", "scaling", "mapped"),
    [
        ((96, 80), 70, "bop", "off", False),
        ((33, 130), 12.5, "sop", "off", False),
        ((96, 80), 70, "bop", "usual", False),
        ((33, 130), 12.5, "sop", "finest", False),
        ((96, 80), 40, "bop", "off", True),
        ((33, 130), 70, "sop", "usual", True),
    ],
)
def test_graphs_are_the_networks(
    started: Started, folder: Path, size: tuple[int, int], quality: float, point: str, scaling: str, mapped: bool
) -> None:
    plain = without_tools(started).config  # graphs are networks alone
    tools = dict(plain.tools) | {"variance_scaling": scaling}
    config = replace(plain, operating_points=("bop", "sop"), tools=tuple(tools.items()))
    grid = -(-size[0] // 16), -(-size[1] // 16)
    steps = np.random.default_rng(3).integers(-16, 17, grid).astype(np.int8) if mapped else None
    data = encode_picture(picture(4, *size), config, quality=quality, model=started.model, steps=steps).data
    wanted = decode_picture(data, operating_point=point, model=started.model, keep=True)
    codestream = syntax.read(data)
    latents: list[np.ndarray] = []
    planes = []
    for index, own in enumerate(wanted.tensors):
        assert (own.steps is not None) == (mapped or scaling != "off")
        changed = np.zeros((1, *grid)) if own.steps is None else own.steps.reshape(-1, *grid)
        condition = {
            f"condition.{i}": latents[j][0] for i, j in enumerate(started.model.config.components[index].condition)
        }
        quality_index = codestream.picture_header.components[index].quality_index
        given = inputs(quality_index, z=own.z, symbols=own.symbols, steps=changed, **condition)
        features, y_hat, latent = session(started, folder, index, "latents").run(None, given)
        latents.append(latent)
        np.testing.assert_allclose(y_hat[0], wanted.latents[index].y_hat, atol=2e-3)
        given = inputs(quality_index, latent=latent[0], features=features[0])
        (patches,) = session(started, folder, index, point).run(None, given)
        height, width = patches.shape[2:]
        own_planes = patches[0].reshape(-1, 8, 8, height, width).transpose(0, 3, 1, 4, 2)
        planes.append(own_planes.reshape(-1, 8 * height, 8 * width)[:, : size[0], : size[1]])
    assert wanted.planes is not None
    found = (np.concatenate(planes) + 0.5) * 4080
    assert np.abs(found.round().clip(0, 4080) - wanted.planes.samples).max() <= 1


def test_steps_are_of_their_samples(started: Started, folder: Path) -> None:
    """(8.8.3) Drawn steps give what the float networks give, turned or in other channels something else."""
    random, net = np.random.default_rng(6), started.model.network.component(0)
    own, quality_index = net.config, 700
    z = random.integers(-4, 5, (own.hyper.z, 2, 2))
    symbols, steps = (random.integers(-limit, limit + 1, (own.channels, 5, 7)) for limit in (3, 16))
    graph, map_steps = session(started, folder, 0, "latents"), steps[:1]

    def found(changed: NDArray[Any]) -> NDArray[np.float32]:
        _, y_hat, latent = graph.run(None, inputs(quality_index, z=z, symbols=symbols, steps=changed))
        return np.stack([y_hat[0], latent[0]])

    def wanted(changed: NDArray[Any]) -> NDArray[np.float32]:
        values, coded = (torch.from_numpy(x.astype(np.float32))[None] for x in (z, symbols))
        quality = quality_position(quality_index, started.model.config.quality_anchors)
        log_map = log_gain_map(changed.astype(np.int8), "cpu")
        with torch.inference_mode():
            path = mean_path(net, values, quality, [], (5, 7), lambda mean, mask: coded, log_map)
        return torch.cat([path.y_hat, path.unscaled]).numpy()

    for given in (steps, map_steps):
        np.testing.assert_allclose(found(given), wanted(given), atol=2e-3)
    for wrong in (-steps, steps[::-1], steps[:, ::-1], map_steps):
        assert (np.abs(found(wrong) - wanted(steps)).max((1, 2, 3)) > 0.2).all()
    np.testing.assert_array_equal(found(map_steps), found(np.broadcast_to(map_steps, steps.shape)))


def test_what_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert refsw_export(["onnx", "nothing", "-o", str(tmp_path / "out")]) == 6
    assert not (tmp_path / "out").exists()
    assert capsys.readouterr().err.startswith("refsw-export: error: model nothing is not installed")
