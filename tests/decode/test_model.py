# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from refsw.decode.model import SCALE_TERM_MAXIMUM, Model
from refsw.decode.steps import NO_STEPS
from refsw.decode.windows import Box
from refsw.errors import ModelError
from refsw.models import ModelDescription, ModelPackage, save_package
from refsw.nets.config import tiny_config
from tests.support.tiny import Started

Arrays = dict[str, dict[str, NDArray[Any]]]


def test_model_is_the_structure_that_was_exported(started: Started) -> None:
    config = tiny_config()
    assert started.model.config.components == config.components
    assert started.model.config.lambda_minimum == config.lambda_minimum
    assert started.model.config.lambda_maximum == config.lambda_maximum
    assert started.model.operating_points == ("bop", "sop")


def test_networks_are_those_of_training(started: Started) -> None:
    """In half precision, but for the layers that are integers (tests/decode/test_weights.py)."""
    loaded = started.model.network
    assert not loaded.training and not any(p.requires_grad for p in loaded.parameters())
    tensors = started.model.package.tensors["networks"]
    stored = {n.split(".", 1)[1] for n, array in tensors.items() if array.dtype == np.float32}
    for name, value in started.network.state_dict().items():
        if name.split(".", 2)[2] in stored:
            np.testing.assert_array_equal(loaded.state_dict()[name], value.half().float(), err_msg=name)


@settings(max_examples=60)
@given(st.integers(0, 2048))
def test_quality_offset_is_linear_between_anchors(started: Started, index: int) -> None:
    for scale in started.model.scales:
        exact = np.array([np.interp(index / 256, np.arange(9), column) for column in scale.quality.T])
        offset = scale.quality_offset(index)
        assert offset.dtype == np.int32
        assert np.abs(offset - exact).max() <= 0.5 + 1e-9


def test_quality_offset_at_anchors_and_halves(started: Started) -> None:
    scale = started.model.scales[0]
    for anchor in range(9):
        np.testing.assert_array_equal(scale.quality_offset(256 * anchor), scale.quality[anchor])
    made = replace(scale, quality=np.array([[0, 0, -3], [1, -1, 0]], np.int32))
    assert made.quality_offset(128).tolist() == [1, 0, -1]  # 0.5, -0.5 and -1.5: halves go up


@given(st.integers(0, 2048))
@settings(max_examples=40)
def test_tables_of_z_lie_between_anchors(started: Started, index: int) -> None:
    """Sums of frequencies are linear in the quality; they would not be a table if a frequency fell to 0."""
    for scale in started.model.scales:
        sums = np.cumsum(scale.z_frequencies, axis=2)
        low, share = min(index // 256, 7), index / 256 - min(index // 256, 7)
        found = scale.z_tables(index).frequencies.reshape(sums[0].shape)
        assert np.abs(np.cumsum(found, axis=1) - ((1 - share) * sums[low] + share * sums[low + 1])).max() <= 0.5


def test_tables_of_z_at_anchors_and_halves(started: Started) -> None:
    scale = started.model.scales[0]
    for anchor in range(9):
        np.testing.assert_array_equal(scale.z_tables(256 * anchor).frequencies, scale.z_frequencies[anchor].ravel())
    rows = np.ones((2, 1, 64), np.int32)
    rows[0, 0, 0], rows[1, 0, 63], rows[1, 0, 0] = 65, 64, 2
    made = replace(scale, z_frequencies=rows).z_tables(128).frequencies
    assert (made[0], made[63], made.sum()) == (34, 32, 128)  # 33.5 goes up, and 95.5: 128 - 96


def test_scale_index_is_clipped_and_cropped(started: Started) -> None:
    scale = started.model.scales[0]
    z = np.zeros((8, 2, 3), np.int8)
    for height, width in ((5, 9), (8, 12)):
        index = NO_STEPS.scales(scale, 0, z, 1024, Box(0, 0, height, width)).index
        assert index.shape == (32, height, width) and index.dtype == np.int32 and index.flags.c_contiguous
        assert index.min() >= 0 and index.max() <= 8191
    for term, clipped in ((SCALE_TERM_MAXIMUM, 8191), (-SCALE_TERM_MAXIMUM, 0)):
        extreme = replace(scale, quality=np.full((9, 32), term, np.int32))
        assert (NO_STEPS.scales(extreme, 0, z, 1000, Box(0, 0, 5, 9)).index == clipped).all()


def altered(started: Started, folder: Path, change: Any) -> ModelPackage:
    """A valid package whose description or tensors were changed before it was sealed."""
    package = started.model.package
    tensors: Arrays = {f: {n: a.copy() for n, a in t.items()} for f, t in package.tensors.items()}
    description: ModelDescription = change(package.description, tensors) or package.description
    return save_package(folder, replace(description, files=(), digest=""), tensors)


def refused(started: Started, folder: Path, change: Any) -> str:
    with pytest.raises(ModelError) as caught:
        model = Model.from_package(altered(started, folder, change))
        model.network  # noqa: B018
        for scale in model.scales:
            for index in range(0, 2049, 256):
                scale.z_tables(index)
    text = str(caught.value)
    assert "\n" not in text
    return text


def first_component(description: ModelDescription, **config: Any) -> ModelDescription:
    first, *rest = description.components
    values = {k: v for k, v in (dict(first.config) | config).items() if v is not ...}
    return replace(description, components=(replace(first, config=values), *rest))


def test_packages_that_do_not_fit_their_structure(started: Started, tmp_path: Path) -> None:
    """Each is sealed with its own digest: what is wrong is the content."""

    def drop(name: str, file: str = "integer") -> Any:
        return lambda _, tensors: [tensors[file].pop(name)][:0]

    def put(name: str, array: NDArray[Any], file: str = "integer") -> Any:
        return lambda _, tensors: tensors[file].update({name: array})

    wide = asdict(tiny_config().components[0]) | {"channels": 64}
    changes = {
        "primary.quality": drop("primary.quality"),
        "structure": put("primary.quality", np.zeros((9, 31), np.int32)),
        "expected int32": put("primary.quality", np.zeros((9, 32), np.int16)),
        "quality table": put("primary.quality", np.full((9, 32), SCALE_TERM_MAXIMUM + 1, np.int32)),
        "output of the scale network": put("primary.scale.layers.2.output_range", np.array([-(2**31), 5], np.int32)),
        "layers.0": drop("primary.scale.layers.0.weight"),
        "frequenc": put("primary.z_frequencies", np.full((9, 8, 64), 3, np.int32)),
        "unknown architecture": lambda d, _: replace(
            d, components=(replace(d.components[0], architecture="other"), *d.components[1:])
        ),
        "context": lambda d, _: first_component(d, context=...),
        "do not fit": lambda d, _: first_component(d, channels=wide["channels"]),
        "weights do not fit": put("primary.context.first.weight", np.zeros((3, 3, 1, 1), np.float32), "networks"),
        "lagrangian_millionths": lambda d, _: replace(d, config={}),
        "colour_transform_idc 2": lambda d, _: replace(d, config={**d.config, "colour_transform_idc": 2}),
    }
    for number, (expected, change) in enumerate(changes.items()):
        assert expected in refused(started, tmp_path / str(number), change)


def test_a_bound_that_does_not_hold_is_refused_by_name(started: Started, tmp_path: Path) -> None:
    def overflow(_: ModelDescription, tensors: Arrays) -> None:
        bias = tensors["integer"]["primary.scale.layers.1.bias"]
        bias[:] = np.iinfo(bias.dtype).max

    text = refused(started, tmp_path / "p", overflow)
    assert "primary.scale" in text and "layer 1" in text
