# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Decoder A against `refsw-dec --exact --verify`, sample for sample."""

from __future__ import annotations

import filecmp
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from conformance.independent import planes
from conformance.independent.main import main as decode_independently
from refsw.api import encode_picture
from refsw.cli.enc import main as encode
from refsw.config import load_config
from refsw.io import write_image
from tests.conformance.independent.conftest import Bench
from tests.support.formats import KINDS, formatted
from tests.support.tiny import picture

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("quality", [0, 37.3, 100])
def test_qualities(bench: Bench, quality: float) -> None:
    assert bench.compare(bench.stream(picture(1, 70, 97), quality=quality))["components"] == ["R", "G", "B"]


@pytest.mark.parametrize("regions", [(), ("regions.rows=2", "regions.columns=2", "regions.independent=true")])
def test_quality_maps(bench: Bench, regions: tuple[str, ...]) -> None:
    steps = np.random.default_rng(7).integers(-16, 17, (6, 9)).astype(np.int8)
    config = load_config("base", [f"model={bench.model}", "coding.plane_digests=true", *regions])
    stream = bench.folder / "map.jai"
    stream.write_bytes(encode_picture(picture(1, 90, 140), config, quality=60, steps=steps).data)
    bench.compare(stream)


@pytest.mark.parametrize("mode", ["usual", "finest"])
@pytest.mark.parametrize("regions", [(), ("regions.rows=2", "regions.columns=2", "regions.independent=true")])
def test_variance_scaling(bench: Bench, mode: str, regions: tuple[str, ...]) -> None:
    steps = np.random.default_rng(9).integers(-16, 17, (6, 9)).astype(np.int8) if regions else None
    config = load_config("base", [f"model={bench.model}", "coding.plane_digests=true", "profile=experimental",
                                  f"tools.variance_scaling={mode}", *regions])  # fmt: skip
    stream = bench.folder / "scaled.jai"
    stream.write_bytes(encode_picture(picture(1, 90, 140), config, quality=60, steps=steps).data)
    bench.compare(stream)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 130), (64, 64), (65, 17)])
def test_sizes(bench: Bench, height: int, width: int) -> None:
    result = bench.compare(bench.stream(picture(2, height, width, 3 if width > 64 else 1)))
    assert (result["height"], result["width"]) == (height, width)


@pytest.mark.parametrize(("kind", "bit_depth"), [*zip(KINDS, (16, 10, 12, 14, 8), strict=True), ("4:2:2", 16)])
def test_formats(bench: Bench, kind: str, bit_depth: int) -> None:
    result = bench.compare(bench.stream(formatted(3, 37, 51, bit_depth, kind, alpha=bit_depth != 12)))
    assert result["bit_depth"] == bit_depth and result["chroma_format"] == {"grey": "4:0:0"}.get(
        kind, kind if kind[0] == "4" else "4:4:4"
    )


@pytest.mark.parametrize("independent", ["false", "true"])
def test_regions(bench: Bench, independent: str) -> None:
    settings = "regions.side=64", f"regions.independent={independent}"
    bench.compare(bench.stream(picture(4, 200, 330), *settings))


@pytest.mark.parametrize(("overlap", "independent"), [("0", "false"), ("32", "true")])
def test_signalled_tiles(bench: Bench, overlap: str, independent: str) -> None:
    settings = f"tiles.overlap={overlap}", "regions.side=128", f"regions.independent={independent}"
    bench.compare(bench.stream(picture(5, 200, 250), "tiles.side=64", *settings))


@pytest.mark.parametrize("kind", ["grey", "4:2:0", "rgb"])
@pytest.mark.parametrize("bit_depth", [8, 16])
def test_linear_enhancement(bench: Bench, kind: str, bit_depth: int) -> None:
    image = formatted(8, 70, 97, bit_depth, kind) if kind in KINDS else picture(8, 70, 97)
    regions = "regions.side=64", f"regions.independent={str(kind == 'grey').lower()}"
    bench.compare(bench.stream(image, "tools.linear_enhancement=both", "tiles.side=64", "tiles.overlap=32", *regions))


