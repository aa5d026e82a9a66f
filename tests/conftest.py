# SPDX-License-Identifier: BSD-3-Clause-Clear
"""A small untrained model package, so that tests of the whole chain need neither the shipped weights nor seconds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("refsw", deadline=None)  # no test asserts time, and a busy machine is slow
settings.load_profile("refsw")

pytest_plugins = ["tests.support.tiny", "tests.support.training"]

TINY = "tiny"
"""Name of the package, for `--set model=tiny`."""


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Installs the package in a folder of its own, found through REFSW_MODELS here and in subprocesses."""
    folder = tmp_path_factory.mktemp("models")
    _export(folder / TINY)
    before = os.environ.get("REFSW_MODELS")
    os.environ["REFSW_MODELS"] = str(folder)
    yield TINY
    if before is None:
        del os.environ["REFSW_MODELS"]
    else:
        os.environ["REFSW_MODELS"] = before


def _export(folder: Path) -> None:
    import torch

    from refsw.nets.codec import CodecNetwork
    from refsw.nets.config import CodecConfig, ComponentConfig, HyperConfig, SynthesisConfig, TransformConfig
    from refsw.train.export import describe, export

    transform = TransformConfig(fine=8, coarse=8, fine_blocks=1, coarse_blocks=1)
    synthesis = (SynthesisConfig(fine=8, coarse=8, fine_blocks=1, coarse_blocks=1, point="bop"),)
    hyper = HyperConfig(z=4, analysis=8, scale=8, mean=8, features=8)
    components = (
        ComponentConfig((0,), (), 8, transform, synthesis, hyper, 8),
        ComponentConfig((1, 2), (0,), 8, transform, synthesis, hyper, 8),
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = CodecNetwork(CodecConfig(components))
        description = describe(network, TINY, 60001, "Untrained, for tests.", {})
        export(network, torch.rand(4, 3, 64, 64), folder, description)
