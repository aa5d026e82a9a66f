# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Float weights that a package holds as integers and units."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from refsw.decode.weights import INNER_LIMIT, INPUT, OUTPUT, float_tensors, inner
from refsw.errors import ModelError
from refsw.models import ModelPackage
from tests.support.tiny import Started, training_pictures

few = settings(max_examples=40, deadline=None)

Arrays = dict[str, dict[str, NDArray[Any]]]


def test_every_layer_is_there_once(started: Started) -> None:
    package = started.model.package
    stored, units = package.tensors["networks"], package.tensors["units"]
    for index, name in enumerate(("primary", "secondary")):
        wanted = started.network.component(index).state_dict()
        found = float_tensors(package, name)
        assert found.keys() == wanted.keys()
        for key, value in wanted.items():
            layer = key.rpartition(".")[0]
            assert (f"{name}.{key}" in stored) != (f"{name}.{layer}{INPUT}" in units), key
            if key.endswith("weight") and (weight := stored.get(f"{name}.{key}")) is not None:
                assert (weight.dtype == np.int8) == (f"{name}.{layer}{OUTPUT}" in units), key
            assert found[key].dtype == np.float32 and found[key].shape == tuple(value.shape), key


def test_weights_are_those_of_training_to_half_an_integer(started: Started) -> None:
    package = started.model.package
    fixed, units = package.tensors["fixed"], package.tensors["units"]
    for index, name in enumerate(("primary", "secondary")):
        found = float_tensors(package, name)
        for key in (k.removesuffix(INPUT) for k in package.section("units", f"{name}.") if k.endswith(INPUT)):
            given, made = (units[f"{name}.{key}{part}"].astype(np.float64) for part in (INPUT, OUTPUT))
            step = np.ldexp(made, -fixed[f"{name}.{key}.shift"])
            layer = started.network.component(index).get_submodule(key)
            error = np.abs(found[f"{key}.weight"] - layer.weight.numpy()) / (step[:, None] / given)[:, :, None, None]
            assert error.max() < 0.51, key
            np.testing.assert_allclose(found[f"{key}.bias"], layer.bias.numpy(), rtol=1e-6, atol=0.51 * step.max())


def test_inner_weights_of_the_encoder_are_those_of_training_to_half_a_step(started: Started) -> None:
    tensors, found = started.model.package.tensors, float_tensors(started.model.package, "primary")
    state = started.network.component(0).state_dict()
    inner = [k for k, array in tensors["networks"].items() if array.dtype == np.int8 and k.startswith("primary.")]
    assert {k.split(".")[1] for k in inner} == {"analysis", "hyper_analysis"} and len(inner) >= 4
    for key in inner:
        unit = tensors["units"][key.removesuffix(".weight") + OUTPUT]
        error = np.abs(found[key.removeprefix("primary.")] - state[key.removeprefix("primary.")].numpy())
        assert (error <= 0.501 * unit[:, None, None, None]).all(), key


@few
@given(hnp.arrays(np.float32, (3, 2, 1, 2), elements=st.floats(-1e4, 1e4, width=32)))
def test_the_greatest_weight_of_each_output_has_seven_bits(weight: NDArray[np.float32]) -> None:
    integers, unit = inner(weight)
    assert integers.dtype == np.int8 and unit.shape == (3,)
    greatest = np.abs(weight).max((1, 2, 3))
    assert np.array_equal(np.abs(integers.astype(int)).max((1, 2, 3)), np.where(unit > 0, INNER_LIMIT, 0))
    np.testing.assert_allclose(unit * INNER_LIMIT, greatest, rtol=1e-6, atol=1e-38)


@torch.no_grad()
def test_networks_see_no_difference(started: Started) -> None:
    """Far less than rounding weights to half precision would make."""
    rgb, quality = training_pictures(4, 128), torch.full((4,), 0.8)
    exact, loaded = started.network.component(0), started.model.network.component(0)
    stem = started.network.stem_features(rgb - 0.5)[0]
    y = exact.latent(stem, quality)
    z = exact.hyper_analysis(y).round()
    planes = []
    for net in (exact, loaded):
        features = net.features(z, quality, [], *y.shape[2:])
        planes.append(net.planes(y * exact.inverse_gain(quality).exp(), features, quality, "bop"))
    assert float((planes[0] - planes[1]).abs().max()) * 255 < 0.25


def changed(package: ModelPackage, change: Any) -> ModelPackage:
    tensors: Arrays = {file: dict(arrays) for file, arrays in package.tensors.items()}
    change(tensors)
    return ModelPackage(package.description, tensors, package.digest, package.folder)


def test_units_that_do_not_fit(started: Started) -> None:
    layer = "primary.context.first"
    zero = np.zeros_like(started.model.package.tensors["units"][layer + INPUT])
    changes = {
        "primary.*units do not fit": lambda t: t.pop("fixed"),
        "context.first.output_unit": lambda t: t["units"].pop(layer + OUTPUT),
        r"\(3,\)": lambda t: t["units"].update({layer + INPUT: np.ones(3, np.float32)}),
        "not a finite number": lambda t: t["units"].update({layer + INPUT: zero}),
    }
    for expected, change in changes.items():
        with pytest.raises(ModelError, match=expected):
            float_tensors(changed(started.model.package, change), "primary")


def test_inner_weights_without_units_that_fit(started: Started) -> None:
    layer = next(k for k, a in started.model.package.tensors["networks"].items() if a.dtype == np.int8)
    unit = layer.removesuffix(".weight") + OUTPUT
    for change in (
        lambda t: t["units"].pop(unit),
        lambda t: t["units"].update({unit: np.ones(1, np.float32)}),
        lambda t: t["units"].update({unit: np.ones(len(t["networks"][layer]), np.int32)}),
        lambda t: t["networks"].update({layer: np.ones(3, np.int8)}),
    ):
        with pytest.raises(ModelError, match=rf"{layer.removesuffix('.weight')}: units do not fit"):
            float_tensors(changed(started.model.package, change), layer.partition(".")[0])


def test_a_stored_weight_comes_first(started: Started) -> None:
    layer = "primary.context.first"
    shape = started.model.package.tensors["fixed"][f"{layer}.weight"].shape
    ones = np.ones(shape, np.float32)
    package = changed(started.model.package, lambda t: t["networks"].update({f"{layer}.weight": ones}))
    assert np.array_equal(float_tensors(package, "primary")["context.first.weight"], ones)
