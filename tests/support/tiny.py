# SPDX-License-Identifier: BSD-3-Clause-Clear
"""The tiny structure at its linear start on synthetic pictures, exported and installed: a real codec in a second.

Fixture `started` is what tests take, `local` the same with local steps (8.10); `picture` makes the pictures.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from refsw.config import Config, load_config
from refsw.decode.model import Model
from refsw.models import load_package
from refsw.nets.codec import CodecNetwork
from refsw.nets.config import tiny_config, with_local_steps
from refsw.nets.transforms import Synthesis
from refsw.train.export import describe, export
from refsw.train.start import start
from refsw.types import Image

NAME, LOCAL_NAME = "started", "local"
MODEL_ID, LOCAL_ID = 60002, 60003


def samples(seed: int, height: int, width: int, channels: int = 3) -> NDArray[np.uint8]:
    """Smooth noise at two scales, a gradient and edges: uint8 [height, width, channels], the same for a seed."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    out = np.full((height, width, channels), 128.0)
    for scale, weight in ((24, 60.0), (7, 15.0)):
        grid = random.standard_normal((height // scale + 2, width // scale + 2, 1))
        grid = grid + 0.4 * random.standard_normal((*grid.shape[:2], channels))  # channels are alike, as in nature
        y, x = rows / scale, columns / scale
        i, j = y.astype(int), x.astype(int)
        v, u = (y - i)[..., None], (x - j)[..., None]
        out += weight * (
            (grid[i, j] * (1 - u) + grid[i, j + 1] * u) * (1 - v)
            + (grid[i + 1, j] * (1 - u) + grid[i + 1, j + 1] * u) * v
        )
    out += 40 * (columns / width - 0.5)[..., None]
    slope, where = random.uniform(-2, 2), random.uniform(0.3, 0.7)
    edge = rows - where * height > slope * (columns - where * width)
    out += edge[..., None] * random.uniform(-70, 70, channels)
    return out.clip(0, 255).round().astype(np.uint8)


def picture(seed: int, height: int, width: int, channels: int = 3) -> Image:
    """`samples` as an Image."""
    return Image(samples(seed, height, width, channels))


def training_pictures(count: int, side: int) -> torch.Tensor:
    """float32 [count, 3, side, side], 0..1."""
    stack = np.stack([samples(1000 + i, side, side) for i in range(count)])
    return torch.from_numpy(stack).permute(0, 3, 1, 2).float() / 255


def started_network(local: bool = False) -> CodecNetwork:
    """The tiny structure at its start, the same in every session; local: with steps of places, drawn ones."""
    config = tiny_config()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = CodecNetwork(with_local_steps(config) if local else config)
        start(network, training_pictures(24, 128))
        for synthesis in network.component(0).synthesis.values():
            assert isinstance(synthesis, Synthesis) and synthesis.skip is not None
            nn.init.normal_(synthesis.skip.weight, std=0.002)  # small, but not silent
        for index, own in enumerate(config.components[: len(config.components) * local]):
            nn.init.normal_(network.component(index).hyper_scale.layers[2].weight[own.channels :], std=0.06)
    return network.eval().requires_grad_(False)


@dataclass(frozen=True)
class Started:
    """The model of the tests in every form they need."""

    network: CodecNetwork
    """Before export: float32 weights."""
    folder: Path
    """Of the package; its parent is in REFSW_MODELS, here and in subprocesses."""
    model: Model
    config: Config


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory, tiny_model: str) -> Iterator[Started]:
    """The started tiny model; tiny_model comes first, because it sets REFSW_MODELS to its own folder alone."""
    yield from installed(started_network(), tmp_path_factory.mktemp("started") / NAME, MODEL_ID)


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory, tiny_model: str) -> Iterator[Started]:
    """As `started`, with local steps."""
    yield from installed(started_network(local=True), tmp_path_factory.mktemp("local") / LOCAL_NAME, LOCAL_ID)


def installed(network: CodecNetwork, folder: Path, model_id: int) -> Iterator[Started]:
    """Exported, and found in its folder until the generator ends."""
    name = folder.name
    export(network, training_pictures(8, 128), folder, describe(network, name, model_id, "Start, for tests.", {}))
    before = os.environ["REFSW_MODELS"]
    os.environ["REFSW_MODELS"] = os.pathsep.join([str(folder.parent), before])
    yield Started(network, folder, Model.from_package(load_package(name)), load_config("base", [f"model={name}"]))
    os.environ["REFSW_MODELS"] = before
