# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Packages come back as they were stored; altered, truncated and hostile ones end in ModelError."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped, unused-ignore]
import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from refsw.errors import ModelError, OutputError
from refsw.models import ComponentDescription, ModelDescription, load_package, save_package
from refsw.models.package import package_digest, read_package
from refsw.resources import spec_dir

DESCRIPTION = ModelDescription(
    model_id=7,
    name="tiny",
    summary="For tests.",
    components=(
        ComponentDescription("primary", ("Y",), 8, 4, "patch8_context4", {"hyper": {"z": 4}, "planes": (0,)}),
        ComponentDescription("secondary", ("Cb", "Cr"), 4, 2, "patch8_context4", {}, ("primary",)),
    ),
    config={"operating_points": ["bop"], "flag": True},
    provenance={"trained": "2026-11-21", "steps": 12, "loss": 0.5},
)
RANDOM = np.random.default_rng(0)
TENSORS: dict[str, dict[str, Any]] = {
    "integer": {
        "primary.scale.layers.0.weight": RANDOM.integers(-128, 128, (8, 4, 3, 3)).astype(np.int8),
        "primary.scale.layers.0.bias": RANDOM.integers(-(2**40), 2**40, 8),
        "primary.z_frequencies": RANDOM.integers(1, 99, (9, 4, 64)).astype(np.int32),
        "empty": np.zeros((0, 3), np.uint16),
        "scalar": np.array(5, np.uint32),
    },
    "networks": {
        "primary.first.weight": RANDOM.standard_normal((8, 4, 1, 1)).astype(np.float32),
        "primary.first.bias": np.array([0.0, -0.0, 1e-30, 65504, -3.14159], np.float32),
    },
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_package(tmp_path / "tiny", DESCRIPTION, TENSORS)
    return tmp_path / "tiny"


def test_round_trip(folder: Path) -> None:
    package = load_package(folder)
    assert package.description.files[0].name == "integer.safetensors"
    bare = replace(package.description, files=(), digest="")
    assert bare.canonical() == DESCRIPTION.canonical()
    assert bare.provenance == DESCRIPTION.provenance and bare.components[1].conditioned_on == ("primary",)
    for file, arrays in TENSORS.items():
        assert sorted(package.tensors[file]) == sorted(arrays)
        for name, array in arrays.items():
            found = package.tensor(file, name)
            assert found.dtype == array.dtype and found.shape == array.shape and found.tobytes() == array.tobytes()
            assert not found.flags.writeable
    assert package.digest == package.description.digest == package_digest(DESCRIPTION, TENSORS)
    section = package.section("integer", "primary.scale.")
    assert sorted(section) == ["layers.0.bias", "layers.0.weight"]
    assert sorted(os.listdir(folder)) == ["integer.safetensors", "model.yaml", "networks.safetensors"]
    with pytest.raises(ModelError, match=r"model 7 \(tiny\): tensor x is missing in networks\.safetensors"):
        package.tensor("networks", "x")
    with pytest.raises(ModelError, match=r"model 7 \(tiny\): no tensors alpha\.\* in integer\.safetensors"):
        package.section("integer", "alpha.")


def test_files_are_readable_by_others_and_reproducible(folder: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    loaded = load_file(folder / "integer.safetensors")
    assert all(np.array_equal(loaded[name], array) for name, array in TENSORS["integer"].items())
    shuffled = {file: dict(reversed(arrays.items())) for file, arrays in reversed(TENSORS.items())}
    save_package(tmp_path / "again", DESCRIPTION, shuffled)
    for name in os.listdir(folder):
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_model_yaml_fits_its_schema(folder: Path) -> None:
    schema = json.loads((spec_dir() / "schema" / "model.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load((folder / "model.yaml").read_text()), schema)


def test_digest_is_of_values_not_of_storage(tmp_path: Path) -> None:
    """The same float16 values stored as float32 are the same model; text and training record do not count."""
    short = {"networks": {"w": TENSORS["networks"]["primary.first.weight"].astype(np.float16).astype(np.float32)}}
    one = save_package(tmp_path / "a", DESCRIPTION, short)
    silent = replace(DESCRIPTION, summary="", provenance={})
    other = save_package(tmp_path / "b", silent, short, {"networks": "float16"})
    assert one.digest == other.digest
    assert one.description.files[0].size > other.description.files[0].size
    changes: list[dict[str, Any]] = [{"model_id": 8}, {"config": {}}, {"quality_anchors": 5}]
    for change in changes:
        assert package_digest(replace(DESCRIPTION, **change), short) != one.digest


@pytest.mark.parametrize(("float_type", "relative"), [("float16", 2**-11), ("bfloat16", 2**-8), ("float32", 0)])
def test_float_storage(float_type: str, relative: float, tmp_path: Path) -> None:
    values = (RANDOM.standard_normal((5, 33)) * 10).astype(np.float32)
    package = save_package(tmp_path / "p", DESCRIPTION, {"networks": {"w": values[:, ::2]}}, {"networks": float_type})
    found = package.tensor("networks", "w")
    assert found.dtype == np.float32 and package.description.files[0].tensors["w"].dtype == float_type
    assert np.all(np.abs(found - values[:, ::2]) <= relative * np.abs(values[:, ::2]))
    again = save_package(tmp_path / "q", DESCRIPTION, {"networks": {"w": found}}, {"networks": float_type})
    assert again.digest == package.digest


@given(st.lists(st.floats(-(2.0**126), 2.0**126, width=32), max_size=20))
@settings(max_examples=60)
def test_bfloat16_rounds_as_torch(values: list[float]) -> None:
    import torch

    from refsw.models.storage import pack, store, unpack

    array = np.array(values, np.float32)
    description, data = store(array, "bfloat16")
    found = unpack(pack({"w": (description, data)}), {"w": description})["w"]
    assert found.tobytes() == torch.from_numpy(array).bfloat16().float().numpy().tobytes()


@pytest.mark.parametrize(
    ("array", "float_type", "message"),
    [
        (np.array([1.0, np.nan], np.float32), "float32", "not a finite number"),
        (np.array([np.inf], np.float32), "bfloat16", "not a finite number"),
        (np.array([3.4e38], np.float32), "bfloat16", "not a finite number"),
        (np.array([70000.0], np.float32), "float16", "not a finite number"),
        (np.array([1.0]), "float32", "type float64 cannot be stored"),
        (np.array([1.0], np.float16), "float32", "type float16 cannot be stored"),
        (np.array([True]), "float32", "type bool cannot be stored"),
        (np.array(["x"]), "float32", "cannot be stored"),
    ],
)
def test_what_cannot_be_stored(array: Any, float_type: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"tiny: networks/w: .*{message}"):
        save_package(tmp_path / "p", DESCRIPTION, {"networks": {"w": array}}, {"networks": float_type})
    assert not (tmp_path / "p").exists()


def test_saving_faults(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        save_package(blocked / "p", DESCRIPTION, TENSORS)
    for float_types in ({"networks": "float64"}, {"other": "float16"}):
        with pytest.raises(ModelError, match="float type"):
            save_package(tmp_path / "p", DESCRIPTION, TENSORS, float_types)
    for file in ("../evil", "a b", ""):
        with pytest.raises(ModelError, match="file name"):
            save_package(tmp_path / "p", DESCRIPTION, {file: {"w": np.zeros(1, np.int8)}})
    with pytest.raises(ModelError, match="tensor name"):
        save_package(tmp_path / "p", DESCRIPTION, {"a": {"w w": np.zeros(1, np.int8)}})


@pytest.mark.parametrize(
    "change",
    [
        {"model_id": 0}, {"model_id": 70000}, {"name": "Base"}, {"name": "../x"}, {"quality_range": (9, 3)},
        {"quality_anchors": 0}, {"config": {"x": 0.5}}, {"config": {"x": None}}, {"config": {1: 2}}, {"components": ()},
        {"components": (DESCRIPTION.components[1],)}, {"components": DESCRIPTION.components[:1] * 2},
        {"provenance": {"x": object()}},
    ],
)  # fmt: skip
def test_wrong_descriptions_are_refused(change: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises((ModelError, yaml.YAMLError)):
        save_package(tmp_path / "p", replace(DESCRIPTION, **change), TENSORS)


def rewrite(folder: Path, old: str, new: str) -> None:
    path = folder / "model.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format: 1", "format: 2", "format: 1 was expected|format"),
        ("model_id: 7", "model_id: 8", "package digest is .*: altered"),
        ("model_id: 7", "model_id: 7.0", "document.model_id: '7.0' is neither"),
        ("quality_anchors: 9", "quality_anchors: '9'", "quality_anchors: '9' is not of type 'integer'"),
        ("name: tiny", "name: &a tiny\nsummary: *a", "aliases are not allowed"),
        ("name: tiny", "name: [tiny", "not YAML"),
        ("name: tiny", "name: !!python/object/apply:os.system [id]", "not YAML"),
        ("name: tiny", "surprise: 1\nname: tiny", "surprise"),
        ("summary: For tests.", "summary: " + "[" * 40 + "]" * 40, "nested deeper"),
        ("integer.safetensors", "../integer.safetensors", "is no file name"),
        ("integer.safetensors", "absent.safetensors", "absent.safetensors: no such file"),
        ("int8 [8, 4, 3, 3]", "int8 [8, 4, 9]", "tensor primary.scale.layers.0.weight is I8"),
        ("int8 [8, 4, 3, 3]", "uint8 [8, 4, 3, 3]", "tensor primary.scale.layers.0.weight is I8"),
        ("int8 [8, 4, 3, 3]", "float64 [8, 4, 3, 3]", "is no storage type and shape"),
        ("int8 [8, 4, 3, 3]", "int8 [99999999999]", "is no storage type and shape"),
        ("empty: uint16", "full: uint16", "tensor empty is not described in model.yaml"),
        ("scalar: uint32 []", "scalar: uint32 []\n    more: int8 [1]", "tensor more is missing"),
    ],
)
def test_altered_descriptions(folder: Path, old: str, new: str, message: str) -> None:
    rewrite(folder, old, new)
    with pytest.raises(ModelError, match=message) as caught:
        read_package(folder)
    assert "\n" not in str(caught.value) and str(folder) in str(caught.value)


def resign(folder: Path, data: bytes, file: str = "networks.safetensors") -> None:
    """Replace a file and its size and SHA-256: what an attacker would do."""
    old = (folder / file).read_bytes()
    (folder / file).write_bytes(data)
    path = folder / "model.yaml"
    text = path.read_text().replace(hashlib.sha256(old).hexdigest(), hashlib.sha256(data).hexdigest())
    path.write_text(text.replace(f"size: {len(old)}\n", f"size: {len(data)}\n"))


def edit_header(data: bytes, **changes: Any) -> bytes:
    """A safetensors file with another header for its first tensor."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header[min(header)].update(changes)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


def test_hostile_files(folder: Path) -> None:
    good = (folder / "networks.safetensors").read_bytes()
    length = int.from_bytes(good[:8], "little")
    hostile = {
        "truncated": good[:-3],
        "header alone": good[: 8 + length],
        "nothing after length": good[:8],
        "huge header": struct.pack("<Q", 2**62) + good[8:],
        "large header": struct.pack("<Q", 90_000_000) + good[8:],
        "not JSON": struct.pack("<Q", 8) + b"{{{{{{{{",
        "not UTF-8": struct.pack("<Q", 8) + b"\xff" * 8,
        "deep": struct.pack("<Q", 60000) + b"[" * 60000,
        "too long": good + bytes(64),
        "overlap": edit_header(good, data_offsets=[0, 8]),
        "negative": edit_header(good, data_offsets=[-8, 0]),
        "overflow": edit_header(good, shape=[2**63, 2**63]),
        "wrong type": edit_header(good, dtype="I32"),
        "unknown type": edit_header(good, dtype="X99"),
        "not a number": good[:-4] + np.array([np.nan], "<f4").tobytes(),
        "infinite": good[:-4] + np.array([-np.inf], "<f4").tobytes(),
        "other value": good[:-4] + np.array([1.5], "<f4").tobytes(),
        "random": bytes(np.random.default_rng(0).integers(0, 256, len(good)).astype(np.uint8)),
    }
    for name, data in hostile.items():
        (folder / "networks.safetensors").write_bytes(data)
        with pytest.raises(ModelError, match=r"networks\.safetensors: (\d+ bytes: model\.yaml says|altered)"):
            read_package(folder)
        (folder / "networks.safetensors").write_bytes(good)
        before = (folder / "model.yaml").read_text()
        resign(folder, data)
        with pytest.raises(ModelError) as caught:
            read_package(folder)
        assert "\n" not in str(caught.value), name
        (folder / "networks.safetensors").write_bytes(good)
        (folder / "model.yaml").write_text(before)
    read_package(folder)


def test_every_flipped_byte_is_noticed(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        good = path.read_bytes()
        summary = good.find(b"For tests.")
        for place in range(0, len(good), max(1, len(good) // 60)):
            data = bytearray(good)
            data[place] ^= 0x11
            path.write_bytes(bytes(data))
            informative = path.suffix == ".yaml" and (place < summary + 10 or b"provenance" in good[:place])
            try:
                read_package(folder)
            except ModelError:
                continue
            assert informative, (path.name, place)
        path.write_bytes(good)


def test_places_that_are_no_packages(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(ModelError, match="no such file"):
        load_package(tmp_path / "absent")
    (tmp_path / "d" / "model.yaml").mkdir(parents=True)
    with pytest.raises(ModelError, match="no such file"):
        load_package(tmp_path / "d")
    (folder / "integer.safetensors").unlink()
    os.mkfifo(folder / "integer.safetensors")  # reading it would wait for ever
    with pytest.raises(ModelError, match="no such file"):
        load_package(folder)
    (folder / "model.yaml").write_bytes(b"#" * (1 << 20) + b"##")
    with pytest.raises(ModelError, match="at most 1048576"):
        load_package(folder)
    (folder / "model.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelError, match=r"model\.yaml"):
        load_package(folder)
    (folder / "model.yaml").write_bytes(b"")
    with pytest.raises(ModelError, match="document"):
        load_package(folder)


def test_reading_needs_no_torch(folder: Path) -> None:
    code = "import sys; from refsw.models import load_package; load_package(sys.argv[1]); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
