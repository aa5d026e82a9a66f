# SPDX-License-Identifier: BSD-3-Clause-Clear
"""What decoder A is made of, and the examples and tables of the specification."""

from __future__ import annotations

import ast
import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from conformance.independent import colour, enlarge, entropy, layers, limits, plain_yaml

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "conformance" / "independent"


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / "spec" / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.name)
def test_imports(path: Path) -> None:
    """Nothing but itself, NumPy and the standard library, and one screen of ideas in each file."""
    names = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module))
    foreign = {name for name in names if name.partition(".")[0] not in sys.stdlib_module_names | {"numpy"}}
    assert all(name.startswith("conformance.independent") for name in foreign), foreign
    assert len(path.read_text(encoding="utf-8").splitlines()) < 250
    assert ast.get_docstring(tree)


def test_what_is_loaded_when_it_runs(tmp_path: Path) -> None:
    script = (
        "import sys; from conformance.independent.main import main; main(['nothing', '--output', 'x']); "
        "assert not {'refsw', 'torch', 'yaml', 'safetensors'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_limits_are_those_of_annex_a() -> None:
    for name, rows, known in (
        ("profiles", "decoder_profile_idc", limits.PROFILES),
        ("levels", "level_idc", limits.LEVELS),
    ):
        table = {row[rows]: row for row in read(f"{name}.yaml")[name]}
        assert set(table) == set(known)
        for number, row in known.items():
            for key, value in dataclasses.asdict(row).items():
                assert table[number][key] == (list(value) if isinstance(value, tuple) else value), (number, key)


def test_tables() -> None:
    mantissas = read("tables/exp2.yaml")["mantissas"]
    assert [layers.exp2_mantissa(k) for k in range(4096)] == mantissas
    transforms = read("tables/colour.yaml")["transforms"]
    assert [own["id"] for own in transforms] == list(colour.INVERSE)
    assert [own["inverse"] for own in transforms] == [[list(row) for row in m] for m in colour.INVERSE.values()]
    resampling = read("tables/resampling.yaml")
    assert resampling["first"] == enlarge.FIRST and resampling["fraction_bits"] == 7
    for own in resampling["ratios"]:
        idc = own["resolution_idc"]
        assert [list(kernel) for kernel in enlarge.KERNELS[idc]] == own["kernels"]
        assert enlarge.RATIOS[idc] == (own["coded"], own["displayed"])


def test_example_of_the_entropy_coder() -> None:
    """(8.4.6)"""
    data = bytes.fromhex("00 04 35 35 e3 8f ee cd 8d c4 43 20")
    expected = [0, 1, 0, -1, 5, 0, 0, 0, -1, 1, 1, -1, -1, 9, -2, 0]
    table = [entropy.make_row(-1, [3, 8, 4, 1])]
    assert entropy.decode(data, 4, table, [0] * 16, 2) == expected
    for position in range(8 * len(data)):
        broken = bytearray(data)
        broken[position // 8] ^= 128 >> position % 8
        with pytest.raises(entropy.DamagedError):
            entropy.decode(bytes(broken), 4, table, [0] * 16, 2)
    for wrong in (data[:-1], data + b"\0", b""):
        with pytest.raises(entropy.DamagedError):
            entropy.decode(wrong, 4, table, [0] * 16, 2)


def test_example_of_a_layer() -> None:
    """(D.2)"""
    weight = np.zeros((1, 2, 3, 3), np.int64)
    weight[0, 0, 1, 1], weight[0, 0, 1, 0], weight[0, 1, 1, 1] = 3, 1, -2
    layer = layers.Layer(weight, *(np.array([v]) for v in (5, 7, 3)), depth_to_space=False, output_range=(-10, 20))
    x = np.clip(np.array([[[4, -31, 40]], [[9, 31, -31]]]), -31, 31)
    assert layer(x).tolist() == [[[-3, -10, 20]]]


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb:\n- 1\n- x: yes\n  y: 'it''s'\n- [1, {k: v}, \"q\\n\"]\nc: {}\n",
        "d:\n  e: -2.5\n  f: long\n    text # note\n  g: ~\n",
        "# c\n---\na: []\nb: int8 [2, 3]\nc: a,b\n",
        (ROOT / "refsw" / "models" / "base" / "model.yaml").read_text(encoding="utf-8"),
    ],
)
def test_yaml(text: str) -> None:
    assert plain_yaml.load(text) == yaml.safe_load(text)


REFUSED = ("a: &x 1", "a: *x", "a: |\n  b", "a: [1", "a: 'b", "a: 1\na: 2", "a: 1\n   b: 2\n c: 3", "- ")


@pytest.mark.parametrize("text", REFUSED)
def test_yaml_that_is_refused(text: str) -> None:
    with pytest.raises(plain_yaml.YamlError):
        plain_yaml.load(text)
