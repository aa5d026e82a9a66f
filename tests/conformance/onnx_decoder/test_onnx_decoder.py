# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Decoder B against decoder A: equal symbols, near samples, the same answers to what cannot be decoded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from conformance.independent.main import main as decode_exactly
from refsw.api import decode_picture, encode_picture
from refsw.cli.export import main as refsw_export
from refsw.config import load_config
from tests.conformance.independent.conftest import Bench
from tests.support.formats import formatted
from tests.support.tiny import Started, picture

pytest.importorskip("onnx", reason="needs the extra onnx")
pytest.importorskip("onnxruntime", reason="needs the extra onnx")

from conformance.onnx_decoder.main import main as decode_by_graphs  # after the check that it can run

SCALED = "profile=experimental", "tools.variance_scaling=usual"
NEAR = {8: 3, 16: 3 * 257}  # steps of a sample between integer and float networks of the tiny model


@pytest.fixture(scope="module")
def graphs(started: Started, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("graphs")
    assert refsw_export(["onnx", started.folder.name, "-o", str(out / started.folder.name)]) == 0
    return out


def test_local_steps(local: Started, tmp_path: Path) -> None:
    """(8.10) They come to the graphs as other steps do."""
    out, own = tmp_path / "graphs", Bench(tmp_path, local.folder.parent, local.folder.name)
    assert refsw_export(["onnx", local.folder.name, "-o", str(out / local.folder.name)]) == 0
    near(own, out, own.stream(picture(5, 70, 97), "tools.variance_scaling=usual"), 8)


@pytest.fixture
def bench(tmp_path: Path, started: Started) -> Bench:
    return Bench(tmp_path, started.folder.parent, started.folder.name)


def near(bench: Bench, graphs: Path, stream: Path, bit_depth: int) -> None:
    common = [str(stream), "--models", str(bench.models)]
    raw = {}
    for name, decode, more in (("a", decode_exactly, []), ("b", decode_by_graphs, ["--graphs", str(graphs)])):
        places = ["--output", str(bench.folder / f"{name}.raw"), "--result", str(bench.folder / f"{name}.json")]
        assert decode([*common, *places, "--dump", str(bench.folder / name), *more]) == 0
        kind = "<u1" if bit_depth == 8 else "<u2"
        raw[name] = np.frombuffer((bench.folder / f"{name}.raw").read_bytes(), kind).astype(int)
    first, second = (json.loads((bench.folder / f"{name}.json").read_text(encoding="utf-8")) for name in "ab")
    assert first | {"decoder": None} == second | {"decoder": None} and first["decoder"] != second["decoder"]
    assert np.abs(raw["a"] - raw["b"]).max() <= NEAR[bit_depth]
    for stage in ("z", "scale_index", "skip_mask", "symbols"):
        own, other = (np.load(bench.folder / name / "component0" / f"{stage}.npy") for name in "ab")
        np.testing.assert_array_equal(own, other, err_msg=stage)
    own, other = (np.load(bench.folder / name / "component0" / "y_hat.npy") for name in "ab")
    assert np.abs(own - other).max() < 0.3


@pytest.mark.parametrize(("height", "width", "channels"), [(70, 97, 3), (1, 1, 1), (33, 64, 1)])
def test_pictures(bench: Bench, graphs: Path, height: int, width: int, channels: int) -> None:
    near(bench, graphs, bench.stream(picture(5, height, width, channels)), 8)


def test_regions_tiles_depth_and_alpha(bench: Bench, graphs: Path) -> None:
    stream = bench.stream(formatted(3, 130, 200, 16, "rgb", alpha=True), "regions.side=64", "regions.independent=true")
    near(bench, graphs, stream, 16)
    near(bench, graphs, bench.stream(picture(6, 200, 330), "tiles.side=128", "tiles.overlap=32"), 8)


@pytest.mark.parametrize(
    ("settings", "mapped"), [(SCALED, False), ((), True), (SCALED, True), ((*SCALED, "regions.rows=2",
     "regions.columns=2", "regions.independent=true"), True)],
)  # fmt: skip
def test_steps_of_the_quantiser(bench: Bench, graphs: Path, settings: tuple[str, ...], mapped: bool) -> None:
    """(8.8, 8.9) Variance scaling, quality map and both; the reference decoder's float networks give the same."""
    steps = np.random.default_rng(9).integers(-16, 17, (6, 9)).astype(np.int8) if mapped else None
    config = load_config("base", [f"model={bench.model}", *settings])
    stream = bench.folder / "steps.jai"
    stream.write_bytes(encode_picture(picture(1, 90, 140), config, quality=60, steps=steps).data)
    near(bench, graphs, stream, 8)
    shown = np.frombuffer((bench.folder / "b.raw").read_bytes(), np.uint8).reshape(3, 90, 140).astype(int)
    floats = decode_picture(stream.read_bytes()).image.samples.transpose(2, 0, 1)
    assert np.abs(shown - floats).max() <= 1


def test_what_is_refused(bench: Bench, graphs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stream = bench.stream(picture(1, 40, 40))
    arguments = [str(stream), "--models", str(bench.models), "--output", str(bench.folder / "b.raw"), "--graphs"]
    assert decode_by_graphs([*arguments, str(tmp_path / "nothing")]) == 6
    stream.write_bytes(stream.read_bytes()[:-9])
    assert decode_by_graphs([*arguments, str(graphs)]) == 3
    assert not (bench.folder / "b.raw").exists()
    assert all(str(stream) in line for line in capsys.readouterr().err.splitlines())
