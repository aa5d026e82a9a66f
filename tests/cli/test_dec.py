# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from refsw import syntax
from refsw.cli.dec import main as decode
from refsw.cli.enc import main as encode
from refsw.io import read_image, write_image
from refsw.types import Image, digest

NAMES = ("z", "scale_index", "skip_mask", "symbols", "mean", "y_hat")


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory, tiny_model: str) -> bytes:
    folder = tmp_path_factory.mktemp("dec")
    samples = np.random.default_rng(3).integers(0, 256, (40, 70, 3), dtype=np.uint8)
    write_image(folder / "in.png", Image(samples))
    out = folder / "a.jai"
    assert encode([str(folder / "in.png"), "-o", str(out), "--set", f"model={tiny_model}", "--threads", "1"]) == 0
    return out.read_bytes()


@pytest.fixture
def source(tmp_path: Path, stream: bytes) -> Path:
    path = tmp_path / "in.jai"
    path.write_bytes(stream)
    return path


def refused(capsys: pytest.CaptureFixture[str], folder: Path, arguments: list[str], code: int, part: str) -> None:
    before = sorted(folder.rglob("*"))
    assert decode(arguments) == code
    shown = capsys.readouterr().err
    assert shown.startswith("refsw-dec: error: ") and shown.count("\n") == 1 and part in shown, shown
    assert sorted(folder.rglob("*")) == before


def test_dump_holds_every_stage_with_its_digest(tmp_path: Path, source: Path) -> None:
    out, dump, report = tmp_path / "out.png", tmp_path / "new" / "dump", tmp_path / "r.json"
    arguments = [str(source), "-o", str(out), "--dump", str(dump), "--report", str(report), "--operating-point", "bop"]
    assert decode([*arguments, "--threads", "1"]) == 0
    digests = json.loads((dump / "digests.json").read_text(encoding="utf-8"))
    expected = {f"component{index}/{name}.npy" for index in (0, 1) for name in NAMES} | {"planes.npy"}
    assert set(digests) == expected == {str(path.relative_to(dump)) for path in dump.rglob("*.npy")}
    tensors = {name: np.load(dump / name, allow_pickle=False) for name in digests}
    assert digests == {name: digest(tensor) for name, tensor in tensors.items()}
    assert tensors["component0/z.npy"].dtype == np.int8 and tensors["component0/skip_mask.npy"].dtype == np.bool_
    assert tensors["planes.npy"].shape == (3, 40, 70)
    header = json.loads((dump / "header.json").read_text(encoding="utf-8"))
    assert header["picture_header"]["coded_width_minus1"] == 69
    assert len(header["substream_bytes"]["z"]) == 2
    found = json.loads(report.read_text(encoding="utf-8"))
    assert found["output"]["digest"] == digest(read_image(out).samples)
    assert found["decoder"]["operating_point"] == "bop"


def test_png_and_ppm_hold_the_same_samples(tmp_path: Path, source: Path) -> None:
    for name in ("a.png", "a.ppm"):
        assert decode([str(source), "-o", str(tmp_path / name), "--threads", "1"]) == 0
    assert np.array_equal(read_image(tmp_path / "a.png").samples, read_image(tmp_path / "a.ppm").samples)


def test_usage_and_paths(tmp_path: Path, source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out.png")
    (tmp_path / "empty").write_bytes(b"")
    refused(capsys, tmp_path, [str(source)], 2, "-o")
    refused(capsys, tmp_path, [str(source), "-o", str(tmp_path / "out.jpg")], 2, ".jpg")
    refused(capsys, tmp_path, [str(source), "-o", out, "--operating-point", "top"], 2, "top")
    refused(capsys, tmp_path, [str(source), "-o", out, "--report", out], 2, "out.png")
    refused(capsys, tmp_path, [str(tmp_path / "absent"), "-o", out], 3, "No such file")
    refused(capsys, tmp_path, [str(tmp_path / "empty"), "-o", out], 3, "empty")
    refused(capsys, tmp_path, [str(tmp_path), "-o", out], 2, "many inputs need a folder")
    refused(capsys, tmp_path, [str(source), "-o", str(tmp_path / "no" / "out.png")], 4, "does not exist")
    refused(capsys, tmp_path, [str(source), "-o", out, "--dump", str(source)], 4, "not a folder")


def test_damage_is_detected_and_named(tmp_path: Path, stream: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    out, bad = str(tmp_path / "out.png"), tmp_path / "bad.jai"
    parsed = syntax.read(stream)
    data = bytearray(parsed.secondary_residual[0].substream_data)
    data[len(data) // 2] ^= 0x10
    part = replace(parsed.secondary_residual[0], substream_data=bytes(data))
    bad.write_bytes(syntax.write(replace(parsed, secondary_residual=(part,))))
    refused(capsys, tmp_path, [str(bad), "-o", out], 3, "component 1")
    bad.write_bytes(stream[:-1])
    refused(capsys, tmp_path, [str(bad), "-o", out], 3, "bad.jai: byte ")


def test_what_is_not_here(tmp_path: Path, stream: bytes, source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, other = str(tmp_path / "out.png"), tmp_path / "other.jai"
    refused(capsys, tmp_path, [str(source), "-o", out, "--operating-point", "hop"], 6, "hop")
    parsed = syntax.read(stream)
    other.write_bytes(
        syntax.write(replace(parsed, picture_header=replace(parsed.picture_header, model_digest=b"\1\2\3\4")))
    )
    refused(capsys, tmp_path, [str(other), "-o", out], 6, "wrong weights")


def test_picture_that_this_machine_cannot_hold(
    tmp_path: Path, source: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("refsw.memory.available_memory", lambda: 1 << 20)
    refused(capsys, tmp_path, [str(source), "-o", str(tmp_path / "out.png")], 6, "this machine has 0.0 GiB")
