# SPDX-License-Identifier: BSD-3-Clause-Clear
"""(8.10) Decoder A takes steps of places from the scale network as the reference decoder does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conformance.independent.symbols import local_steps
from refsw import syntax
from refsw.api import encode_picture
from refsw.config import load_config
from refsw.models import load_package
from refsw.models.package import save_package
from refsw.syntax.surgery import without_digests
from tests.conformance.independent.conftest import Bench
from tests.support.tiny import Started, picture

SCALED = "tools.variance_scaling=usual"
CUT = "regions.rows=2", "regions.columns=2", "regions.independent=true"


@pytest.fixture
def bench(tmp_path: Path, local: Started) -> Bench:
    return Bench(tmp_path, local.folder.parent, local.folder.name)


@pytest.mark.parametrize(("channels", "settings"), [(3, ()), (1, ()), (3, (SCALED,)), (3, CUT), (1, (SCALED, *CUT))])
def test_pictures(bench: Bench, channels: int, settings: tuple[str, ...]) -> None:
    bench.compare(bench.stream(picture(5, 90, 140, channels), *settings))


@pytest.mark.parametrize("settings", [(), (SCALED,)])
def test_beside_a_quality_map(bench: Bench, settings: tuple[str, ...]) -> None:
    steps = np.random.default_rng(9).integers(-16, 17, (6, 9)).astype(np.int8)
    config = load_config("base", [f"model={bench.model}", "profile=experimental", *settings])
    stream = bench.folder / "map.jai"
    stream.write_bytes(encode_picture(picture(1, 90, 140), config, quality=60, steps=steps).data)
    bench.compare(stream, verify=False)


def test_rounding_and_ends() -> None:
    output = np.array([[-9000, -2048 - 65, -65, -64, -1, 0, 63, 64, 2048, 9000]])
    np.testing.assert_array_equal(local_steps(output), [[-16, -16, -1, 0, 0, 0, 0, 1, 16, 16]])


def test_a_package_with_other_outputs_is_refused(
    bench: Bench, local: Started, capsys: pytest.CaptureFixture[str]
) -> None:
    """E.2 to E.4 hold: one step more is said than there are places for."""
    stream = bench.stream(picture(5, 40, 40))
    package = load_package(str(local.folder))
    files = {name: dict(tensors) for name, tensors in package.tensors.items()}
    for leaf in ("weight", "multiplier", "bias", "shift"):
        own = files["integer"][f"primary.scale.layers.2.{leaf}"]
        files["integer"][f"primary.scale.layers.2.{leaf}"] = np.concatenate([own, own[-1:]])
    folder = bench.folder / "models" / local.folder.name
    other = save_package(folder, package.description, files)
    read = without_digests(syntax.read(stream.read_bytes()))
    header = replace(read.picture_header, model_digest=bytes.fromhex(other.digest[:8]))
    stream.write_bytes(syntax.write(replace(read, picture_header=header)))
    assert Bench(bench.folder, folder.parent, bench.model).independent(stream) != 0
    assert "8.10.1" in capsys.readouterr().err