@pytest.mark.parametrize("kind", ["grey", "4:2:0", "rgb"])
@pytest.mark.parametrize("branch", ["half", "two_thirds"])
def test_resolution_change(bench: Bench, kind: str, branch: str) -> None:
    image = formatted(8, 69, 98, 10, kind, alpha=True) if kind in KINDS else picture(8, 69, 98)
    settings = "profile=experimental", f"tools.resolution={branch}", "tools.linear_enhancement=both"
    result = bench.compare(bench.stream(image, *settings, "regions.side=64", "regions.independent=true"))
    assert (result["height"], result["width"]) == (69, 98)


def test_lanes_and_no_skipping(bench: Bench) -> None:
    bench.compare(bench.stream(picture(6, 60, 60), "coding.skip_threshold=[0, 0]", "coding.lanes=64"))


def test_shipped_weights_and_stages(shipped: Bench) -> None:
    stream = shipped.stream(picture(3, 40, 50))
    shipped.compare(stream)
    ours, theirs = shipped.folder / "ours", shipped.folder / "theirs"
    assert shipped.independent(stream, "--dump", str(ours)) == 0
    shipped.reference(stream, ".png", "--dump", str(theirs))
    digests = json.loads((theirs / "digests.json").read_text(encoding="utf-8"))
    assert digests == json.loads((ours / "digests.json").read_text(encoding="utf-8"))
    assert all(filecmp.cmp(ours / name, theirs / name, shallow=False) for name in digests)


def test_windows_change_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """(9.6.2)"""
    stream = bench.stream(picture(7, 150, 260))
    monkeypatch.setattr(planes, "WINDOW", 4)
    bench.compare(stream)


def test_matrix_of_the_codestream(bench: Bench) -> None:
    """(9.5.3)"""
    source, stream = bench.folder / "in.png", bench.folder / "wide.jai"
    write_image(source, formatted(8, 40, 50, 16, "rgb"))
    settings = ["--set", f"model={bench.model}", "--set", "coding.plane_digests=true", "--threads", "1"]
    assert encode([str(source), "-o", str(stream), "--matrix", "bt2020", *settings]) == 0
    assert bench.compare(stream)["components"] == ["R", "G", "B"]


def test_operating_points(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """(7.3)"""
    stream = bench.stream(picture(9, 30, 30))
    assert bench.independent(stream, "--operating-point", "bop") == 0
    assert bench.independent(stream, "--operating-point", "hop") == 6
    assert "7.3" in capsys.readouterr().err


def test_outputs_that_cannot_be_written(bench: Bench) -> None:
    stream = bench.stream(picture(9, 30, 30))
    assert decode_independently([str(stream), "--output", str(bench.folder / "no" / "x.raw"), "--models",
                                 str(bench.models)]) == 4  # fmt: skip
    assert decode_independently([str(bench.folder / "none.jai"), "--output", str(bench.folder / "x.raw")]) == 3


def test_serving(bench: Bench) -> None:
    """Jobs as lines, for the runner; damage in one leaves the next as it is."""
    good, bad = bench.stream(picture(9, 30, 30)), bench.folder / "bad.jai"
    bad.write_bytes(good.read_bytes()[:-3])
    jobs = [
        {"stream": str(path), "output": str(bench.folder / f"{i}.raw"), "result": None, "operating_point": None,
         "stages": None} for i, path in enumerate((good, bad, good))
    ]  # fmt: skip
    command = [sys.executable, "-m", "conformance.independent", "--serve", "--models", str(bench.models)]
    text = "".join(json.dumps(job) + "\n" for job in jobs)
    done = subprocess.run(command, input=text, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert [json.loads(line)["exit"] for line in done.stdout.splitlines()] == [0, 3, 0]
    assert filecmp.cmp(bench.folder / "0.raw", bench.folder / "2.raw", shallow=False)
    assert done.stderr.count("\n") == 1 and not (bench.folder / "1.raw").exists()
